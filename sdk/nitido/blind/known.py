"""Kernels that somebody knows: checked, normalised and centred; and shrinking a photo by a kernel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido.blind.shape import SIDE, Kernel, KernelShape, centre, cubic, largest
from nitido.errors import InvalidOption
from nitido.photo.model import Pixels
from nitido.tensors import check_pixels

_LOST = 0.02
"""Share of a kernel's weight that may lie beyond SIDE."""


def known(kernel: NDArray[Any], scale: int, shape: tuple[int, ...]) -> Kernel:
    """A kernel of odd sides, in pixels of the large photo, normalised, centred, and cut or padded to SIDE.

    ``shape`` is that of the small photo. Where a kernel has its centre of mass does not matter: photos are
    enlarged in place. Raises InvalidOption.
    """
    values = np.asarray(kernel, np.float64)
    sides = values.shape
    if values.ndim != 2 or any(side % 2 == 0 for side in sides):
        raise InvalidOption(
            f"expected a kernel with two odd sides, such as 21 x 21, got shape {sides}; pad it by a row and "
            f"a column of zeros"
        )
    if not np.isfinite(values).all() or values.sum() <= 0.1 * np.abs(values).sum():
        raise InvalidOption(
            f"expected the weights of a kernel to have a positive sum, got {values.sum():g}; "
            f"save the kernel itself, not its logarithm or derivative"
        )
    if any(side > scale * length for side, length in zip(sides, shape[:2], strict=True)):
        raise InvalidOption(
            f"expected a kernel no larger than the photo it made, {scale * shape[1]} x {scale * shape[0]}, "
            f"got {sides[1]} x {sides[0]}; was it saved for another photo?"
        )
    centred = _centred(values / values.sum(), scale)
    long = moments(centred, scale)[0]
    kept = np.abs(centred).sum() / np.abs(values / values.sum()).sum()
    if kept < 1 - _LOST or long > 1.3 * largest(scale):
        raise InvalidOption(
            f"expected a kernel for scale {scale}, at most {largest(scale):g} pixels in deviation and {SIDE} "
            f"in reach, got {long:.2f} pixels and a side of {max(sides)}; was it made for a larger scale?"
        )
    return np.asarray(centred / centred.sum(), np.float32)


def like(kernel: Kernel, scale: int) -> KernelShape:
    """The Gaussian with the extents of a kernel."""
    return KernelShape("gaussian", *moments(kernel, scale)).widened(0.0, scale)


def moments(kernel: NDArray[Any], scale: int) -> tuple[float, float, float]:
    """Deviations of a centred kernel's positive part along its long and short axis, and its angle."""
    weights = np.maximum(kernel, 0)
    offset = np.arange(len(kernel)) - len(kernel) // 2 - centre(scale)
    y, x = offset[:, None], offset[None, :]
    xx, xy, yy = (float((weights * moment).sum() / weights.sum()) for moment in (x * x, x * y, y * y))
    middle, apart = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
    angle = math.atan2(2 * xy, xx - yy) / 2 % math.pi
    return max(middle + apart, 0.0) ** 0.5, max(middle - apart, 0.0) ** 0.5, angle


def _centred(kernel: NDArray[np.float64], scale: int) -> NDArray[np.float64]:
    """Moved, by cubic interpolation, so that its centre of mass is where the scale wants it; SIDE pixels."""
    matrices = []
    for axis in (0, 1):
        places = np.arange(kernel.shape[axis]) - kernel.shape[axis] // 2
        mass = float(places @ kernel.sum(axis=1 - axis))
        move = centre(scale) - mass
        if abs(move - round(move)) < 1e-3:
            move = round(move)  # no interpolation where none is needed
        target = np.arange(SIDE) - SIDE // 2
        matrices.append(cubic(target[:, None] - places[None, :] - move))
    moved: NDArray[np.float64] = matrices[0] @ kernel @ matrices[1].T
    return moved


def shrink(pixels: Pixels, kernel: Kernel, scale: int) -> Pixels:
    """What the kernel makes of a large photo, whose borders mirror: the convention of ``shape``, in code.

    Sides that are no multiples of ``scale`` lose the rest.
    """
    check_pixels(pixels)
    rows, columns = pixels.shape[0] // scale, pixels.shape[1] // scale
    reach = SIDE // 2
    padded = np.pad(pixels, ((reach, reach + scale), (reach, reach + scale), (0, 0)), mode="symmetric")
    padded = padded.astype(np.float32)
    total = np.zeros((rows, columns, 3), np.float32)
    phase = scale // 2
    for u, v in zip(*np.nonzero(np.abs(kernel) > 1e-7), strict=True):
        part = padded[u + phase :: scale, v + phase :: scale]
        total += kernel[u, v] * part[:rows, :columns]
    small: Pixels = np.clip(total + 0.5, 0, 255).astype(np.uint8)
    return small
