"""Pictures that no training saw, each clean and degraded, and what enhancing them truly gains."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nitido.photo.model import Pixels
from nitido_train.data import load_rgb
from nitido_train.degrade import Degradation, random_degradation
from nitido_train.label import Sample
from nitido_train.label.enhancers import Models
from nitido_train.label.measure import measure
from nitido_train.label.samples import crop_of, degraded

_SYMMETRIES = 8


@dataclass(frozen=True, eq=False)
class Case:
    """One picture as an application gets it, and its pristine original."""

    sample: Sample
    photo: Pixels
    """The whole photo that the sample is a part of."""
    pixels: Pixels
    pristine: Pixels


def cases(file: Path, group: str, versions: int, side: int) -> Iterator[Case]:
    """Per version of a photo the pristine picture, then the same picture degraded: half are clean.

    A version is a square of at most ``side`` pixels, turned or mirrored in its own way. Everything is drawn
    from a hash of names that training never uses, so neither order nor number of photos changes a picture.
    """
    photo = load_rgb(file)
    height, width = photo.shape[:2]
    side = min(height, width, side) // 2 * 2
    for version in range(versions):
        key = f"nitido-bench trigger/{group}/{file.name}/{version}"
        rng = np.random.default_rng(int.from_bytes(hashlib.sha256(key.encode()).digest()))
        top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        seed = int(rng.integers(2**63))
        for degradation in (Degradation(), _damage(rng)):
            sample = Sample(
                file.name,
                photo_hash="",
                top=top,
                left=left,
                side=side,
                symmetry=version % _SYMMETRIES,
                seed=seed,
                clean=degradation.is_clean,
                degradation=degradation,
            )
            pristine = crop_of(sample, photo)
            yield Case(sample, photo, degraded(sample, pristine), pristine)


def _damage(rng: np.random.Generator) -> Degradation:
    while (degradation := random_degradation(rng)).is_clean:
        continue
    return degradation


def true_gains(case: Case, models: Models) -> dict[str, float]:
    """Change of quality against the pristine picture: ``joint``, per factor alone, and ``upscale``.

    Measured as the labels of a training are.
    """
    deltas = {str(row["factor"]): row["reference_delta"] for row in measure(case.sample, case.photo, models)}
    return {name: delta for name, delta in deltas.items() if isinstance(delta, float)}
