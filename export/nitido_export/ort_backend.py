"""ONNX graphs in ONNX Runtime's mobile format: optimised ahead, so that apps need no optimiser."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nitido_export import onnx_backend
from nitido_export.artifact import Artifact
from nitido_export.graphs import Graph, Values
from nitido_export.targets import DType

SUFFIX = ".ort"


def convert(graph: Graph, dtype: DType = "fp32", examples: Sequence[Values] = ()) -> Artifact:
    """The ONNX build of a graph, as ``.ort``, with fusions that every processor profits from alone.

    Its bytes differ from run to run: ONNX Runtime writes the file's tables in no fixed order.
    """
    artifact = onnx_backend.convert(graph, dtype, examples)
    import onnxruntime  # type: ignore[import-untyped]

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "graph.ort"
        options = onnxruntime.SessionOptions()
        options.optimized_model_filepath = str(file)
        # Fusions above the basic ones name kernels of the processor that the export runs on.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.add_session_config_entry("session.save_model_format", "ORT")
        onnxruntime.InferenceSession(artifact.content, options, providers=["CPUExecutionProvider"])
        return replace(artifact, content=file.read_bytes(), suffix=SUFFIX)
