"""Cues move with the defect that they are named for, and stay bounded for any photo."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from nitido.blur import Blur, grid
from nitido.blur_estimator import BlurEstimator
from nitido.bundle.manifest import BlurSpace, View
from nitido.cues import BLUR_CUES, CUES, look
from nitido.cues.texture import laplacian_variance
from nitido.photo.model import Pixels
from nitido.photo.read import read_photo
from nitido.view import mosaic

SAMPLES = Path(__file__).parents[2] / "samples"
VIEW = View(size=448, crop=224, count=4)
SPACE = BlurSpace(
    window=64,
    motion_lengths=(3.0, 6.0, 9.0),
    motion_angles=8,
    disc_radii=(1.0, 2.0),
    gaussian_sigmas=(1.0, 2.0),
)
VIEWS = [VIEW, View(size=64, crop=64, count=0, whole=1), View(size=64, crop=32, count=3, whole=1)]


@pytest.fixture(scope="module")
def photo() -> Pixels:
    return read_photo(SAMPLES / "rocket_sharp.png").pixels


def cues_of(pixels: Pixels) -> dict[str, float]:
    return dict(zip(CUES, look(pixels, VIEW)[1].tolist(), strict=True))


def as_jpeg(pixels: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def test_blocking_grows_as_quality_falls(photo: Pixels) -> None:
    found = [cues_of(as_jpeg(photo, quality))["blocking"] for quality in (70, 40, 15)]
    assert 0.3 < found[0] < found[1] < found[2] < 1


def test_noise_grows_with_noise(photo: Pixels) -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(photo.shape)
    found = [
        cues_of(np.clip(photo + sigma * noise, 0, 255).astype(np.uint8))["noise"] for sigma in (0, 6, 20)
    ]
    assert found[0] < found[1] < found[2]


def test_blur_takes_detail_and_even_more_of_the_finest(photo: Pixels) -> None:
    sharp, soft = (
        cues_of(np.asarray(Image.fromarray(photo).filter(ImageFilter.GaussianBlur(radius))))
        for radius in (0, 2)
    )
    assert soft["detail"] < sharp["detail"] - 0.1
    assert soft["fineness"] < sharp["fineness"] - 0.1


def test_highlights_count_full_pixels_of_the_whole_photo() -> None:
    pixels = np.full((1200, 1600, 3), 90, np.uint8)
    pixels[:300] = (90, 255, 90)
    assert cues_of(pixels)["full"] == pytest.approx(0.25**0.5, abs=0.01)  # sampled, so not exact


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 700),
    st.integers(1, 700),
    st.sampled_from(VIEWS),
    st.sampled_from(["noise", "flat", "stripes"]),
)
def test_cues_of_any_photo_are_small_numbers(height: int, width: int, view: View, kind: str) -> None:
    pixels = np.zeros((height, width, 3), np.uint8)
    if kind == "noise":
        pixels[:] = np.random.default_rng(0).integers(0, 256, pixels.shape)
    elif kind == "stripes":
        pixels[::2, ::2] = 255  # as much detail as there can be
    image, cues = look(pixels, view)
    assert np.array_equal(image, mosaic(pixels, view))
    assert (cues.shape, cues.dtype) == ((len(CUES),), np.float32)
    assert (cues >= 0).all()
    assert (cues <= 1.5).all()


def test_a_photo_without_neighbours_has_no_detail() -> None:
    assert laplacian_variance(np.full((2, 9, 3), 50, np.uint8)) == (0.0, 0.0)


class BlursOf:
    """An estimator that finds what it is told, and counts how often it is asked."""

    def __init__(self, blur: Blur) -> None:
        self.asked = 0
        self._blur = blur

    def __call__(self, features: np.ndarray) -> np.ndarray:
        self.asked += 1
        return np.array([float(point == self._blur) for point in grid(SPACE)], np.float32)


def blur_cues_of(pixels: Pixels, blur: Blur) -> dict[str, float]:
    estimator = BlurEstimator(BlursOf(blur), SPACE)
    return dict(zip((*CUES, *BLUR_CUES), look(pixels, VIEW, estimator)[1].tolist(), strict=True))


def test_with_an_estimator_cues_say_which_blur_it_finds_and_what_undoing_it_would_change(
    photo: Pixels,
) -> None:
    found = blur_cues_of(photo, Blur("disc", 2.0))
    assert (found["motion"], found["disc"], found["gaussian"]) == (0, 1, 0)
    assert found["extent"] == pytest.approx(2 / 16)
    assert 0 < found["undone"] < 1
    assert {name: found[name] for name in CUES} == cues_of(photo)


def test_a_longer_blur_would_change_more(photo: Pixels) -> None:
    found = [blur_cues_of(photo, Blur("motion", length, 0.0))["undone"] for length in (3.0, 9.0)]
    assert found[0] < found[1]


def test_sharp_photos_have_no_cues_of_blur(photo: Pixels) -> None:
    found = blur_cues_of(photo, Blur("sharp"))
    assert [found[name] for name in BLUR_CUES] == [0.0] * len(BLUR_CUES)


def test_a_photo_is_asked_about_once(photo: Pixels) -> None:
    network = BlursOf(Blur("sharp"))
    look(photo, VIEW, BlurEstimator(network, SPACE))
    assert network.asked == 1
