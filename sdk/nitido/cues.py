"""Cues: what classical measurements say of a photo and a network would have to learn to measure.

A JPEG's quantisation is a period in the cosine coefficients of its blocks, and noise below texture is a
matter of statistics: networks read both off an image badly. So a trigger gets five numbers beside its view.
They are measured on the view's native-size crops (where it has none, on the photo made small), so that they
cost the same for a photo of any size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nitido.blur import noise_sigma
from nitido.bundle.manifest import View
from nitido.deblock import find_steps
from nitido.photo.model import LUMA, Pixels
from nitido.view import arranged, cells

CUES = ("blocking", "noise", "detail", "fineness", "highlights")
"""Names of the cues in their order; each is about 0 to 1."""
_LARGEST = 1.5
"""No photo has more; a test pattern must not leave the range that quantised builds were calibrated for."""
_CLIPPED = 253
"""Grey level from which a channel counts as full: JPEG moves full ones a little."""
_SAMPLES = 256
"""Rows and columns in which highlights are looked for: enough to find any that matter."""


def look(pixels: Pixels, view: View) -> tuple[Pixels, NDArray[np.float32]]:
    """What a trigger gets of a photo: the (size, size, 3) mosaic of its view, and the cues, (5,)."""
    seen = cells(pixels, view)
    return arranged(seen, view), _cues(seen[: view.count] or seen[:1], pixels)


def laplacian_variance(pixels: Pixels) -> tuple[float, float]:
    """Variance of luma's Laplacian, at the photo's own size and at half of it: blurred photos lose the first.

    0 where a photo is too small for it.
    """
    luma = pixels.astype(np.float32) @ LUMA
    rows, columns = (length // 2 * 2 for length in luma.shape)
    even = luma[:rows, :columns]
    half = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
    return _variance(luma), _variance(half)


def jpeg_step(pixels: Pixels) -> float:
    """Mean quantisation step of the last JPEG's luma, as found in the pixels; 0 where there are no traces."""
    steps = find_steps(pixels)
    return 0.0 if steps is None else float(steps.mean())


def _cues(crops: Sequence[Pixels], pixels: Pixels) -> NDArray[np.float32]:
    together = np.concatenate(crops)  # blocks and windows of many crops say more than those of each
    own, half = np.mean([np.log2(1 + np.array(laplacian_variance(crop))) for crop in crops], axis=0)
    values = (
        np.log2(1 + jpeg_step(together)) / 8,
        np.log2(1 + noise_sigma(together)) / 6,
        own / 14,
        0.5 + (own - half) / 8,
        np.sqrt(_clipped_share(pixels)),
    )
    found: NDArray[np.float32] = np.clip(values, 0, _LARGEST, dtype=np.float32)
    return found


def _clipped_share(pixels: Pixels) -> float:
    rows, columns = (max(1, length // _SAMPLES) for length in pixels.shape[:2])
    red, green, blue = np.moveaxis(pixels[::rows, ::columns], 2, 0)
    return float((np.maximum(np.maximum(red, green), blue) >= _CLIPPED).mean())


def _variance(luma: NDArray[np.float32]) -> float:
    if min(luma.shape) < 3:
        return 0.0
    inner = luma[1:-1, 1:-1]
    response = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * inner
    return float(response.var())
