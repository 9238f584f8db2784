"""Cues of blur: which one an estimator finds, and how much undoing it would change the photo."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nitido.blur import KERNEL_SIDE, apply_filter, decode, family_shares, inverse_filter
from nitido.blur_estimator import BlurEstimator
from nitido.photo.model import Pixels

NAMES = ("motion", "disc", "gaussian", "extent", "undone")


def measure(
    crop: Pixels, power: NDArray[np.float32], sigma: float, estimator: BlurEstimator
) -> dict[str, float]:
    """Probabilities of the families, extent of the likeliest blur, and how much a native-size crop changes
    when that is undone as a restorer begins to: a logarithm of squared grey levels.
    """
    probabilities = estimator.probabilities(power)
    blur, _ = decode(probabilities, estimator.space)
    shares = family_shares(probabilities, estimator.space)
    changed = 0.0
    if blur.family != "sharp":
        sharper = apply_filter(crop, inverse_filter(blur.kernel(), sigma))
        changed = float(np.square(sharper.astype(np.float32) - crop).mean())
    return {
        "motion": shares["motion"],
        "disc": shares["disc"],
        "gaussian": shares["gaussian"],
        "extent": blur.extent / (KERNEL_SIDE // 2),
        "undone": math.log2(1 + changed) / 12,
    }
