"""Networks to context binaries for Qualcomm's Hexagon NPU, each inside an ONNX file of one node."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from nitido.runtime.ways import COMPILED
from nitido_export import qnn_words
from nitido_export.artifact import Artifact
from nitido_export.errors import ConversionFailed, TargetUnavailable
from nitido_export.graphs import Graph

COMPILER = Path(__file__).with_name("qnn_compile.py")
MINUTES = 20


def convert(graph: Graph, artifact: Artifact, hexagon: int) -> Artifact:
    """Compile the ONNX build of a graph, at the size of its tiles, for one generation of the NPU."""
    if importlib.util.find_spec("onnxruntime_qnn") is None:
        raise TargetUnavailable("the qnn targets need the package onnxruntime_qnn: pip install 'nitido[qnn]'")
    fixed = fix_sizes(artifact, graph)
    with tempfile.TemporaryDirectory() as folder:
        model, context = Path(folder) / "model.onnx", Path(folder) / "context.onnx"
        model.write_bytes(fixed.content)
        command = [sys.executable, str(COMPILER), str(model), str(context), str(hexagon)]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, timeout=60 * MINUTES, check=False)
        except subprocess.TimeoutExpired as error:
            raise ConversionFailed(
                f"Qualcomm's compiler took more than {MINUTES} minutes for the graph {graph.name}; leave the "
                f"qnn targets out, or choose a smaller --size"
            ) from error
        if ran.returncode != 0 or not context.is_file():
            raise ConversionFailed(
                f"Qualcomm's compiler did not take the whole graph {graph.name} for Hexagon v{hexagon}: "
                f"{qnn_words.refusal(ran.stderr)}; leave the qnn targets out, or see nitido-export explain"
            )
        content = _without_paths(context.read_bytes())
    return replace(fixed, content=content, suffix=f"-v{hexagon}{COMPILED}")


def fix_sizes(artifact: Artifact, graph: Graph) -> Artifact:
    """An ONNX artifact of a graph with free sides, at the size of the graph's tiles: NPUs take no other."""
    import onnx
    from onnx import shape_inference

    model = onnx.load_from_string(artifact.content)
    inputs = tuple(map(graph.fixed, artifact.inputs))
    sizes = {spec.name: spec.shape for spec in inputs}
    for tensor in model.graph.input:
        _set(tensor, sizes[tensor.name])
    for tensor in model.graph.output:
        for axis in tensor.type.tensor_type.shape.dim:
            axis.ClearField("dim_param")
    model = shape_inference.infer_shapes(model, data_prop=True)
    found = {
        tensor.name: tuple(axis.dim_value for axis in tensor.type.tensor_type.shape.dim)
        for tensor in model.graph.output
    }
    del model.graph.value_info[:]
    outputs = tuple(replace(spec, shape=found[spec.name]) for spec in artifact.outputs)
    return replace(
        artifact, content=model.SerializeToString(deterministic=True), inputs=inputs, outputs=outputs
    )


def _set(tensor: Any, shape: tuple[int | None, ...]) -> None:
    for axis, size in zip(tensor.type.tensor_type.shape.dim, shape, strict=True):
        axis.ClearField("dim_param")
        axis.dim_value = size


def _without_paths(content: bytes) -> bytes:
    """Names of the machine's folders and of the ONNX Runtime that wrote it leave; the binary stays."""
    import onnx

    model = onnx.load_from_string(content)
    model.producer_name, model.producer_version = "nitido_export", ""
    model.doc_string = model.graph.doc_string = ""
    for node in model.graph.node:
        node.doc_string = ""
    return bytes(model.SerializeToString(deterministic=True))
