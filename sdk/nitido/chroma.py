"""Colours over a luma that stays as it is: what is grey, a small view of a photo, chroma led along edges.

Chroma is (Cb, Cr) of full-range BT.601 as JPEG has it, in units of white: -0.5 to 0.5, grey is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nitido.photo.depth import strips
from nitido.photo.model import LUMA, Pixels

Luma = NDArray[np.uint8]
"""(H, W), 0 to 255."""
Plane = NDArray[np.float32]

NOTICEABLE = 8
"""Grey levels between a pixel's channels from which it is coloured: a JPEG of a grey scan stays below."""
COLOURED_SHARE = 1e-3
"""Share of coloured pixels from which a photo is: a date printed in red would be lost otherwise."""

_TO_RED, _TO_BLUE = 2 * (1 - LUMA[0]), 2 * (1 - LUMA[2])
"""Of Cr and Cb: R = Y + 1.402 Cr, B = Y + 1.772 Cb."""
_RADIUS = 2
"""Cells around a cell in which chroma is taken to be a straight line over luma."""
_FLAT = 1e-3
"""Variance of luma below which chroma follows it less and less: steps of 8 grey levels."""


def luma_of(pixels: Pixels) -> Luma:
    """The luma of (H, W, 3) pixels, rounded; of grey pixels exactly their level."""
    luma = np.empty(pixels.shape[:2], np.uint8)
    for rows in strips(*pixels.shape[:2]):
        luma[rows] = pixels[rows].astype(np.float32) @ LUMA + np.float32(0.5)
    return luma


def chroma_of(pixels: Pixels) -> Plane:
    """(H, W, 2): Cb and Cr."""
    values = pixels.astype(np.float32) / 255
    luma = values @ LUMA
    return np.stack([(values[..., 2] - luma) / _TO_BLUE, (values[..., 0] - luma) / _TO_RED], axis=2)


def is_grey(pixels: Pixels) -> bool:
    """Whether a photo has no colours, but for the faint ones of its compression."""
    coloured = 0
    for rows in strips(*pixels.shape[:2]):
        part = pixels[rows]
        coloured += int(np.count_nonzero(np.ptp(part, axis=2) > NOTICEABLE))
    height, width = pixels.shape[:2]
    return coloured <= int(COLOURED_SHARE * height * width)


def fitted(image: NDArray[np.uint8], side: int) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """A photo (H, W) or (H, W, 3) in a square: its long side resized to ``side``, the rest its mirror image.

    Also returns which part of the square is the photo: its rows and columns as shares from the top left.
    """
    height, width = image.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
    missing = [(0, side - size[1]), (0, side - size[0]), (0, 0)][: image.ndim]
    return np.pad(small, missing, mode="symmetric"), (size[1] / side, size[0] / side)


@dataclass(frozen=True, eq=False)
class Lines:
    """Chroma as a straight line over luma in each cell of a coarse grid: slope * luma + offset."""

    slope: Plane
    """(rows, columns, 2)."""
    offset: Plane
    """(rows, columns, 2), in units of white."""

    @classmethod
    def through(cls, luma: Plane, chroma: Plane) -> Lines:
        """Fit lines to (rows, columns) luma in 0..1 and (rows, columns, 2) chroma.

        This is the guided filter of He, Sun and Tang (2010) with luma as the guide: colours that end where
        luma has an edge do so at full resolution too, although the grid is coarse.
        """
        guide = luma[..., None]
        mean, mean_chroma = _box(guide), _box(chroma)
        covariance = _box(guide * chroma) - mean * mean_chroma
        slope = covariance / (_box(guide * guide) - mean * mean + np.float32(_FLAT))
        return cls(_box(slope), _box(mean_chroma - slope * mean))


def coloured(luma: Luma, lines: Lines, part: tuple[float, float]) -> Pixels:
    """(H, W, 3) pixels with exactly this luma; ``part`` of the grid is the photo, as ``fitted`` has it.

    A colour that RGB does not have at a pixel's luma is made paler until it has.
    """
    height, width = luma.shape
    grid = lines.slope.shape[:2]
    rows_used, columns_used = part[0] * grid[0], part[1] * grid[1]
    planes = [Image.fromarray(np.ascontiguousarray(plane)) for plane in _planes(lines)]
    result = np.empty((height, width, 3), np.uint8)
    for rows in strips(height, width):
        box = (0, rows.start / height * rows_used, columns_used, rows.stop / height * rows_used)
        size = (width, rows.stop - rows.start)
        cb, cr, cb_at_0, cr_at_0 = (
            np.asarray(plane.resize(size, Image.Resampling.BILINEAR, box=box)) for plane in planes
        )
        grey = luma[rows].astype(np.float32)
        _mix(grey, cb * grey + 255 * cb_at_0, cr * grey + 255 * cr_at_0, result[rows])
    return result


def _planes(lines: Lines) -> list[Plane]:
    return [values[..., channel] for values in (lines.slope, lines.offset) for channel in range(2)]


def _mix(luma: Plane, cb: Plane, cr: Plane, out: Pixels) -> None:
    """RGB of luma and chroma in grey levels. Green is rounded last, so that luma comes back exactly."""
    red, blue = _TO_RED * cr, _TO_BLUE * cb
    green = -(LUMA[0] * red + LUMA[2] * blue) / LUMA[1]
    up = np.maximum(np.maximum(red, green), blue)
    down = -np.minimum(np.minimum(red, green), blue)
    tiny = np.float32(1e-6)
    paler = np.minimum((255 - luma) / np.maximum(up, tiny), luma / np.maximum(down, tiny))
    np.minimum(paler, 1, out=paler)
    for channel, shift in ((0, red), (2, blue)):
        out[..., channel] = np.clip(luma + paler * shift + np.float32(0.5), 0, 255)
    rest = (luma - LUMA[0] * out[..., 0] - LUMA[2] * out[..., 2]) / LUMA[1]
    out[..., 1] = np.clip(rest + np.float32(0.5), 0, 255)


def _box(values: NDArray[Any]) -> Plane:
    """The mean over the square of ``_RADIUS`` cells around each; borders are mirrored."""
    for axis in range(2):
        reach: list[Any] = [(0, 0)] * values.ndim
        reach[axis] = (_RADIUS, _RADIUS)
        padded = np.pad(values, reach, mode="symmetric")
        length = values.shape[axis]
        values = sum(
            (np.take(padded, range(at, at + length), axis) for at in range(2 * _RADIUS + 1)),
            start=np.zeros_like(values),
        ) / np.float32(2 * _RADIUS + 1)
    return values
