"""Colour photos as training pairs for colorization: a greyscale view in, the colours of its cells out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from nitido.chroma import chroma_of, fitted
from nitido.photo.model import LUMA, Pixels
from nitido_train.nets.colorize import BLOCK

Pair = tuple[Tensor, Tensor]
"""luma (N, 1, side, side), chroma (N, 2, side / 4, side / 4)."""

WHOLE = 0.25
"""Share of the views that show the whole photo as on the device; the others are square parts of one."""


def small(photo: Pixels, side: int) -> Pixels:
    """The photo with a short side of at most 1.5 ``side``: most parts of it are still shrunk to a view."""
    scale = max(1.0, min(photo.shape[:2]) / (1.5 * side))
    size = round(photo.shape[1] / scale), round(photo.shape[0] / scale)
    return np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BILINEAR))


def view(photo: Pixels, side: int, rng: np.random.Generator) -> Pixels:
    """(side, side, 3): the whole photo as the device sees it, or a square part of it; mirrored or not."""
    if rng.random() >= WHOLE:
        height, width = photo.shape[:2]
        part = int(min(height, width) * rng.uniform(0.5, 1))
        top, left = int(rng.integers(height - part + 1)), int(rng.integers(width - part + 1))
        photo = photo[top : top + part, left : left + part]
    seen, _ = fitted(np.ascontiguousarray(photo), side)
    return seen[:, ::-1] if rng.random() < 0.5 else seen


def aged(luma: NDArray[np.floating[Any]], rng: np.random.Generator) -> NDArray[np.float32]:
    """Luma in 0..1 with another contrast and, half of the time, noise: greyscale photos are often old."""
    changed = luma ** np.float32(rng.uniform(0.75, 1.33))
    if rng.random() < 0.5:
        changed = changed + rng.uniform(0, 0.04) * rng.standard_normal(luma.shape, np.float32)
    clipped: NDArray[np.float32] = np.clip(changed, 0, 1).astype(np.float32)
    return clipped


def cells(pixels: Pixels) -> NDArray[np.float32]:
    """(h, w, 2): the mean chroma of each block of pixels."""
    height, width = (length // BLOCK for length in pixels.shape[:2])
    mean: NDArray[np.float32] = chroma_of(pixels).reshape(height, BLOCK, width, BLOCK, 2).mean((1, 3))
    return mean


def pairs(photos: list[Pixels], side: int, batch: int, seed: int) -> Iterator[Pair]:
    """Endless training batches of small photos, each photo as likely as any other."""
    rng = np.random.default_rng(seed)
    while True:
        views = [view(photos[at], side, rng) for at in rng.integers(len(photos), size=batch)]
        luma = [aged((seen.astype(np.float32) / 255) @ LUMA, rng) for seen in views]
        chroma = np.stack([cells(seen) for seen in views]).transpose(0, 3, 1, 2)
        yield torch.from_numpy(np.stack(luma)[:, None]), torch.from_numpy(np.ascontiguousarray(chroma))
