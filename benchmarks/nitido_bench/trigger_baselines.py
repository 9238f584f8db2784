"""What one would do without a trigger: guess from well-known measurements of a photo what it would gain."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from nitido.blur import noise_sigma
from nitido.cues.artifacts import jpeg_step
from nitido.cues.texture import laplacian_variance
from nitido.photo.model import Pixels
from nitido.scorer import QualityScorer

Predictor = Callable[[Pixels], float]
"""The more, the more a photo is expected to gain; the unit is the predictor's own."""


def laplacian(pixels: Pixels) -> float:
    """Minus the logarithm of the variance of luma's Laplacian: blurred photos have a small one.

    The variance spans four decades; its logarithm ranks photos alike and gives Pearson a fair chance.
    """
    return -float(np.log(laplacian_variance(pixels)[0] + 1))


def no_reference(scorer: QualityScorer) -> Predictor:
    """Minus the quality that a scorer sees: bad photos are expected to gain."""
    return lambda pixels: -scorer(pixels).mean


LAPLACIAN, NOISE, JPEG, SCORER = "Laplacian variance", "noise sigma", "JPEG steps", "no-reference score"
BASELINES: Mapping[str, Predictor] = {LAPLACIAN: laplacian, NOISE: noise_sigma, JPEG: jpeg_step}
OF_FACTOR: Mapping[str, str] = {"deblur": LAPLACIAN, "denoise": NOISE, "deartifact": JPEG}
"""The measurement that a factor's gain would be guessed from; the other factors have none."""
