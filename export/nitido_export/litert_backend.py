"""Networks to LiteRT (TFLite): NHWC in and out, static shapes, depth-to-space as one operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from nitido.bundle.manifest import TensorSpec
from nitido_export.artifact import Artifact
from nitido_export.errors import ConversionFailed, TargetUnavailable
from nitido_export.graphs import Graph, Values
from nitido_export.program import convolutions, trace
from nitido_export.quiet import quiet
from nitido_export.targets import DType

SUFFIX = ".tflite"


def convert(
    graph: Graph, dtype: DType = "fp32", examples: Sequence[Values] = (), *, greys: bool = False
) -> Artifact:
    """Convert one graph for images of ``graph.side`` pixels a side, where its sides are free.

    8 and 16 bits need ``examples`` of its inputs; floats take images as uint8 with ``greys``.
    """
    _check_packages()
    artifact, layers = _floats(graph)
    with quiet():
        from nitido_export.litert_quantise import half_weights, quantise, with_grey_levels

        if dtype in ("w8a8", "w8a16"):
            try:
                return quantise(artifact, dtype, examples, [graph.ranges.get(layer) for layer in layers])
            except (KeyError, RuntimeError, ValueError) as error:  # what the quantiser's passes raise
                raise ConversionFailed(
                    f"ai-edge-quantizer could not make {dtype} of the graph {graph.name}: {error}; leave "
                    f"the quantised litert targets out"
                ) from error
        if dtype == "fp16":
            artifact = half_weights(artifact)
        return with_grey_levels(artifact) if greys else artifact


def _check_packages() -> None:
    """Name what is missing at once, whatever the type. Raises TargetUnavailable."""
    try:
        with quiet():
            import litert_torch  # type: ignore[import-untyped]  # noqa: F401

            import nitido_export.litert_quantise
            import nitido_export.litert_rewrites  # noqa: F401
    except ImportError as error:
        raise TargetUnavailable(
            f"the litert targets need the package {error.name}: pip install 'nitido[export]'"
        ) from error


@lru_cache(maxsize=3)  # types of a graph are made from the same: as it is, and rounded to 16 and 8 bits
def _floats(graph: Graph) -> tuple[Artifact, list[str]]:
    """The float32 build, and the layers that are its convolutions, in their order."""
    import litert_torch

    from nitido_export.litert_rewrites import rewrite

    litert_torch.config.show_progress = False
    with quiet(), torch.no_grad():
        zeros = graph.zeros()
        tensors = {spec.name: _to_nhwc(spec, value) for spec, value in zip(graph.inputs, zeros, strict=True)}
        try:
            program = trace(graph)
            rewrite(program)
            layers = convolutions(program)
            wrapped = _ChannelsLast(program, graph)
            outputs = wrapped(**tensors)
            model = litert_torch.convert(wrapped, sample_kwargs=tensors)
            content = model.model_content()
        except Exception as error:  # the converter raises whatever its passes raise
            raise ConversionFailed(
                f"litert-torch could not convert the graph {graph.name}: {error}"
            ) from error
    artifact = Artifact(
        content,
        SUFFIX,
        tuple(_static(spec, tensors[spec.name]) for spec in graph.inputs),
        tuple(_static(spec, outputs[spec.name]) for spec in graph.outputs),
    )
    return artifact, layers


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
