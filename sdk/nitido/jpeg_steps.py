"""The quantisation that a photo's last JPEG went through, read off its pixels.

JPEG rounds the cosine coefficients of each 8 x 8 block to multiples of a step, and pixels keep the traces:
``find_steps`` reads the steps of luma off them, without the file; ``rounding`` says what that cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nitido.block_dct import BLOCK, forward
from nitido.photo.model import LUMA, Pixels

Steps = NDArray[np.float32]
"""(8, 8) quantisation steps of luma in grey levels, vertical by horizontal frequency."""

_MAX_BLOCKS = 4096
_BINS_PER_LEVEL = 4
_MAX_LEVEL = 512
_SURE = 0.6
"""Mean cosine from which coefficients count as multiples of a step: 0 for any, 1 for exact multiples."""
_ENOUGH_VALUES = 24
_ENOUGH_FREQUENCIES = 5
_ENOUGH_SURVIVORS = 8
_COARSE = 4
"""Sum of vertical and horizontal frequency below which an error shows as blocks."""


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


@dataclass(frozen=True)
class Rounding:
    """What rounding to a JPEG's steps cost a photo, as far as its coefficients tell."""

    error: float
    """Mean squared error of luma, in squared grey levels."""
    coarse: float
    """The part of it at the lowest frequencies."""
    vanished: float
    """Share of the coefficients that became zero."""


def rounding(pixels: Pixels, steps: Steps) -> Rounding:
    """Estimate what rounding to ``steps`` cost the photo that became ``pixels``.

    A coefficient that survived is off evenly by up to half a step. Those of one frequency are taken to have
    been of a density that falls as exp(-sqrt(|c| / s)), whose tail is as heavy as that of photos' blocks:
    the share that survived tells s, and s the mean square of what vanished. Frequencies with hardly any
    survivors get the s of a power law through the others.
    """
    sizes = np.abs(_sampled_coefficients(pixels))
    half = steps.astype(np.float64) / 2
    count = (sizes >= half).sum(axis=0)
    share = np.clip(count / len(sizes), 0.5 / len(sizes), 0.999)
    scale = half / _depth(share) ** 2
    down, across = np.mgrid[:BLOCK, :BLOCK]
    frequency = np.maximum(np.hypot(down, across), 1)
    known = count >= _ENOUGH_SURVIVORS
    known[0, 0] = False  # the mean of a block is spread evenly, not around zero
    if known.sum() > 2:
        line = np.polyfit(np.log(frequency[known]), np.log(scale[known]), 1, w=np.sqrt(count[known]))
        expected = np.exp(np.polyval(line, np.log(frequency)))
        scale = np.where(known, scale, np.minimum(scale, expected))
    depth = np.sqrt(half / scale)
    tail = np.exp(-depth) * sum(depth**k / math.factorial(k) for k in range(6))
    errors = scale**2 * math.factorial(5) * (1 - tail) + share * steps**2 / 12
    errors[0, 0] = steps[0, 0] ** 2 / 12
    return Rounding(
        error=float(errors.mean()),
        coarse=float(errors[down + across < _COARSE].sum()) / BLOCK**2,
        vanished=1 - float(np.mean(count)) / len(sizes),
    )


def _depth(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """The t at which (1 + t) exp(-t), the share of coefficients above s t^2, is ``share``."""
    t = np.linspace(0, 40, 4001)
    found: NDArray[np.float64] = np.interp(-share, -(1 + t) * np.exp(-t), t)
    return found


def _sampled_coefficients(pixels: Pixels) -> NDArray[np.float32]:
    """(N, 8, 8) coefficients of luma, of rows of blocks spread over the photo."""
    rows, columns = pixels.shape[0] // BLOCK, pixels.shape[1] // BLOCK
    every = max(1, rows * columns // _MAX_BLOCKS)
    bands = pixels[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns * BLOCK, 3)[::every]
    luma = (bands.astype(np.float32) @ LUMA).reshape(-1, columns * BLOCK)
    blocks = forward(luma).reshape(-1, BLOCK, columns, BLOCK).transpose(0, 2, 1, 3)
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
