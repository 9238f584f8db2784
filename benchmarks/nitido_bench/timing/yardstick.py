"""How fast this machine is: a matrix product and a convolution, which are measured with everything else.

Their best is the machine's peak, and times are compared between runs as multiples of the convolution's: the
same code stays at the same multiple on a busy day.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nitido_bench.errors import PackageMissing
from nitido_bench.timing.stopwatch import Step

MATMUL, CONVOLUTION = "matrix product", "convolution"
_SIDE = 1024
_CHANNELS, _IMAGE = 64, 128
FLOPS = {MATMUL: 2 * _SIDE**3, CONVOLUTION: 2 * _CHANNELS**2 * 9 * _IMAGE**2}
"""Floating-point operations of one run: a multiplication and an addition count as two."""


def steps(threads: int) -> dict[str, Step]:
    """Both, by ONNX Runtime with so many threads. Raises PackageMissing."""
    rng = np.random.default_rng(0)
    square = rng.standard_normal((_SIDE, _SIDE), np.float32)
    kernels = rng.standard_normal((_CHANNELS, _CHANNELS, 3, 3), np.float32)
    image = rng.standard_normal((1, _CHANNELS, _IMAGE, _IMAGE), np.float32)
    return {
        MATMUL: _step(_model("MatMul", square, square.shape), square, threads),
        CONVOLUTION: _step(_model("Conv", kernels, image.shape, pads=[1, 1, 1, 1]), image, threads),
    }


def _model(operation: str, weights: Any, shape: tuple[int, ...], **attributes: Any) -> bytes:
    """One operation on an input and constant weights."""
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ImportError as error:
        raise PackageMissing(
            "expected the package onnx, to measure the machine's peak; pip install 'nitido[bench]'"
        ) from error
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y")]
    node = helper.make_node(operation, ["x", "w"], ["y"], **attributes)
    graph = helper.make_graph([node], operation, ends[:1], ends[1:], [numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def _step(model: bytes, tensor: Any, threads: int) -> Step:
    import onnxruntime  # type: ignore[import-untyped]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": tensor})
