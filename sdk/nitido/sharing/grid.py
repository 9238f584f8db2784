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


def quarters(luma: Plane, shape: Shape) -> Plane:
    """(H, W, 4) for a result of ``shape`` (H, W): the four pixels of each place, row by row."""
    height, width = shape
    grid = resize(luma, (2 * height, 2 * width))
    blocks = grid.reshape(height, 2, width, 2)
    result: Plane = np.empty((height, width, 4), np.uint8)
    for place in range(4):
        result[..., place] = blocks[:, place // 2, :, place % 2]
    return result


def luma_of(pixels: NDArray[np.uint8]) -> Plane:
    """(H, W, 3) RGB to luma, as JPEG has it: Pillow takes a fifth of the time of ``nitido.chroma``."""
    return np.asarray(Image.fromarray(pixels).convert("L"))


def crisper(levels: NDArray[np.float32], amount: float) -> None:
    """Add, in place, ``amount`` times what a pixel differs by from the mean of 3 x 3; borders stay."""
    if not amount or min(levels.shape) < 3:
        return
    rows = levels[:-2] + levels[1:-1] + levels[2:]
    mean = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) * np.float32(1 / 9)
    inner = levels[1:-1, 1:-1]
    inner += np.float32(amount) * (inner - mean)
