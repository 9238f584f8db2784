"""8 bits for ONNX: pairs of quantise and dequantise (QDQ) around float operations, as runtimes fuse them.

Activations are uint8 with one scale a tensor, weights int8 with one for each output channel, biases int32;
images go in and come out as the uint8 grey levels that they are. Unsigned activations with signed weights
are what processors multiply fast.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from nitido.bundle.manifest import DType, Quantisation, TensorSpec
from nitido_export.calibration import UNIT, audible, observe, settled
from nitido_export.graphs import Graph, Range, Values
from nitido_export.onnx_qdq import WEIGHTED, Rewriter, layer_of, only_clip
from nitido_export.parity import to_tensor

_MOVES = frozenset(("DepthToSpace", "Reshape", "Flatten", "Transpose"))
"""Operations whose result holds the numbers that went in."""
OPSET_OF_16_BITS = 21
_GREY = Quantisation(1 / 255, 0)


def quantise(model: Any, graph: Graph, examples: Sequence[Values], bits: int = 8) -> Any:
    """A float32 model of ``graph`` with QDQ, its ranges seen on ``examples`` unless the graph knows them.

    ``bits`` is what activations are stored in: 8, or 16 for accelerators that have them.
    """
    seen = observe(_runs(model, graph, examples))
    images = {spec.name: UNIT for spec in (*graph.inputs, *graph.outputs) if graph.is_grey(spec)}
    known = {**audible(seen, _sums(model, seen)), **images, **_learned(model, graph)}
    moves = [(node.input[0], node.output[0]) for node in model.graph.node if node.op_type in _MOVES]
    same = [pair for pair in moves if pair[0] in seen and pair[1] in seen]
    if bits > 8:  # what QDQ of 16 bits belongs to; none of the operations here means anything else there
        model.opset_import[0].version = OPSET_OF_16_BITS
    return Rewriter(model, graph, settled(seen, known, same), bits).run()


def specs(graph: Graph, bits: int = 8) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """What a quantised build takes and gives: images as uint8 (from 16 bits uint16), the rest as before."""
    fine: DType = "uint8" if bits == 8 else "uint16"
    kinds: tuple[tuple[DType, Quantisation], ...] = (
        ("uint8", _GREY),
        (fine, Quantisation(1 / (2**bits - 1), 0)),
    )
    inputs, outputs = (
        tuple(replace(s, dtype=dtype, quantisation=q) if graph.is_grey(s) else s for s in tensors)
        for tensors, (dtype, q) in zip((graph.inputs, graph.outputs), kinds, strict=True)
    )
    return inputs, outputs


def _runs(
    model: Any, graph: Graph, examples: Sequence[Values]
) -> Iterator[Iterator[tuple[str, NDArray[Any]]]]:
    """Every float tensor of the model but its constants, for each example."""
    import onnxruntime  # type: ignore[import-untyped]

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    names = [name for node in model.graph.node for name in node.output]
    del watched.graph.output[:]
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    for values in examples:
        inputs = {spec.name: to_tensor(values[spec.name], spec) for spec in graph.inputs}
        results = dict(zip(names, session.run(names, inputs), strict=True)) | inputs
        yield ((name, value) for name, value in results.items() if value.dtype == np.float32)


def _sums(model: Any, seen: Mapping[str, Range]) -> Iterator[tuple[str, str]]:
    """The (summand, other summand) of sums that only a ReLU reads, where the sum alone reads the summand."""
    read = Counter(name for node in model.graph.node for name in node.input)
    read.update(tensor.name for tensor in model.graph.output)
    for node in model.graph.node:
        clip = only_clip(model, node.output[0]) if node.op_type == "Add" else None
        alone = clip is not None and clip.op_type == "Relu" and read[node.output[0]] == 1
        if alone and all(name in seen for name in node.input):
            one, other = node.input
            yield from (pair for pair in ((one, other), (other, one)) if read[pair[0]] == 1)


def _learned(model: Any, graph: Graph) -> dict[str, Range]:
    """The ranges that the graph knows by layer, by tensor: after the layer's ReLU, where it has one."""
    found = {}
    for node in model.graph.node:
        layer = layer_of(node) if node.op_type in WEIGHTED else ""
        if layer in graph.ranges:
            clip = only_clip(model, node.output[0])
            found[clip.output[0] if clip is not None else node.output[0]] = graph.ranges[layer]
    return found
