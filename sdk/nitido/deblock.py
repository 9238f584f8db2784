"""JPEG artifacts: what a photo's blocks could have been before they were rounded.

``deblock_valid`` quantises the photo again on grids shifted against JPEG's, where the artifacts are no longer
aligned with anything, averages with more weight for blocks that need few coefficients (Guleryuz 2007), and
keeps each coefficient within what rounding allows. Shifted re-application is due to Nosratinia (2001).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nitido.block_dct import BLOCK, backward, forward
from nitido.jpeg_steps import Steps
from nitido.photo.model import LUMA, Pixels

MARGIN = 2 * BLOCK
"""Pixels around a part of a photo that its deblocking depends on."""
_SHIFTS = [(i, (3 * i + j) % BLOCK) for i in range(BLOCK) for j in (0, 4)]
"""16 of the 64 shifts, two in each row and column: a quarter of the work for nearly the gain of all."""
_DEAD = 0.4999
"""Coefficients below this share of their step vanish on the shifted grids. Not a half: some coefficients are
half a step exactly, and processors and browsers add in different orders."""
_KEEP = 0.25
"""Share of a step by which a coefficient may change. Half a step is certain; photos prefer small changes."""


def deblock(pixels: Pixels, steps: Steps) -> Pixels:
    """The whole photo, same shape; its borders are mirrored."""
    height, width = pixels.shape[:2]
    below, right = (MARGIN + -length % BLOCK for length in (height, width))
    padded = np.pad(pixels, ((MARGIN, below), (MARGIN, right), (0, 0)), mode="symmetric")
    return deblock_valid(padded, steps)[:height, :width]


def deblock_valid(padded: Pixels, steps: Steps) -> Pixels:
    """Deblock what lies MARGIN or more inside ``padded``, which starts at a block and has whole blocks.

    Only luma changes: colour artifacts are softer, and the grid of subsampled colour is another one.
    """
    luma = padded.astype(np.float32) @ LUMA
    inner = luma[BLOCK:-BLOCK, BLOCK:-BLOCK]
    total, weights = np.zeros_like(inner), np.zeros_like(inner)
    height, width = inner.shape
    for top, left in _SHIFTS:
        blocks = forward(luma[top : top + height + BLOCK, left : left + width + BLOCK])
        kept = np.abs(blocks) >= _tiled(_DEAD * steps, blocks.shape)
        weight = _per_block((1 + _per_block_count(kept)) ** -2)
        place = slice(BLOCK - top, BLOCK - top + height), slice(BLOCK - left, BLOCK - left + width)
        total += (weight * backward(blocks * kept))[place]
        weights += weight[place]
    mean: NDArray[np.float32] = np.divide(total, weights, dtype=np.float32)
    was, now = forward(inner), forward(mean)
    room = _tiled(_KEEP * steps, was.shape)
    added = backward(np.clip(now - was, -room, room))[BLOCK:-BLOCK, BLOCK:-BLOCK]
    sums = padded[MARGIN:-MARGIN, MARGIN:-MARGIN] + added[:, :, None] + np.float32(0.5)
    result: Pixels = np.clip(sums, 0, 255).astype(np.uint8)
    return result


def _per_block_count(kept: NDArray[np.bool_]) -> NDArray[np.float32]:
    height, width = kept.shape
    blocks = kept.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    counts: NDArray[np.float32] = blocks.sum((1, 3), dtype=np.float32)
    return counts


def _per_block(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """One value per block, at each of its pixels."""
    return values.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)


def _tiled(steps: Steps, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.tile(steps, (shape[0] // BLOCK, shape[1] // BLOCK))
