"""Networks to LiteRT (TFLite): NHWC in and out, static shapes, depth-to-space as one operation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from nitido.bundle.manifest import TensorSpec
from nitido_export.artifact import Artifact
from nitido_export.errors import ConversionFailed, TargetUnavailable
from nitido_export.graphs import Graph
from nitido_export.program import trace
from nitido_export.quiet import quiet

SUFFIX = ".tflite"


def convert(graph: Graph) -> Artifact:
    """Convert one graph for images of ``graph.side`` pixels a side, where its sides are free."""
    try:
        with quiet():
            import litert_torch  # type: ignore[import-untyped]

            from nitido_export.litert_rewrites import rewrite
    except ImportError as error:
        raise TargetUnavailable(
            f"the litert targets need the package {error.name}: pip install 'nitido[export]'"
        ) from error
    litert_torch.config.show_progress = False
    with quiet(), torch.no_grad():
        zeros = graph.zeros()
        examples = {spec.name: _to_nhwc(spec, value) for spec, value in zip(graph.inputs, zeros, strict=True)}
        try:
            program = trace(graph)
            rewrite(program)
            wrapped = _ChannelsLast(program, graph)
            outputs = wrapped(**examples)
            model = litert_torch.convert(wrapped, sample_kwargs=examples)
            content = model.model_content()
        except Exception as error:  # the converter raises whatever its passes raise
            raise ConversionFailed(
                f"litert-torch could not convert the graph {graph.name}: {error}"
            ) from error
    return Artifact(
        content,
        SUFFIX,
        tuple(_static(spec, examples[spec.name]) for spec in graph.inputs),
        tuple(_static(spec, outputs[spec.name]) for spec in graph.outputs),
    )


class _ChannelsLast(nn.Module):
    """Takes and returns tensors by name, images as NHWC."""

    def __init__(self, net: nn.Module, graph: Graph) -> None:
        super().__init__()
        self.net = net
        self.graph = graph
        self.training = False  # an exported program refuses eval(); it was exported in that mode

    def forward(self, **tensors: Tensor) -> dict[str, Tensor]:
        """Run ``net``."""
        results = self.net(*(_to_nchw(spec, tensors[spec.name]) for spec in self.graph.inputs))
        if isinstance(results, Tensor):
            results = (results,)
        return {
            spec.name: _to_nhwc(spec, value) for spec, value in zip(self.graph.outputs, results, strict=True)
        }


def _to_nhwc(spec: TensorSpec, value: Tensor) -> Tensor:
    return value.permute(0, 2, 3, 1) if spec.layout == "NCHW" else value


def _to_nchw(spec: TensorSpec, value: Tensor) -> Tensor:
    return value.permute(0, 3, 1, 2) if spec.layout == "NCHW" else value


def _static(spec: TensorSpec, value: Any) -> TensorSpec:
    return replace(spec, shape=tuple(value.shape), layout="NHWC" if spec.layout == "NCHW" else spec.layout)
