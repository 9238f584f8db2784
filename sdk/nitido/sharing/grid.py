"""What downscaling networks read: luma on a grid of twice the size asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.uint8]
"""(H, W)."""
Shape = tuple[int, int]
"""Height and width."""
_BAND = 32
"""Rows at once, so that the passes over them stay in the processor's cache."""


def resize(plane: NDArray[np.uint8], shape: Shape) -> NDArray[np.uint8]:
    """A plane or RGB: Lanczos where it shrinks, bicubic where it enlarges, itself where it has the size."""
    if plane.shape[:2] == shape:
        return plane
    height, width = shape
    shrinks = height <= plane.shape[0] and width <= plane.shape[1]
    chosen = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(plane).resize((width, height), chosen))


def grid_of(luma: Plane, shape: Shape) -> Plane:
    """(2 H, 2 W) for a result of ``shape`` (H, W): at half the size the photo itself."""
    return resize(luma, (2 * shape[0], 2 * shape[1]))


def apart(pixels: NDArray[np.uint8], shape: Shape) -> tuple[Plane, NDArray[np.uint8]]:
    """(H, W, 3) RGB to its luma, as JPEG has it, and to RGB of ``shape``, for its colours.

    Pillow is faster than ``nitido.chroma``. It takes means of whole pixels first, and Lanczos does the rest:
    far less work, and codecs halve colours anyway.
    """
    image, (height, width) = Image.fromarray(pixels), shape
    small = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=1.0)
    return np.asarray(image.convert("L")), np.asarray(small)


def crisper(levels: NDArray[np.float32], amount: float) -> NDArray[np.float32]:
    """With ``amount`` times what a pixel differs by from the mean of 3 x 3 added; borders stay."""
    if not amount or min(levels.shape) < 3:
        return levels
    result = levels.copy()
    for top in range(1, len(levels) - 1, _BAND):
        seen = levels[top - 1 : top + _BAND + 1]
        rows = seen[:-2] + seen[1:-1]
        rows += seen[2:]
        mean = rows[:, :-2] + rows[:, 1:-1]
        mean += rows[:, 2:]
        mean *= np.float32(amount / 9)
        inner = result[top : top + len(mean), 1:-1]
        inner *= np.float32(1 + amount)
        inner -= mean
    return result
