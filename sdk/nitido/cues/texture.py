"""Cues of detail: how much there is, how fine, in luma and in colour, and in each ring of the spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nitido.photo.model import LUMA, Pixels

_RINGS = (0, 3, 6, 10, 14, 18, 23, 28, 46)
"""Edges in cycles per 64 pixels; the last corner of the spectrum lies at 45.3."""
NAMES = (
    "detail",
    "fineness",
    "gradient",
    "colour",
    "colour_gradient",
    *(f"ring_{i}" for i in range(len(_RINGS) - 1)),
)


def measure(crops: Sequence[Pixels], power: NDArray[np.float32]) -> dict[str, float]:
    """From native-size crops, and from the log power (window, window // 2 + 1) of a spectrum."""
    logs = np.mean([np.log2(1 + np.array(_energies(crop))) for crop in crops], axis=0)
    own, half, gradient, colour, colour_gradient = logs.tolist()
    found = {
        "detail": own / 14,
        "fineness": 0.5 + (own - half) / 8,
        "gradient": gradient / 14,
        "colour": colour / 14,
        "colour_gradient": colour_gradient / 14,
    }
    return found | {f"ring_{i}": 0.5 + level / 12 for i, level in enumerate(_rings(power))}


def laplacian_variance(pixels: Pixels) -> tuple[float, float]:
    """Variance of luma's Laplacian, at the photo's own size and at half of it: blurred photos lose the first.

    0 where a photo is too small for it.
    """
    luma: NDArray[np.float32] = pixels.astype(np.float32) @ LUMA
    return _laplacian_variances(luma)


def _energies(crop: Pixels) -> tuple[float, float, float, float, float]:
    values = crop.astype(np.float32)
    luma = values @ LUMA
    colour = values - luma[..., None]
    gradient, colour_gradient = (float(np.square(np.diff(part, axis=1)).mean()) for part in (luma, colour))
    return (*_laplacian_variances(luma), gradient, float(colour.var()), colour_gradient)


def _laplacian_variances(luma: NDArray[np.float32]) -> tuple[float, float]:
    rows, columns = (length // 2 * 2 for length in luma.shape)
    even = luma[:rows, :columns]
    quarters = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    half = quarters / np.float32(4)
    return _variance(luma), _variance(half)


def _variance(luma: NDArray[np.float32]) -> float:
    if min(luma.shape) < 3:
        return 0.0
    inner = luma[1:-1, 1:-1]
    response = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * inner
    return float(response.var())


def _rings(power: NDArray[np.float32]) -> list[float]:
    window = power.shape[0]
    down = np.abs(np.fft.fftfreq(window)) * 64
    across = np.arange(power.shape[1]) * 64 / window
    radius = np.hypot(down[:, None], across[None])
    return [float(power[(radius >= inner) & (radius < outer)].mean()) for inner, outer in pairwise(_RINGS)]
