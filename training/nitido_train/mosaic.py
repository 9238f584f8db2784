"""The noise of real photos: a sensor sees one colour per pixel, and what is between is interpolated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve

_CROSS = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]], np.float32) / 4
_AROUND = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32) / 4
"""Bilinear interpolation of the sensor's samples of green, and of those of red or blue."""


def demosaicked(sigma: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise of (H, W, 3) deviations as bilinear demosaicking of an RGGB sensor leaves it, same shape.

    Each pixel of the sensor has noise in its own colour; the two other colours are averages of neighbours.
    That is linear: what it makes of the noise does not depend on the photo, whose own colours stay whole.
    """
    height, width = sigma.shape[:2]
    drawn = rng.standard_normal((height, width), dtype=np.float32)
    red = np.zeros((height, width), bool)
    blue = np.zeros_like(red)
    red[::2, ::2] = blue[1::2, 1::2] = True
    kernels = (_AROUND, _CROSS, _AROUND)
    noise = np.empty_like(sigma)
    for channel, (site, kernel) in enumerate(zip((red, ~(red | blue), blue), kernels, strict=True)):
        sampled = np.where(site, drawn * sigma[..., channel], 0)
        noise[..., channel] = convolve(sampled, kernel, mode="mirror")  # which keeps the mosaic's pattern
    return noise
