"""Photos of one grey level each, and a trigger and restorer that are plain functions of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido.enhancer import Enhancer
from nitido.photo.model import Pixels
from nitido.trigger import Improvability

MakePhoto = Callable[[Path, int], Path]


def assess(pixels: Pixels) -> Improvability:
    """Dark photos would gain much, bright ones nothing."""
    score = 1.0 - float(pixels.mean()) / 255
    return Improvability(score, {"denoise": score / 2, "deblur": 0.0}, score >= 0.5)


def assess_by_factor(pixels: Pixels) -> Improvability:
    """As ``assess``; what there is to gain is gained by removing noise, and the photo is sharp."""
    found = assess(pixels)
    thresholds = {"denoise": 0.25, "deblur": 0.25, "upscale": 0.1}
    return Improvability.judged(found.score, {**found.factors, "upscale": 0.0}, found.recommended, thresholds)


def brighten(pixels: Pixels, strength: object) -> Pixels:
    """Far from any rounding of JPEG."""
    return np.full_like(pixels, 250)


@pytest.fixture
def enhancer() -> Enhancer:
    return Enhancer(assess, brighten)


@pytest.fixture
def trigger() -> Callable[[Pixels], Improvability]:
    return assess


@pytest.fixture
def trigger_by_factor() -> Callable[[Pixels], Improvability]:
    return assess_by_factor


@pytest.fixture
def make_photo() -> MakePhoto:
    """Writes a photo of one grey level and makes the folders that it needs."""

    def make(path: Path, level: int) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 6), (level, level, level)).save(path)
        return path

    return make
