"""Where a photo says most about its kernel: crops with edges and texture, and none of blown highlights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nitido.photo.model import LUMA, Pixels

_CLIPPED = 0.1
_STEPS = 24


def informative(pixels: Pixels, side: int, count: int) -> list[tuple[int, int]]:
    """(top, left) of at most ``count`` crops, the most informative first; they do not overlap by much."""
    rows, columns = (_places(length, side) for length in pixels.shape[:2])
    worth = np.array([[_worth(pixels[y : y + side, x : x + side]) for x in columns] for y in rows])
    chosen: list[tuple[int, int]] = []
    for index in np.argsort(-worth, axis=None, kind="stable"):
        y, x = rows[index // len(columns)], columns[index % len(columns)]
        if all(max(abs(y - top), abs(x - left)) > 0.6 * side for top, left in chosen):
            chosen.append((y, x))
        if len(chosen) == count:
            break
    return chosen


def cut(pixels: Pixels, places: list[tuple[int, int]], side: int) -> NDArray[np.uint8]:
    """The crops, (N, side, side, 3)."""
    return np.stack([pixels[y : y + side, x : x + side] for y, x in places])


def mirrored(pixels: Pixels, side: int) -> Pixels:
    """A photo that is smaller than ``side`` made as large by its mirror image, below and to the right."""
    down, right = (max(0, side - length) for length in pixels.shape[:2])
    return np.pad(pixels, ((0, down), (0, right), (0, 0)), "symmetric") if down or right else pixels


def _places(length: int, side: int) -> list[int]:
    """Starts that overlap by half, or lie farther apart along the sides of large photos."""
    count = min(_STEPS, max(1, -(-(length - side) // (side // 2)) + 1))
    return [round(start) for start in np.linspace(0, length - side, count)]


def _worth(crop: Pixels) -> float:
    """Mean slope of luma, and in which of two directions there is less: one alone hides half of a kernel."""
    luma = crop.astype(np.float32) @ LUMA
    down, across = (float(np.abs(np.diff(luma, axis=axis)).mean()) for axis in (0, 1))
    clipped = float(np.mean(luma >= 250) + np.mean(luma <= 2))
    return (min(down, across) + 0.25 * max(down, across)) * (0.1 if clipped > _CLIPPED else 1.0)
