"""Cues of JPEG: the steps found in the pixels, and what rounding to them cost."""

from __future__ import annotations

import math

from nitido.jpeg_steps import find_steps, rounding
from nitido.photo.model import Pixels

NAMES = ("blocking", "rounding", "coarse_rounding", "vanished")


def measure(pixels: Pixels) -> dict[str, float]:
    """All 0 for a photo without traces of a JPEG; logarithms of grey levels and of their squares."""
    steps = find_steps(pixels)
    if steps is None:
        return dict.fromkeys(NAMES, 0.0)
    cost = rounding(pixels, steps)
    return {
        "blocking": math.log2(1 + float(steps.mean())) / 8,
        "rounding": math.log2(1 + cost.error) / 8,
        "coarse_rounding": math.log2(1 + cost.coarse) / 8,
        "vanished": cost.vanished,
    }


def jpeg_step(pixels: Pixels) -> float:
    """Mean quantisation step of the last JPEG's luma, as found in the pixels; 0 where there are no traces."""
    steps = find_steps(pixels)
    return 0.0 if steps is None else float(steps.mean())
