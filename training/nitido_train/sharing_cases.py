"""Cases that downscaling networks train on: crops, codec, quality, size, receiver and wish of a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from torch import Tensor

from nitido.sharing.wish import Weights, Wish, weights_of
from nitido_train.codecs import CODECS, QUALITIES, Codec, Plane, planes_to_tensor
from nitido_train.data import crops, random_symmetry
from nitido_train.motion import moving

SIDE = 192
"""Of the crops."""
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_SEEN_THROUGH = {"nearest": 0.05, "bilinear": 0.15, "bicubic": 0.6, "lanczos": 0.2}
"""How often each classic filter enlarges; apps and browsers use the third most."""
_SENT_AS: dict[Codec, float] = {"jpeg": 0.5, "webp": 0.3, "h264": 0.2}
"""How often each codec codes photos; clips are H.264's beside that."""


@dataclass(frozen=True)
class Case:
    """What happens to a batch."""

    codec: Codec
    quality: int
    side: int
    """Of the small crops."""
    receiver: str
    """A filter of ``FILTERS``, or ``sr`` for the learned one."""

    @property
    def factor(self) -> float:
        """Small over large."""
        return self.side / SIDE


@dataclass(frozen=True)
class Sample:
    """What one step trains on."""

    large: Tensor
    """(N, 1, SIDE, SIDE) crops, or frames of a clip in a row."""
    case: Case
    wish: Wish
    clip: bool = False


def batches(
    planes: Sequence[Plane],
    batch: int,
    seed: int,
    codecs: Sequence[Codec] = CODECS,
    half: bool = False,
    clips: float = 0.0,
    learned: float = 0.5,
) -> Iterator[Sample]:
    """Endless random crops, each batch with a case and a wish of its own; with ``half`` all to half size.

    ``clips`` is how many of the batches are photos in motion, ``batch`` frames of one, for H.264; ``learned``
    how many of those that the learned receiver can enlarge enough go to it.
    """
    rng = np.random.default_rng(seed)
    places = crops(planes, SIDE, rng)
    roomy = [plane for plane in planes if min(plane.shape) >= SIDE]
    while True:
        clip = rng.random() < clips
        case = draw(rng, ("h264",) if clip else codecs, half, learned)
        if clip:
            chosen = list(moving(roomy, SIDE, batch, rng))
        else:
            chosen = [
                random_symmetry(planes[index][top : top + SIDE, left : left + SIDE], int(rng.integers(8)))
                for index, top, left in (next(places) for _ in range(batch))
            ]
        wish = Wish(draw_weights(rng), case.codec, case.quality, case.factor, case.receiver == "sr")
        yield Sample(planes_to_tensor(chosen), case, wish, clip)


def draw_weights(rng: np.random.Generator) -> Weights:
    """Half of them of the slider's path, its ends and its middle most often; half anywhere.

    The ends are corners of what weights can be, and were hardly ever drawn without the path.
    """
    if rng.random() < 0.5:
        return weights_of(float(rng.choice((0.0, 0.5, 1.0)) if rng.random() < 0.5 else rng.random()))
    first, second, third = (float(weight) for weight in rng.dirichlet((0.5, 0.5, 0.5)))
    return first, second, third


def draw(rng: np.random.Generator, codecs: Sequence[Codec], half: bool, learned: float) -> Case:
    """A random case: three in five halve the photo."""
    often = np.array([_SENT_AS[codec] for codec in codecs])
    codec = codecs[int(rng.choice(len(codecs), p=often / often.sum()))]
    quality = round(float(rng.uniform(*sorted(QUALITIES[codec]))))
    side = SIDE // 2 if half or rng.random() < 0.6 else 8 * int(rng.integers(SIDE // 32, SIDE // 8 + 1))
    if side >= SIDE // 2 and rng.random() < learned:
        return Case(codec, quality, side, "sr")
    return Case(codec, quality, side, str(rng.choice(list(_SEEN_THROUGH), p=list(_SEEN_THROUGH.values()))))
