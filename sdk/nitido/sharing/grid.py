"""What downscaling networks read: luma on a grid of twice the size asked for, 2 x 2 pixels a place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.uint8]
"""(H, W)."""
Shape = tuple[int, int]
"""Height and width."""


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


def quarters(grid: Plane) -> NDArray[np.float32]:
    """A grid (2 H, 2 W) to (H, W, 4) in [0, 1]: the four pixels of each place, row by row.

    In memory the four lie one after the other, as most runtimes read them.
    """
    height, width = (side // 2 for side in grid.shape)
    planes = np.empty((4, height, width), np.float32)
    for place, plane in enumerate(planes):
        np.multiply(grid[place // 2 :: 2, place % 2 :: 2], np.float32(1 / 255), out=plane)
    return planes.transpose(1, 2, 0)


def apart(pixels: NDArray[np.uint8], shape: Shape) -> tuple[Plane, NDArray[np.uint8]]:
    """(H, W, 3) RGB to its luma, as JPEG has it, and to RGB of ``shape``, for its colours.

    Pillow is faster than ``nitido.chroma``. It takes means of whole pixels first, and Lanczos does the rest:
    far less work, and codecs halve colours anyway.
    """
    image, (height, width) = Image.fromarray(pixels), shape
    small = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=1.0)
    return np.asarray(image.convert("L")), np.asarray(small)


def crisper(levels: NDArray[np.float32], amount: float) -> None:
    """Add, in place, ``amount`` times what a pixel differs by from the mean of 3 x 3; borders stay."""
    if not amount or min(levels.shape) < 3:
        return
    rows = levels[:-2] + levels[1:-1] + levels[2:]
    mean = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) * np.float32(1 / 9)
    inner = levels[1:-1, 1:-1]
    inner += np.float32(amount) * (inner - mean)
