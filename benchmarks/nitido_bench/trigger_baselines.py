"""What one would do without a trigger: guess from well-known measurements of a photo what it would gain."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from nitido.blur import noise_sigma
from nitido.deblock import find_steps
from nitido.photo.model import Pixels
from nitido.scorer import QualityScorer

Predictor = Callable[[Pixels], float]
"""The more, the more a photo is expected to gain; the unit is the predictor's own."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def laplacian(pixels: Pixels) -> float:
    """Minus the logarithm of the variance of luma's Laplacian: blurred photos have a small one.

    The variance spans four decades; its logarithm ranks photos alike and gives Pearson a fair chance.
    """
    luma = pixels.astype(np.float32) @ _LUMA
    inner = luma[1:-1, 1:-1]
    response = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * inner
    return -float(np.log(response.var(dtype=np.float64) + 1))


def jpeg_steps(pixels: Pixels) -> float:
    """Mean quantisation step of the last JPEG's luma, as found in the pixels; 0 where there are no traces."""
    steps = find_steps(pixels)
    return 0.0 if steps is None else float(steps.mean())


def no_reference(scorer: QualityScorer) -> Predictor:
    """Minus the quality that a scorer sees: bad photos are expected to gain."""
    return lambda pixels: -scorer(pixels).mean


LAPLACIAN, NOISE, JPEG, SCORER = "Laplacian variance", "noise sigma", "JPEG steps", "no-reference score"
BASELINES: Mapping[str, Predictor] = {LAPLACIAN: laplacian, NOISE: noise_sigma, JPEG: jpeg_steps}
OF_FACTOR: Mapping[str, str] = {"deblur": LAPLACIAN, "denoise": NOISE, "deartifact": JPEG}
"""The measurement that a factor's gain would be guessed from; the other factors have none."""
