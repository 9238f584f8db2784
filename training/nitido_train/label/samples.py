"""Samples: which crop of which photo with which degradation, and its pixels, made again whenever needed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nitido.blur import Blur
from nitido.photo.model import Pixels
from nitido_train import data
from nitido_train.degrade import FACTORS, Degradation, Saturation, degrade, random_damage
from nitido_train.label.photos import decoded
from nitido_train.label.plan import LabelConfig

_JPEG_GRID = 8


@dataclass(frozen=True)
class Sample:
    """One crop of one photo, degraded or not; enough to make its pixels again."""

    photo: str
    """Path below the folder of photos, with slashes."""
    photo_hash: str
    """First 16 hex digits of the file's sha256."""
    top: int
    left: int
    side: int
    symmetry: int
    """Of ``data.random_symmetry``, 0..7."""
    seed: int
    """Draws the noise."""
    clean: bool
    """True for a pristine crop that was not degraded."""
    degradation: Degradation
    gains: Mapping[str, float] = field(default_factory=dict)
    """What enhancing gains, -9..9, per name of ``degrade.GAINS``; empty before it is measured."""

    @property
    def has_pristine(self) -> bool:
        """False for a photo taken as it is: nobody knows its pristine original."""
        return self.clean or not self.degradation.is_clean


def plan_samples(photo: str, photo_hash: str, pixels: Pixels, config: LabelConfig) -> list[Sample]:
    """The samples of one photo, drawn from the seed, the photo's name and its contents, and nothing else.

    So neither the order of the photos nor who works on them matters. More samples per photo keep the first.
    Empty for a photo that is smaller than a crop.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < config.side:
        return []
    samples = []
    for index in range(config.samples_per_photo):
        key = json.dumps([config.seed, photo, photo_hash, index])
        rng = np.random.default_rng(int.from_bytes(hashlib.sha256(key.encode()).digest()))
        grid = _JPEG_GRID if config.as_is else 1  # a JPEG's traces stay where an enhancer expects them
        top, left = (int(rng.integers((size - config.side) // grid + 1)) * grid for size in (height, width))
        symmetry, seed = int(rng.integers(8)), int(rng.integers(2**63))
        clean = bool(rng.random() < config.clean)
        if config.as_is:
            symmetry, clean, degradation = 0, False, Degradation()
        else:
            degradation = Degradation() if clean else _damage(rng)
        samples.append(Sample(photo, photo_hash, top, left, config.side, symmetry, seed, clean, degradation))
    return samples


def _damage(rng: np.random.Generator) -> Degradation:
    """Half with a single damage, each as often as the others: a trigger must know each on its own."""
    alone = frozenset({str(rng.choice(FACTORS))}) if rng.random() < 0.5 else None
    return random_damage(rng, alone)


def crop_of(sample: Sample, photo: Pixels) -> Pixels:
    """The sample's crop of its photo, before degradation."""
    side = sample.side
    crop = photo[sample.top : sample.top + side, sample.left : sample.left + side]
    return np.ascontiguousarray(data.random_symmetry(crop, sample.symmetry))


def degraded(sample: Sample, crop: Pixels) -> Pixels:
    """The crop as the trigger and the enhancer see it, the same bytes every time."""
    return degrade(crop, sample.degradation, np.random.default_rng(sample.seed)).pixels


def pixels_of(sample: Sample, folder: Path) -> Pixels:
    """The pixels that a label was measured on, made again from the folder of photos.

    Photos stay decoded as long as memory set aside for them lasts. Raises TrainingDataError for a photo that
    is no longer what it was.
    """
    return degraded(sample, crop_of(sample, decoded(folder / sample.photo, sample.photo_hash)))


def degradation_to_text(degradation: Degradation) -> str:
    """JSON, the same text for the same degradation in every version."""
    values = asdict(degradation)
    if not degradation.mosaic:
        del values["mosaic"]  # labels made before there was one have the same hashes
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


def degradation_from_text(text: str) -> Degradation:
    """The exact inverse of ``degradation_to_text``."""
    values: dict[str, Any] = json.loads(text)
    saturation = values.pop("saturation")
    return Degradation(
        blur=Blur(**values.pop("blur")), saturation=Saturation(**saturation) if saturation else None, **values
    )
