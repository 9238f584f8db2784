"""Arithmetic between 8 and 16 bits a sample: rounding down, and carrying low bits over to new pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

STRIP_PIXELS = 1 << 18
"""Photos are converted in strips of about this many pixels, so that temporaries stay small."""


def strips(height: int, width: int) -> Iterator[slice]:
    """Row ranges that cover the height, top to bottom."""
    rows = max(1, STRIP_PIXELS // max(1, width))
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def to_8_bits(samples: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Every sample divided by 257 and rounded."""
    shape = samples.shape
    rounded = np.empty(shape, np.uint8)
    for rows in strips(shape[0], int(np.prod(shape[1:]))):
        # (v * 255 + 32895) >> 16 is round(v / 257) for every v of 16 bits.
        rounded[rows] = (samples[rows].astype(np.uint32) * 255 + 32895) >> 16
    return rounded


def carry_low_bits(
    deep: NDArray[np.uint16], old: NDArray[np.uint8], new: NDArray[np.uint8]
) -> NDArray[np.uint16]:
    """``new * 257`` plus what ``deep`` differs from ``old * 257`` by, resized to ``new`` and clipped.

    The difference is at most half a grey level, so the result rounds to ``new`` again.
    """
    result = np.empty(new.shape, np.uint16)
    for channel in range(3):
        rest: NDArray[Any] = deep[..., channel].astype(np.int32) - old[..., channel].astype(np.int32) * 257
        if new.shape != old.shape:
            rest = resize_plane(rest.astype(np.float32), new.shape[:2])
        for rows in strips(new.shape[0], new.shape[1]):
            # Bicubic overshoot may exceed half a level; the 8-bit pixels decide.
            part = np.clip(np.rint(rest[rows]).astype(np.int32), -128, 128)
            part += new[rows, :, channel].astype(np.int32) * 257
            result[rows, :, channel] = np.clip(part, 0, 65535)
    return result


def resize_plane(plane: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """One channel resized to ``shape`` (rows, columns) by bicubic interpolation, of the same dtype."""
    image = Image.fromarray(plane.astype(np.float32))
    resized = np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))
    if np.issubdtype(plane.dtype, np.integer):
        resized = np.clip(np.rint(resized), 0, np.iinfo(plane.dtype).max)
    return resized.astype(plane.dtype)
