"""Cues of light: how much of the photo is full or nearly so, and its contrast."""

from __future__ import annotations

import numpy as np

from nitido.photo.model import Pixels

_LEVELS = {"full": 253, "bright": 240, "light": 200, "medium": 128}
"""Grey level of a pixel's brightest channel from which it counts; JPEG moves full ones a little."""
NAMES = (*_LEVELS, "contrast")
_SAMPLES = 256
"""Rows and columns in which pixels are looked at: enough to find any highlights that matter."""


def measure(pixels: Pixels) -> dict[str, float]:
    """Square roots of shares of the pixels; contrast is the standard deviation over half the grey levels."""
    rows, columns = (max(1, length // _SAMPLES) for length in pixels.shape[:2])
    red, green, blue = np.moveaxis(pixels[::rows, ::columns], 2, 0)
    brightest = np.maximum(np.maximum(red, green), blue)
    found = {name: float(np.sqrt((brightest >= level).mean())) for name, level in _LEVELS.items()}
    return found | {"contrast": float(brightest.std()) / 128}
