"""How much a network computes, counted from its ONNX build."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path

import nitido
from nitido_bench.errors import PackageMissing
from nitido_bench.timing.cases import Size, inputs


def flops(bundle: nitido.Bundle, graph: str, size: Size) -> int | None:
    """Floating-point operations of one run of a graph at a size; None where the bundle has no ONNX build.

    All builds of a graph hold the same network, so this is also what the others compute.
    """
    build = next((build for build in bundle.builds(graph) if build.runtime == "onnx"), None)
    if build is None:
        return None
    shapes = {name: tensor.shape for name, tensor in inputs(bundle, build, size).items()}
    return 2 * macs(bundle.path(build), shapes)


def macs(file: Path, inputs: Mapping[str, tuple[int, ...]]) -> int:
    """Multiply-accumulates of the convolutions and matrix products of an ONNX file, given its inputs' shapes.

    Everything else (activations, additions, moving data) counts as nothing, as in papers.
    """
    try:
        import onnx
    except ImportError as error:
        raise PackageMissing(
            "expected the package onnx, to count operations; pip install 'nitido[bench]'"
        ) from error
    model = onnx.load(file)
    for tensor in model.graph.input:
        for dimension, length in zip(tensor.type.tensor_type.shape.dim, inputs[tensor.name], strict=True):
            dimension.dim_value = length
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    sides = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for tensor in (*graph.input, *graph.value_info, *graph.output):
        sides[tensor.name] = tuple(d.dim_value for d in tensor.type.tensor_type.shape.dim)
    total = 0
    for node in graph.node:
        if node.op_type in ("Conv", "ConvTranspose"):
            weights = sides[node.input[1]]
            places = sides[node.output[0] if node.op_type == "Conv" else node.input[0]]
            total += prod(places) // places[1] * prod(weights)
        elif node.op_type in ("Gemm", "MatMul"):
            flipped = any(a.name == "transA" and a.i for a in node.attribute)
            total += prod(sides[node.output[0]]) * sides[node.input[0]][0 if flipped else -1]
    return total
