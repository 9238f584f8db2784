"""JPEG artifacts: the quantisation that a photo went through, and what its blocks could have been.

JPEG rounds the cosine coefficients of each 8 x 8 block to multiples of a step, and pixels keep the traces:
``find_steps`` reads the steps of luma off them, without the file. ``deblock_valid`` then quantises the photo
again on grids shifted against JPEG's, where the artifacts are no longer aligned with anything, averages with
more weight for blocks that need few coefficients (Guleryuz 2007), and keeps each coefficient within what
rounding allows. Shifted re-application is due to Nosratinia (2001).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from nitido.photo.model import LUMA, Pixels

Steps = NDArray[np.float32]
"""(8, 8) quantisation steps of luma in grey levels, vertical by horizontal frequency."""

BLOCK = 8
MARGIN = 2 * BLOCK
"""Pixels around a part of a photo that its deblocking depends on."""
_SHIFTS = [(i, (3 * i + j) % BLOCK) for i in range(BLOCK) for j in (0, 4)]
"""16 of the 64 shifts, two in each row and column: a quarter of the work for nearly the gain of all."""
_DEAD = 0.5
"""Coefficients below this share of their step vanish on the shifted grids."""
_KEEP = 0.25
"""Share of a step by which a coefficient may change. Half a step is certain; photos prefer small changes."""
_MAX_BLOCKS = 4096
_BINS_PER_LEVEL = 4
_MAX_LEVEL = 512
_SURE = 0.6
"""Mean cosine from which coefficients count as multiples of a step: 0 for any, 1 for exact multiples."""
_ENOUGH_VALUES = 24
_ENOUGH_FREQUENCIES = 5


# ITU-T T.81, table K.1.
_ANNEX_K = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)
_FREQUENCIES = [(y, x) for y in range(6) for x in range(6) if 0 < y + x < 6]
"""Where natural photos have coefficients that survive rounding."""


def find_steps(pixels: Pixels) -> Steps | None:
    """The steps of a photo's last JPEG, or None where (H, W, 3) ``pixels`` show no traces of one.

    Frequencies without coefficients get the steps of the standard's table at the same quality. A photo that
    was resized or cut since, or saved above a quality of about 93, has no traces that matter.
    """
    if min(pixels.shape[:2]) < BLOCK:
        return None
    coefficients = _sampled_coefficients(pixels)
    chosen = np.stack([coefficients[:, y, x] for y, x in _FREQUENCIES])
    steps_found = _steps_of(np.abs(chosen))
    found = {place: step for place, step in zip(_FREQUENCIES, steps_found, strict=True) if step}
    if len(found) < _ENOUGH_FREQUENCIES:
        return None
    scale = float(np.median([step / _ANNEX_K[place] for place, step in found.items()]))
    steps = np.maximum(np.round(_ANNEX_K * scale), 1)
    for place, step in found.items():
        steps[place] = step
    return steps


def standard_steps(quality: int) -> Steps:
    """Steps of luma at a quality of 1 to 100 as libjpeg and most software scale the standard's table."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    steps: Steps = np.clip(np.floor((_ANNEX_K * percent + 50) / 100), 1, 255).astype(np.float32)
    return steps


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
        blocks = _forward(luma[top : top + height + BLOCK, left : left + width + BLOCK])
        kept = np.abs(blocks) >= _tiled(_DEAD * steps, blocks.shape)
        weight = _per_block((1 + _per_block_count(kept)) ** -2)
        place = slice(BLOCK - top, BLOCK - top + height), slice(BLOCK - left, BLOCK - left + width)
        total += (weight * _backward(blocks * kept))[place]
        weights += weight[place]
    mean: NDArray[np.float32] = np.divide(total, weights, dtype=np.float32)
    was, now = _forward(inner), _forward(mean)
    room = _tiled(_KEEP * steps, was.shape)
    added = _backward(np.clip(now - was, -room, room))[BLOCK:-BLOCK, BLOCK:-BLOCK]
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


def _forward(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine coefficients of each block, in its place; sides are multiples of 8."""
    return _separable(plane, _cosines())


def _backward(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    return _separable(plane, _cosines().T)


def _separable(plane: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = plane.shape
    rows = (plane.reshape(-1, BLOCK) @ matrix.T).reshape(height // BLOCK, BLOCK, width)
    result: NDArray[np.float32] = np.matmul(matrix, rows).reshape(height, width)
    return result


@cache
def _cosines() -> NDArray[np.float32]:
    """The orthonormal DCT-II of length 8, frequency by place."""
    k = np.arange(BLOCK)
    matrix = np.cos(np.pi * (2 * k[None] + 1) * k[:, None] / (2 * BLOCK)) / 2
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


def _tiled(steps: Steps, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.tile(steps, (shape[0] // BLOCK, shape[1] // BLOCK))


def _sampled_coefficients(pixels: Pixels) -> NDArray[np.float32]:
    """(N, 8, 8) coefficients of luma, of rows of blocks spread over the photo."""
    rows, columns = pixels.shape[0] // BLOCK, pixels.shape[1] // BLOCK
    every = max(1, rows * columns // _MAX_BLOCKS)
    bands = pixels[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns * BLOCK, 3)[::every]
    luma = (bands.astype(np.float32) @ LUMA).reshape(-1, columns * BLOCK)
    blocks = _forward(luma).reshape(-1, BLOCK, columns, BLOCK).transpose(0, 2, 1, 3)
    return blocks.reshape(-1, BLOCK, BLOCK)


def _steps_of(sizes: NDArray[np.float32]) -> list[float]:
    """The step that each row of absolute coefficients are multiples of; 0 where there is none."""
    bins = _MAX_LEVEL * _BINS_PER_LEVEL
    places = np.minimum((sizes * _BINS_PER_LEVEL).astype(np.intp), bins - 1)
    places += bins * np.arange(len(sizes))[:, None]
    histograms = np.bincount(places.ravel(), minlength=bins * len(sizes)).reshape(-1, bins)
    candidates, cosines, counted = _periods()
    counts = histograms.astype(np.float32) @ counted
    fits = (histograms.astype(np.float32) @ cosines) / np.maximum(counts, 1)
    fits[counts < _ENOUGH_VALUES] = 0
    best = fits.argmax(axis=1)  # a divisor fits less well than the step itself: rounding blurs it more
    sure = fits.max(axis=1) >= _SURE
    return [float(step) for step in np.where(sure, candidates[best], 0)]


@cache
def _periods() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Candidate steps; for each histogram bin its cosine at that period, and 1 where it counts."""
    candidates = np.arange(2, 128, dtype=np.float32)
    level = (np.arange(_MAX_LEVEL * _BINS_PER_LEVEL, dtype=np.float32) + 0.5) / _BINS_PER_LEVEL
    counted = (level[:, None] > candidates / 2).astype(np.float32)
    return candidates, counted * np.cos(2 * np.pi * level[:, None] / candidates), counted
