"""Puts the pairs of quantise and dequantise into an ONNX model, and its weights into whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from nitido.bundle.manifest import Quantisation
from nitido_export.calibration import unsigned
from nitido_export.graphs import Graph, Range

_CLIPS = frozenset(("Relu", "Clip"))
"""Operations that become the lower or upper end of a range."""
WEIGHTED = {"Conv": 0, "Gemm": 0, "MatMul": 1}
"""Operations with weights, and the dimension of the weights that is the output's channels."""
_MAP_RANK = 4


def layer_of(node: Any) -> str:
    """The name of the layer that an operation with weights is."""
    return str(node.input[1].removesuffix(".weight"))


def only_clip(model: Any, name: str) -> Any:
    """The clipping operation that alone reads a tensor, or None."""
    users = [node for node in model.graph.node if name in node.input]
    return users[0] if len(users) == 1 and users[0].op_type in _CLIPS else None


class Rewriter:
    """Rewrites one model of a graph in place, given the range of each tensor."""

    def __init__(self, model: Any, graph: Graph, ranges: Mapping[str, Range], bits: int = 8) -> None:
        """``bits`` is what activations inside are stored in; images come in as uint8 grey levels."""
        self.model, self.ranges, self.bits = model, ranges, bits
        self.stored: Any = np.dtype(f"uint{bits}")
        self.images = {spec.name for spec in (*graph.inputs, *graph.outputs) if graph.is_grey(spec)}
        self.outputs = {spec.name for spec in graph.outputs}
        self.rounded, self.exact = graph.rounded, graph.exact
        self.floats = {tensor.name for tensor in model.graph.input} - self.images
        self.late = _late(model, self.outputs - self.images - graph.rounded)
        """Nodes that stay in floats: results of layers on their way to floats that leave the graph."""
        self.constants = {c.name: numpy_helper.to_array(c) for c in model.graph.initializer}
        self.nodes: list[Any] = []
        self.made: dict[str, Any] = {}
        self.real: dict[str, str] = {}
        """Tensors and constants by the name under which operations read them dequantised."""

    def run(self) -> Any:
        """The model, rewritten."""
        for tensor in self.model.graph.input:
            self._quantise(tensor.name, tensor.name in self.images)
        for node in self.model.graph.node:
            self._rewrite(node)
        graph = self.model.graph
        used = {name for node in self.nodes for name in node.input} | self.outputs
        self.nodes = [node for node in self.nodes if node.output[0] in used]  # who reads all in floats
        used = {name for node in self.nodes for name in node.input}
        for constant in list(graph.initializer):
            if constant.name not in used:
                graph.initializer.remove(constant)
        graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in self.made.items())
        del graph.node[:]
        graph.node.extend(self.nodes)
        of_outputs = onnx.TensorProto.UINT8 if self.bits == 8 else onnx.TensorProto.UINT16
        for tensors, kind in ((graph.input, onnx.TensorProto.UINT8), (graph.output, of_outputs)):
            for tensor in tensors:
                if tensor.name in self.images:
                    tensor.type.tensor_type.elem_type = kind
        return self.model

    def _rewrite(self, node: Any) -> None:
        if node.output[0] in self.late:
            raw = self.floats | self.late
            made = onnx.NodeProto()
            made.CopyFrom(node)  # what came as floats is read as it came, a memory for one
            made.input[:] = [name if name in raw else self.real.get(name, name) for name in node.input]
            self.nodes.append(made)
            if any(self._weighted(user) for user in self.model.graph.node if node.output[0] in user.input):
                self._quantise(node.output[0], False)
            return
        if node.op_type in WEIGHTED and layer_of(node) in self.exact:
            self._leave(node)
            return
        weighted = self._weighted(node)
        names = [self.real.get(name, name) for name in node.input]
        for place, name in enumerate(node.input):
            value = self.constants.get(name)
            if value is None or value.dtype != np.float32:
                continue
            if weighted and place == 1:
                names[1] = self._weight(name, value, node)
            elif weighted and place == 2:
                names[2] = self._bias(name, value, node)
            elif node.op_type not in _CLIPS:
                names[place] = self._constant(name, value)
        made = onnx.NodeProto()
        made.CopyFrom(node)
        made.input[:] = names
        self.nodes.append(made)
        (result,) = node.output
        if result in self.rounded:
            made.output[0] = f"{result}_real"
            self._quantise(result, False)
            return
        if result in self.outputs and result not in self.images:
            return  # plain numbers leave as floats
        if result in self.ranges and only_clip(self.model, result) is None:
            if result in self.images:
                made.output[0] = f"{result}_real"
            self._quantise(result, False)

    def _weighted(self, node: Any) -> bool:
        return node.op_type in WEIGHTED and node.input[1] in self.constants

    def _leave(self, node: Any) -> None:
        """A layer in floats that reads grey levels: what makes numbers in [0, 1] of them is in its weights.

        ONNX Runtime would round the weights of a layer behind a dequantisation.
        """
        levels, weight = (f"{name}_levels" for name in node.input[:2])
        self.made[weight] = self.constants[node.input[1]] * np.float32(1 / 255)
        self._node("Cast", [node.input[0]], levels, to=onnx.TensorProto.FLOAT)
        made = onnx.NodeProto()
        made.CopyFrom(node)
        made.input[:] = [levels, weight, *node.input[2:]]
        self.nodes.append(made)
        self._quantise(node.output[0], False)

    def _quantise(self, name: str, stored: bool) -> None:
        """Put a pair after a tensor; of one that is ``stored`` as uint8 only its second half.

        An output that is rounded keeps its name behind the pair.
        """
        if stored and self.bits > 8 and name in self.images:
            self._widen(name)
            return
        image_out = name in self.images and not stored
        rounded = name in self.rounded
        quantised = name if name in self.images else f"{name}_stored"
        scale, zero = self._parameters(name, unsigned(self.ranges[name], self.bits))
        if not stored:
            source = f"{name}_real" if image_out or rounded else name
            self._node("QuantizeLinear", [source, scale, zero], quantised)
        if image_out:
            return
        self.real[name] = name if rounded else f"{name}_read"
        self._node("DequantizeLinear", [quantised, scale, zero], self.real[name])

    def _widen(self, name: str) -> None:
        """From the grey levels of an image that comes in to the finer numbers inside.

        Images go out as those finer numbers: Qualcomm's compiler moves its change of layout between the two
        halves of a conversion at the end, and then refuses it.
        """
        outer = self._parameters(f"{name}_grey", unsigned(self.ranges[name]), np.dtype(np.uint8))
        inner = self._parameters(name, unsigned(self.ranges[name], self.bits))
        self._node("DequantizeLinear", [name, *outer], f"{name}_real")
        self._node("QuantizeLinear", [f"{name}_real", *inner], f"{name}_stored")
        self._node("DequantizeLinear", [f"{name}_stored", *inner], f"{name}_read")
        self.real[name] = f"{name}_read"

    def _parameters(self, name: str, q: Quantisation, dtype: Any = None) -> tuple[str, str]:
        self.made[f"{name}_scale"] = np.array(q.scale, np.float32)
        self.made[f"{name}_zero"] = np.array(q.zero_point, dtype or self.stored)
        return f"{name}_scale", f"{name}_zero"

    def _weight(self, name: str, value: NDArray[np.float32], node: Any) -> str:
        """int8, symmetric, each output channel with its own scale: such that its bias fits into int32."""
        if name not in self.real:
            axis = WEIGHTED[node.op_type]
            others = tuple(i for i in range(value.ndim) if i != axis)
            scale = np.maximum(np.abs(value).max(others) / np.float32(127), np.float32(1e-12))
            if len(node.input) > 2:
                unit = np.float32(unsigned(self.ranges[node.input[0]], self.bits).scale * 2**30)
                scale = np.maximum(scale, np.abs(self.constants[node.input[2]]) / unit)
            shape = [-1 if i == axis else 1 for i in range(value.ndim)]
            stored = np.clip(np.rint(value / scale.reshape(shape)), -127, 127).astype(np.int8)
            self.made[f"{name}_scale"], self.made[f"{name}_zero"] = scale, np.zeros(len(scale), np.int8)
            self._dequantised(name, stored, axis)
        return self.real[name]

    def _bias(self, name: str, value: NDArray[np.float32], node: Any) -> str:
        """int32 in the units of what the weights are multiplied with."""
        unit = unsigned(self.ranges[node.input[0]], self.bits).scale * self.made[f"{node.input[1]}_scale"]
        self.made[f"{name}_scale"] = unit.astype(np.float32)
        self.made[f"{name}_zero"] = np.zeros(len(value), np.int32)
        self._dequantised(name, np.rint(value / unit).astype(np.int32), 0)
        return self.real[name]

    def _constant(self, name: str, value: NDArray[np.float32]) -> str:
        """Stored like an activation."""
        if name not in self.real:
            q = unsigned((float(value.min()), float(value.max())), self.bits)
            self._parameters(name, q)
            stored = np.clip(np.rint(value / np.float32(q.scale)) + q.zero_point, 0, 2**self.bits - 1)
            self._dequantised(name, stored.astype(self.stored))
        return self.real[name]

    def _dequantised(self, name: str, stored: NDArray[Any], axis: int | None = None) -> None:
        self.made[f"{name}_stored"] = stored
        self.real[name] = f"{name}_read"
        attributes = {} if axis is None else {"axis": axis}
        self._node(
            "DequantizeLinear",
            [f"{name}_stored", f"{name}_scale", f"{name}_zero"],
            self.real[name],
            **attributes,
        )

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.nodes.append(onnx.helper.make_node(kind, inputs, [output], **attributes))


def _late(model: Any, outputs: set[str]) -> set[str]:
    """Results of operations without weights that end in ``outputs`` before any layer reads them.

    Single numbers and lists of them, such as scores, are left out: Qualcomm's compiler takes all or nothing.
    """
    maps = {
        tensor.name
        for tensor in model.graph.output
        if tensor.name in outputs and len(tensor.type.tensor_type.shape.dim) == _MAP_RANK
    }
    found: set[str] = set()
    for node in reversed(model.graph.node):
        (result,) = node.output
        users = [user for user in model.graph.node if result in user.input]
        ends = result in maps or (bool(users) and all(user.output[0] in found for user in users))
        if node.op_type not in WEIGHTED and ends:
            found.add(result)
    return found
