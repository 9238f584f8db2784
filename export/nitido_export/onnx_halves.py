"""Stores ONNX weights that are half floats anyway as such: half the size, and nothing is lost."""

from __future__ import annotations

from typing import Any

import numpy as np

_WORTH = 2048
"""Weights from which a tensor is worth a node."""


def store_halves(model: Any) -> None:
    """Store float32 weights whose values all are half floats as half floats, each widened by a ``Cast``.

    Runtimes do that once, when they load the model, and compute in float32 as before. ``model`` is an ONNX
    ``ModelProto`` and is changed.
    """
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weights in model.graph.initializer:
        if weights.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(weights)
        with np.errstate(over="ignore"):
            halves = values.astype(np.float16)
        if values.size < _WORTH or not np.array_equal(halves.astype(np.float32), values):
            continue
        name = weights.name
        weights.CopyFrom(numpy_helper.from_array(halves, f"{name}/half"))
        casts.append(helper.make_node("Cast", [weights.name], [name], f"{name}/widen", to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
