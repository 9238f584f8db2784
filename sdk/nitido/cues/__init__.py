"""Cues: what classical measurements say of a photo and a network would have to learn to measure.

A JPEG's quantisation is a period in the cosine coefficients of its blocks, a blur is a pattern of zeros in
the spectrum, and noise below texture is a matter of statistics: networks read all three off an image badly.
So a trigger gets some numbers beside its view, and with an estimator of blur a few more. They cost the same
for a photo of any size.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nitido.blur import noise_sigma, spectrum
from nitido.blur_estimator import BlurEstimator
from nitido.bundle.manifest import View
from nitido.cues import artifacts, light, softness, texture
from nitido.photo.model import Pixels
from nitido.view import arranged, cells

CUES = (*artifacts.NAMES, "noise", *texture.NAMES, *light.NAMES)
"""Names of the cues in their order; each is about 0 to 1."""
BLUR_CUES = softness.NAMES
"""Those that follow where there is an estimator of blur."""
_WINDOW = 64
"""Side in pixels of the spectrum's windows, where no estimator asks for another."""
_LARGEST = 1.5
"""No photo has more; a test pattern must not leave the range that quantised builds were calibrated for."""


def look(
    pixels: Pixels, view: View, estimator: BlurEstimator | None = None
) -> tuple[Pixels, NDArray[np.float32]]:
    """What a trigger gets of a photo: the (size, size, 3) mosaic of its view, and the cues, (N,).

    N is the number of CUES, and with an estimator that of BLUR_CUES more.
    """
    seen = cells(pixels, view)
    whole = pixels if view.count else seen[0]  # shrunk photos are all that such a view asks to be decoded
    power = spectrum(whole, estimator.space.window if estimator else _WINDOW)
    sigma = noise_sigma(whole)
    found: dict[str, float] = {
        **artifacts.measure(whole),
        "noise": float(np.log2(1 + sigma)) / 6,
        **texture.measure(seen[: view.count] or seen[:1], power),
        **light.measure(whole),
    }
    if estimator is not None:
        found |= softness.measure(seen[0], power, sigma, estimator)
    return arranged(seen, view), _vector(found)


def _vector(found: Mapping[str, float]) -> NDArray[np.float32]:
    vector: NDArray[np.float32] = np.clip(np.array(list(found.values()), np.float32), 0, _LARGEST)
    return vector
