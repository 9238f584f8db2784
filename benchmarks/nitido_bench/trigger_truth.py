"""Pictures that no training saw, each clean and degraded, and what enhancing them truly gains."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import nitido
from nitido.photo.model import Pixels
from nitido_train.data import load_rgb
from nitido_train.degrade import Degradation, random_damage
from nitido_train.label import Sample
from nitido_train.label.enhancers import Models
from nitido_train.label.measure import measure
from nitido_train.label.samples import crop_of, degraded
from nitido_train.opinion.pseudo import quality

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
    for version in range(versions):
        rng = _rng(f"{group}/{file.name}/{version}")
        sample = _clean_sample(file, photo, side, version % _SYMMETRIES, rng)
        damage = random_damage(rng)
        for one in (sample, replace(sample, clean=False, degradation=damage)):
            yield _case(one, photo)


def damaged_alone(file: Path, group: str, factor: str, side: int) -> Case:
    """A square of the photo with one damage of random severity, the one that ``factor`` removes."""
    rng = _rng(f"{group}/{file.name}/{factor}")
    photo = load_rgb(file)
    sample = _clean_sample(file, photo, side, 0, rng)
    damage = random_damage(rng, frozenset({factor}))
    return _case(replace(sample, clean=False, degradation=damage), photo)


def _rng(name: str) -> np.random.Generator:
    key = f"nitido-bench trigger/{name}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(key.encode()).digest()))


def _clean_sample(file: Path, photo: Pixels, side: int, symmetry: int, rng: np.random.Generator) -> Sample:
    height, width = photo.shape[:2]
    side = min(height, width, side) // 2 * 2
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    return Sample(
        file.name,
        photo_hash="",
        top=top,
        left=left,
        side=side,
        symmetry=symmetry,
        seed=int(rng.integers(2**63)),
        clean=True,
        degradation=Degradation(),
    )


def _case(sample: Sample, photo: Pixels) -> Case:
    pristine = crop_of(sample, photo)
    return Case(sample, photo, degraded(sample, pristine), pristine)


def true_gains(case: Case, models: Models) -> dict[str, float]:
    """Change of quality against the pristine picture: ``joint``, per factor alone, and ``upscale``.

    Measured as the labels of a training are.
    """
    deltas = {str(row["factor"]): row["reference_delta"] for row in measure(case.sample, case.photo, models)}
    return {name: delta for name, delta in deltas.items() if isinstance(delta, float)}


def gain_of(factor: str, case: Case, restore: nitido.Restorer) -> float:
    """Change of quality against the pristine picture when one factor alone is removed."""
    restored = restore(case.pixels, {factor: 1.0})
    return quality(restored, case.pristine) - quality(case.pixels, case.pristine)
