"""What the runtime undoes in closed form before the restoration network, as trainings and exports need it."""

from __future__ import annotations

from nitido.blur import Blur, apply_filter, inverse_filter, noise_sigma
from nitido.deblock import deblock
from nitido.jpeg_steps import find_steps
from nitido.photo.model import Pixels


def deconvolved(pixels: Pixels, blur: Blur) -> Pixels:
    """The photo after the inverse filter of ``blur``."""
    if blur.family == "sharp":
        return pixels
    return apply_filter(pixels, inverse_filter(blur.kernel(), noise_sigma(pixels)))


def deblocked(pixels: Pixels) -> Pixels:
    """The photo without the rounding of its JPEG; the photo itself where it shows no traces of one."""
    steps = find_steps(pixels)
    return pixels if steps is None else deblock(pixels, steps)
