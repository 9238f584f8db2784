"""Edits of LiteRT files that the quantiser does not make: whole numbers from first to last operation.

Also grey levels at the ends of graphs that compute in floats.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from ai_edge_litert import schema_py_generated as schema  # type: ignore[import-untyped]

from nitido.bundle.manifest import DType, Quantisation, TensorSpec

OPERATIONS = schema.BuiltinOperator
_TYPES = schema.TensorType


def operators(model: Any, *kinds: int) -> list[Any]:
    """The operators of some kinds, in their order."""
    codes = [code.builtinCode for code in model.operatorCodes]
    return [op for op in model.subgraphs[0].operators if codes[op.opcodeIndex] in kinds]


def tensor_name(model: Any, index: int) -> str:
    """What a tensor is called in the file."""
    return str(model.subgraphs[0].tensors[index].name.decode())


def activations(model: Any) -> frozenset[str]:
    """The names of what goes in and of what operations make.

    The quantiser finds the ranges of weights by itself: it would take ours as one for all channels.
    """
    graph = model.subgraphs[0]
    made = [index for op in graph.operators for index in op.outputs]
    return frozenset(tensor_name(model, index) for index in (*graph.inputs, *made))


def moves(model: Any) -> Iterator[tuple[str, str]]:
    """The tensors before and behind each operation that only moves numbers and that the quantiser skips."""
    for op in operators(model, OPERATIONS.DEPTH_TO_SPACE):
        yield tensor_name(model, op.inputs[0]), tensor_name(model, op.outputs[0])


def sums(model: Any) -> Iterator[tuple[str, str]]:
    """The (summand, other summand) of sums with a ReLU, where the sum alone reads the summand."""
    made = activations(model)
    read = Counter(index for op in model.subgraphs[0].operators for index in op.inputs)
    for op in operators(model, OPERATIONS.ADD):
        one, other = op.inputs
        relu = op.builtinOptions.fusedActivationFunction == schema.ActivationFunctionType.RELU
        if relu and {tensor_name(model, one), tensor_name(model, other)} <= made:
            for mine, theirs in ((one, other), (other, one)):
                if read[mine] == 1:
                    yield tensor_name(model, mine), tensor_name(model, theirs)


def keep_whole(model: Any) -> None:
    """Let each depth-to-space move the whole numbers themselves: range and scale are the same behind it."""
    graph = model.subgraphs[0]
    sources = {op.outputs[0]: op for op in operators(model, OPERATIONS.DEQUANTIZE)}
    sinks = {op.inputs[0]: op for op in operators(model, OPERATIONS.QUANTIZE)}
    for op in operators(model, OPERATIONS.DEPTH_TO_SPACE):
        before, after = sources.get(op.inputs[0]), sinks.get(op.outputs[0])
        if before is None or after is None:
            continue
        op.inputs, op.outputs = [before.inputs[0]], [after.outputs[0]]
        graph.operators = [other for other in graph.operators if other not in (before, after)]


def any_scale(model: Any) -> None:
    """Let differences of 16-bit numbers take any scales.

    Where all scales happen to be powers of two, as images have them, LiteRT shifts instead, and refuses a
    result that is finer than what goes in.
    """
    for op in operators(model, OPERATIONS.SUB):
        op.builtinOptions.potScaleInt16 = False
        op.opcodeIndex = _code(model, OPERATIONS.SUB, version=5)  # 5: the option is heeded


Side = Literal["inputs", "outputs"]


def unsign(model: Any, side: Side, name: str) -> None:
    """Put uint8 before or behind an int8 image: the same grey levels, 128 higher."""
    inner = _entry(model, side, name).tensorIndex
    outside = copy.deepcopy(model.subgraphs[0].tensors[inner])
    outside.type = _TYPES.UINT8
    outside.quantization.zeroPoint = [int(outside.quantization.zeroPoint[0]) + 128]
    model.subgraphs[0].tensors[inner].name += b"_signed"
    # Version 2: from whole numbers to whole numbers.
    _surround(model, side, name, outside, _code(model, OPERATIONS.QUANTIZE, version=2))


def grey_levels(model: Any, side: Side, name: str) -> None:
    """Put the grey levels of a photo, as uint8, before or behind an image of floats."""
    inner = _entry(model, side, name).tensorIndex
    outside = copy.deepcopy(model.subgraphs[0].tensors[inner])
    outside.type = _TYPES.UINT8
    outside.quantization = schema.QuantizationParametersT()
    outside.quantization.scale, outside.quantization.zeroPoint = [1 / 255], [0]
    model.subgraphs[0].tensors[inner].name += b"_real"
    kind = OPERATIONS.DEQUANTIZE if side == "inputs" else OPERATIONS.QUANTIZE
    _surround(model, side, name, outside, _code(model, kind, version=1))


def _surround(model: Any, side: Side, name: str, outside: Any, code: int) -> None:
    """Let ``outside`` be the input or output of this name, with one operation between it and what was."""
    graph, entry = model.subgraphs[0], _entry(model, side, name)
    inner, outer = entry.tensorIndex, len(graph.tensors)
    graph.tensors.append(outside)
    convert = schema.OperatorT()
    convert.opcodeIndex = code
    into = side == "inputs"
    convert.inputs, convert.outputs = ([outer], [inner]) if into else ([inner], [outer])
    graph.operators.insert(0 if into else len(graph.operators), convert)
    ends = list(getattr(graph, side))
    ends[ends.index(inner)] = outer
    setattr(graph, side, ends)
    entry.tensorIndex = outer


def _code(model: Any, kind: int, version: int) -> int:
    for index, code in enumerate(model.operatorCodes):
        if code.builtinCode == kind:
            code.version = max(code.version, version)
            return index
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = kind
    code.version = version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _entry(model: Any, side: str, name: str) -> Any:
    """What the signature says of an input or output."""
    return next(e for e in getattr(model.signatureDefs[0], side) if e.name.decode() == name)


def stored_spec(model: Any, side: str, spec: TensorSpec) -> TensorSpec:
    """An input or output with the type and quantisation that the file has for it."""
    tensor = model.subgraphs[0].tensors[_entry(model, side, spec.name).tensorIndex]
    kinds: dict[int, DType] = {
        _TYPES.UINT8: "uint8",
        _TYPES.INT8: "int8",
        _TYPES.INT16: "int16",
        _TYPES.FLOAT32: "float32",
    }
    dtype = kinds[tensor.type]
    if dtype == "float32":
        return spec
    q = tensor.quantization
    return replace(spec, dtype=dtype, quantisation=Quantisation(float(q.scale[0]), int(q.zeroPoint[0])))
