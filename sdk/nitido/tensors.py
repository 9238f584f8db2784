"""Pixels and vectors to a runtime's tensors and back: the only layout and quantisation code."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nitido.bundle.manifest import Quantisation, TensorSpec
from nitido.errors import InvalidOption
from nitido.photo.model import Deep, Pixels

_BAND = 1 << 15
"""Samples converted at once, so that the passes over them stay in the processor's cache."""


def check_pixels(pixels: NDArray[Any], *, deep: bool = False) -> None:
    """Raises InvalidOption unless this is a (H, W, 3) uint8 array with at least one pixel.

    ``deep`` allows 16 bits a sample too: uint16.
    """
    known = pixels.dtype == np.uint8 or (deep and pixels.dtype == np.uint16)
    if not known or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise InvalidOption(
            f"expected pixels as a (H, W, 3) {'uint8 or uint16' if deep else 'uint8'} array in RGB, "
            f"got shape {pixels.shape} of {pixels.dtype}; nitido.read_photo(path).pixels is one"
        )


def is_image(spec: TensorSpec) -> bool:
    """Whether a tensor carries ``Pixels``; all others carry plain numbers."""
    return spec.layout != "NC" and _channels(spec) == 3


def fixed_size(spec: TensorSpec) -> tuple[int, int] | None:
    """Height and width that an image tensor must have, or None when they are free."""
    height, width = spec.shape[2:] if spec.layout == "NCHW" else spec.shape[1:3]
    return None if height is None or width is None else (height, width)


def is_coarse(spec: TensorSpec) -> bool:
    """Whether an image tensor cannot tell more values apart than 8 bits a sample do."""
    return spec.quantisation is not None and spec.quantisation.scale > 1 / 511


