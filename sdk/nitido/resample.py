"""Shrinks what comes in bands of rows to an exact size, and never holds more than a few of them.

Samples are averaged as they are stored, without going to linear light: so were the pairs made that the
upscaling networks learned from. Enlarged twice and shrunk to one and a half, a photo then looks as if a
network for one and a half had made it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_FILTER = Image.Resampling.LANCZOS
_SUPPORT = 3
"""How far the filter reaches, in pixels of the result."""
_ROWS = 64
"""Rows of the result made at once: temporaries stay small, and Pillow's 32-bit coordinates exact."""


def shrink(bands: Iterable[NDArray[Any]], shape: tuple[int, int], target: tuple[int, int]) -> NDArray[Any]:
    """(H, W, C) uint8 or uint16, given as bands of rows from top to bottom, to a size that is no larger.

    Lanczos over three pixels of the result, so that nothing aliases; pixel centres stay where they are in the
    picture, and each value is rounded once.
    """
    height, (tall, wide) = shape[0], target
    ratio = height / tall
    result: NDArray[Any] | None = None
    held: NDArray[Any] | None = None
    top = done = 0
    for band in bands:
        held = band if held is None else np.concatenate([held, band])
        if result is None:
            result = np.empty((tall, wide, band.shape[2]), band.dtype)
        there = top + len(held)
        # Rows of the result for which all that their filter sees is there.
        ready = tall if there == height else math.floor((there - 1) / ratio - _SUPPORT)
        for start in range(done, ready, _ROWS):
            stop = min(start + _ROWS, ready)
            result[start:stop] = _shrink_rows(held, top, height, (start, stop), (ratio, wide))
        done = max(done, ready)
        first = min(max(top, math.floor((done - _SUPPORT) * ratio) - 1), there)
        held, top = held[first - top :], first
    if result is None or done < tall:
        raise ValueError(f"expected {height} rows, got {top if held is None else top + len(held)}")
    return result


def _shrink_rows(
    held: NDArray[Any], top: int, height: int, rows: tuple[int, int], to: tuple[float, int]
) -> NDArray[Any]:
    """Rows of the result from the held ones, the first of which is row ``top`` of all ``height``."""
    (start, stop), (ratio, wide) = rows, to
    first = max(0, math.floor((start - _SUPPORT) * ratio) - 1)
    last = min(height, math.ceil((stop + _SUPPORT) * ratio) + 1)
    part = held[first - top : last - top]
    box = (0, start * ratio - first, part.shape[1], min(stop * ratio - first, len(part)))
    result = np.empty((stop - start, wide, part.shape[2]), part.dtype)
    for channel in range(part.shape[2]):
        plane = Image.fromarray(part[..., channel].astype(np.float32))
        # Pillow filters with what lies around the box, too: bands join as if they had been one picture.
        smaller = np.asarray(plane.resize((wide, stop - start), _FILTER, box))
        white = np.iinfo(part.dtype).max
        result[..., channel] = np.clip(np.floor(smaller + np.float32(0.5)), 0, white)
    return result
