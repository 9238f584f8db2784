"""What downscaling networks read: luma on a grid of twice the size asked for, 2 x 2 pixels a place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.uint8]
"""(H, W)."""
Shape = tuple[int, int]
"""Height and width."""


def resize(plane: Plane, shape: Shape) -> Plane:
    """Lanczos where it shrinks, bicubic where it enlarges; the plane itself where it has the size."""
    if plane.shape == shape:
        return plane
    height, width = shape
    shrinks = height <= plane.shape[0] and width <= plane.shape[1]
    chosen = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(plane).resize((width, height), chosen))


def quarters(luma: Plane, shape: Shape) -> Plane:
    """(H, W, 4) for a result of ``shape`` (H, W): the four pixels of each place, row by row."""
    height, width = shape
    grid = resize(luma, (2 * height, 2 * width))
    blocks = grid.reshape(height, 2, width, 2)
    result: Plane = np.empty((height, width, 4), np.uint8)
    for place in range(4):
        result[..., place] = blocks[:, place // 2, :, place % 2]
    return result


def split(pixels: NDArray[np.uint8]) -> tuple[Plane, Plane, Plane]:
    """(H, W, 3) RGB to luma and two planes of chroma, as JPEG has them."""
    luma, blue, red = Image.fromarray(pixels).convert("YCbCr").split()
    return np.asarray(luma), np.asarray(blue), np.asarray(red)


def join(planes: tuple[Plane, Plane, Plane]) -> NDArray[np.uint8]:
    """The reverse of ``split``."""
    merged: Any = Image.merge("YCbCr", [Image.fromarray(plane) for plane in planes])
    return np.asarray(merged.convert("RGB"))