def pixels_to_tensor(
    pixels: Pixels | Deep, spec: TensorSpec, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """An image tensor with batch 1; floats are pixels / 255, or / 65535 for uint16.

    ``out`` is a tensor from an earlier call, reused when its shape fits. The result may share the memory
    of ``pixels``: do not write to it.
    """
    planes: NDArray[Any] = pixels.transpose(2, 0, 1) if spec.layout == "NCHW" else pixels
    q, white = spec.quantisation, np.float32(np.iinfo(pixels.dtype).max)
    shift = q is not None and pixels.dtype == np.uint8 and _is_shift(q, spec.dtype)
    if q is not None and spec.dtype == "uint8" and shift and q.zero_point == 0:
        return np.ascontiguousarray(planes)[None]
    if out is None or out.shape[1:] != planes.shape:
        out = np.empty((1, *planes.shape), spec.dtype)
    if q is None:
        np.divide(planes, white, out=out[0], dtype=np.float32, casting="same_kind")
    elif shift:
        np.add(planes, q.zero_point, out=out[0], dtype=np.int16, casting="unsafe")
    else:
        out[0] = _quantise(planes.astype(np.float32) / white, spec.dtype, q)
    return out


def tensor_to_pixels(tensor: NDArray[Any], spec: TensorSpec, out: Pixels | None = None) -> Pixels:
    """Contiguous pixels from an image tensor with batch 1: times 255, rounded half up, clipped.

    ``out`` is the result of an earlier call, overwritten when its shape fits.
    """
    pixels: Pixels = _samples(tensor, spec, out, np.uint8)
    return pixels


def tensor_to_deep(tensor: NDArray[Any], spec: TensorSpec, out: Deep | None = None) -> Deep:
    """The same with 16 bits a sample: times 65535."""
    deep: Deep = _samples(tensor, spec, out, np.uint16)
    return deep


def _samples(
    tensor: NDArray[Any],
    spec: TensorSpec,
    out: NDArray[Any] | None,
    dtype: type[np.uint8] | type[np.uint16],
) -> NDArray[Any]:
    planes = tensor[0].transpose(1, 2, 0) if spec.layout == "NCHW" else tensor[0]
    if out is None or out.shape != planes.shape:
        out = np.empty(planes.shape, dtype)
    q = spec.quantisation
    shift = q is not None and dtype == np.uint8 and _is_shift(q, spec.dtype)
    if q is not None and shift and spec.dtype == "uint8":
        np.copyto(out, planes)
    elif q is not None and shift:
        exact = planes.astype(np.int16) - np.int16(q.zero_point)
        np.copyto(out, np.clip(exact, 0, 255, out=exact), casting="unsafe")
    elif spec.layout == "NCHW":  # plane by plane: reads and arithmetic run along memory
        for channel in range(planes.shape[2]):
            _round(planes[..., channel], q, out[..., channel])
    else:
        _round(planes.reshape(len(planes), -1), q, out.reshape(len(out), -1))
    return out


def vector_to_tensor(values: ArrayLike, spec: TensorSpec) -> NDArray[Any]:
    """A tensor of plain numbers with batch 1, from (N,) values for NC and (H, W, C) for images' layouts.

    Raises InvalidOption when the count differs from the specification.
    """
    real = np.asarray(values, np.float32)
    if spec.layout == "NCHW" and real.ndim == 3 and real.shape[2] == _channels(spec):
        real = real.transpose(2, 0, 1)
    free = spec.shape.count(None)
    count = int(np.prod([size for size in spec.shape if size is not None]))
    if (real.size != count) if free == 0 else (real.ndim != len(spec.shape) - 1 or real.size % count):
        raise InvalidOption(
            f"expected tensor '{spec.name}' of shape {spec.shape} to get {count} values, got an array of "
            f"shape {real.shape}; the bundle's manifest says what it takes"
        )
    shape = real.shape if free else tuple(size for size in spec.shape[1:] if size is not None)
    real = real.reshape(1, *shape)
    stored = real if spec.quantisation is None else _quantise(real, spec.dtype, spec.quantisation)
    return np.ascontiguousarray(stored, spec.dtype)


def tensor_to_vector(tensor: NDArray[Any], spec: TensorSpec) -> NDArray[np.float32]:
    """The plain numbers of a tensor with batch 1: (N,) for NC, (H, W, C) for images' layouts."""
    real = tensor[0].astype(np.float32)
    if spec.quantisation is not None:
        real = (real - np.float32(spec.quantisation.zero_point)) * np.float32(spec.quantisation.scale)
    return np.ascontiguousarray(real.transpose(1, 2, 0) if spec.layout == "NCHW" else real)


def storable(values: NDArray[np.float32], spec: TensorSpec) -> NDArray[np.float32]:
    """Plain numbers, those clipped that lie beyond what the tensor's steps reach."""
    q = spec.quantisation
    if q is None:
        return values
    limits = np.iinfo(spec.dtype)
    low, high = ((end - q.zero_point) * q.scale for end in (limits.min, limits.max))
    return np.clip(values, np.float32(low), np.float32(high))


def _channels(spec: TensorSpec) -> int | None:
    return spec.shape[3 if spec.layout == "NHWC" else 1]


def _is_shift(q: Quantisation, dtype: str) -> bool:
    """Whether the stored numbers are the grey levels plus the zero point, all of them."""
    limits = np.iinfo(dtype)
    return abs(q.scale * 255 - 1) < 1e-6 and limits.min <= q.zero_point <= limits.max - 255


def _quantise(real: NDArray[np.float32], dtype: str, q: Quantisation) -> NDArray[Any]:
    limits = np.iinfo(dtype)
    codes = np.floor(real / np.float32(q.scale) + np.float32(q.zero_point + 0.5))
    stored: NDArray[Any] = np.clip(codes, limits.min, limits.max).astype(dtype)
    return stored


def _round(plane: NDArray[Any], q: Quantisation | None, out: NDArray[Any]) -> None:
    """Real values of a 2-D array times white to whole samples, in bands of rows."""
    white = int(np.iinfo(out.dtype).max)
    factor = np.float32(white if q is None else white * q.scale)
    offset = np.float32(0.5 if q is None else 0.5 - white * q.scale * q.zero_point)
    rows = max(1, _BAND // max(1, plane.shape[1]))
    grey = np.empty((min(rows, len(plane)), plane.shape[1]), np.float32)
    levels = np.empty(grey.shape, out.dtype)
    for top in range(0, len(plane), rows):
        band = plane[top : top + rows]
        scaled, whole = grey[: len(band)], levels[: len(band)]
        np.multiply(band, factor, out=scaled, dtype=np.float32)
        np.add(scaled, offset, out=scaled)
        np.clip(scaled, 0, white, out=scaled)
        np.copyto(whole, scaled, casting="unsafe")  # drops the fraction: half was added before
        out[top : top + rows] = whole
