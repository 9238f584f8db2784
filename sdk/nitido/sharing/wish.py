"""What a downscaling network is told beside the photo: the wish for its result, as numbers (D4, D8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nitido.errors import InvalidOption
from nitido.sharing.coarseness import Codec, coarseness

Weights = tuple[float, float, float]
"""Of square error, of structure (MS-SSIM) and of edges; they sum to one (D3)."""

_PATH: tuple[Weights, ...] = ((1.0, 0.0, 0.0), (0.4, 0.5, 0.1), (0.0, 0.5, 0.5))
"""What ``detail`` 0, 0.5 and 1 mean."""
COUNT = 7
_CRISPNESS = 0.1
"""At the slider's upper end: more would cost too many bits at equal quality."""


@dataclass(frozen=True)
class Wish:
    """What the result is for."""

    weights: Weights
    codec: Codec
    quality: float
    """As the codec counts it."""
    factor: float
    """Of the result's size to the photo's."""
    learned_receiver: bool = False
    """Whether a Nitido network, not a classic filter, will enlarge it again."""
    crispness: float = 0.0
    """What is added to the finest detail of the network's result, as a share of it; no network is told."""

    def vector(self) -> NDArray[np.float32]:
        """(COUNT,), each entry about as large as 1."""
        return np.array(
            [
                *self.weights,
                (coarseness(self.codec, self.quality) - 4) / 2,
                2 * self.factor - 1,
                float(self.learned_receiver),
                float(self.codec == "jpeg"),
            ],
            np.float32,
        )


def crispness_of(detail: float) -> float:
    """How much crisper than the network makes it the slider wants a result: not at all up to the middle.

    The losses that its ends weigh want nearly the same picture, so that people would see no difference. To
    soften results at the lower end was tried: it costs bits at equal quality, which is what that end is for.
    """
    return _CRISPNESS * max(0.0, 2 * detail - 1)


def weights_of(detail: float) -> Weights:
    """The weights at a place of the slider, 0 (true, few bits) to 1 (crisp). Raises InvalidOption."""
    if not 0 <= detail <= 1:
        raise InvalidOption(f"expected a detail from 0 to 1, got {detail}; 0.5 is usual")
    place = min(int(2 * detail), 1)
    share = 2 * detail - place
    first, second = _PATH[place], _PATH[place + 1]
    a, b, c = (x + share * (y - x) for x, y in zip(first, second, strict=True))
    return a, b, c
