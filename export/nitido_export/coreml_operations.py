"""Operations of ML Programs in torch, from their definitions: they check what a converter made.

None of this code is the converter's; https://apple.github.io/coremltools defines the operations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nitido_export.errors import ConversionFailed

Values = dict[str, Any]
"""Tensors and constants by the name of their variable."""

_HALF = ("fp16", "float16")


def _get(op: Any, values: Values, name: str) -> Any:
    """An input of an operation: a tensor where it is an array, else a plain value or None."""
    var = op.inputs.get(name)
    if var is None:
        return None
    if isinstance(var, list | tuple):
        return [_tensor(values.get(v.name, v.val)) for v in var]
    return _tensor(values.get(var.name, var.val))


def _tensor(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim:
        return torch.from_numpy(value.astype(np.float32))
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _rounded(op: Any, value: Tensor) -> list[Tensor]:
    kind = op.outputs[0].dtype.__name__
    return [value.half().float() if kind in _HALF else value]


def _plain(compute: Callable[..., Tensor], *names: str) -> Callable[[Any, Values], list[Tensor]]:
    return lambda op, values: _rounded(op, compute(*(_get(op, values, name) for name in names)))


def _conv(op: Any, values: Values) -> list[Tensor]:
    x, weight, bias = (_get(op, values, name) for name in ("x", "weight", "bias"))
    kind = _get(op, values, "pad_type")
    if kind == "custom":
        top, bottom, left, right = _get(op, values, "pad")
        x = F.pad(x, (left, right, top, bottom))
    elif kind != "valid":
        raise ConversionFailed(f"expected padding that the evaluator knows, got {kind}")
    strides, dilations = _get(op, values, "strides"), _get(op, values, "dilations")
    return _rounded(op, F.conv2d(x, weight, bias, strides, 0, dilations, _get(op, values, "groups") or 1))


def _max_pool(op: Any, values: Values) -> list[Tensor]:
    x, kind = _get(op, values, "x"), _get(op, values, "pad_type")
    if kind == "custom":
        top, bottom, left, right = _get(op, values, "pad")
        x = F.pad(x, (left, right, top, bottom), value=-torch.inf)
    if kind not in ("custom", "valid") or _get(op, values, "ceil_mode"):
        raise ConversionFailed(f"expected pooling that the evaluator knows, got {kind} or a ceiling")
    return [F.max_pool2d(x, _get(op, values, "kernel_sizes"), _get(op, values, "strides"))]


def _mean(op: Any, values: Values) -> list[Tensor]:
    axes, keep = _get(op, values, "axes"), _get(op, values, "keep_dims")
    return _rounded(op, _get(op, values, "x").mean(axes, keepdim=bool(keep)))


def _reshape(op: Any, values: Values) -> list[Tensor]:
    x = _get(op, values, "x")
    shape = [size if size else x.shape[at] for at, size in enumerate(_get(op, values, "shape"))]
    return [x.reshape(shape)]


def _expand(op: Any, values: Values) -> list[Tensor]:
    x = _get(op, values, "x")
    for axis in sorted(_get(op, values, "axes")):
        x = x.unsqueeze(axis)
    return [x]


def _squeeze(op: Any, values: Values) -> list[Tensor]:
    x = _get(op, values, "x")
    for axis in sorted((axis % x.ndim for axis in _get(op, values, "axes")), reverse=True):
        x = x.squeeze(axis)
    return [x]


def _dequantised(op: Any, values: Values) -> list[Tensor]:
    """Weights of 8 bits: (stored - zero point) * scale, along one axis."""
    given = {
        name: np.asarray(op.inputs[name].val) for name in ("quantized_data", "zero_point", "scale", "axis")
    }
    stored, axis = given["quantized_data"].astype(np.float32), int(given["axis"])
    shape = [-1 if at == axis else 1 for at in range(stored.ndim)]
    zero, scale = (given[name].astype(np.float32) for name in ("zero_point", "scale"))
    zero, scale = (part.reshape(shape) if part.ndim else part for part in (zero, scale))
    return _rounded(op, torch.from_numpy((stored - zero) * scale))


def _linear(op: Any, values: Values) -> list[Tensor]:
    x, weight, bias = (_get(op, values, name) for name in ("x", "weight", "bias"))
    return _rounded(op, F.linear(x, weight, bias))


def _transpose(op: Any, values: Values) -> list[Tensor]:
    return [_get(op, values, "x").permute(_get(op, values, "perm"))]


OPERATIONS: dict[str, Callable[[Any, Values], list[Tensor]]] = {
    "conv": _conv,
    "linear": _linear,
    "max_pool": _max_pool,
    "relu": _plain(F.relu, "x"),
    "relu6": _plain(F.relu6, "x"),
    "clip": _plain(torch.clip, "x", "alpha", "beta"),
    "sigmoid": _plain(torch.sigmoid, "x"),
    "tanh": _plain(torch.tanh, "x"),
    "add": _plain(torch.add, "x", "y"),
    "sub": _plain(torch.sub, "x", "y"),
    "mul": _plain(torch.mul, "x", "y"),
    "concat": _plain(lambda parts, axis: torch.cat(parts, axis), "values", "axis"),
    "softmax": _plain(torch.softmax, "x", "axis"),
    "reduce_mean": _mean,
    "pixel_shuffle": _plain(F.pixel_shuffle, "x", "upscale_factor"),
    "pixel_unshuffle": _plain(F.pixel_unshuffle, "x", "downscale_factor"),
    "upsample_nearest_neighbor": _plain(
        lambda x, h, w: F.interpolate(x, scale_factor=(h, w), mode="nearest"),
        "x",
        "scale_factor_height",
        "scale_factor_width",
    ),
    "cast": _plain(lambda x: x, "x"),
    "identity": _plain(lambda x: x, "x"),
    "reshape": _reshape,
    "expand_dims": _expand,
    "transpose": _transpose,
    "squeeze": _squeeze,
    "constexpr_affine_dequantize": _dequantised,
}
"""By the name that the file has for them."""
