"""JPEG's steps are read off the pixels, and undoing them helps, never harms, and asks no file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from nitido.deblock import deblock
from nitido.jpeg_steps import find_steps, standard_steps
from nitido.photo.model import Pixels
from nitido.photo.read import read_photo
from nitido_train.metrics import psnr_y

SAMPLES = Path(__file__).parent.parent.parent / "samples"


def sharp(name: str = "astronaut_sharp.jpg", side: int = 256) -> Pixels:
    """A photo without the traces of its own file: shrunk by two."""
    image = Image.fromarray(read_photo(SAMPLES / name).pixels).reduce(2)
    return np.asarray(image)[:side, :side]


def compressed(pixels: Pixels, quality: int, subsampling: int = 0) -> Image.Image:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    return Image.open(buffer)


@pytest.mark.parametrize("quality", [1, 10, 35, 50, 75, 95, 100])
def test_standard_steps_are_those_that_pillow_writes(quality: int) -> None:
    written = compressed(sharp(side=16), quality).quantization  # type: ignore[attr-defined]  # JPEG only
    assert np.array_equal(standard_steps(quality).ravel(), written[0])


@pytest.mark.parametrize("subsampling", [0, 2])
@pytest.mark.parametrize("quality", [20, 40, 60, 80, 90])
def test_steps_are_found_in_the_pixels(quality: int, subsampling: int) -> None:
    found = find_steps(np.asarray(compressed(sharp(), quality, subsampling)))
    assert found is not None
    true = standard_steps(quality)
    low = found[:3, :3].ravel()[1:]  # where every photo has coefficients; the mean is not looked at
    assert np.mean(low == true[:3, :3].ravel()[1:]) >= 0.75
    assert np.median(np.abs(found - true) / true) < 0.1


@pytest.mark.parametrize("name", ["astronaut_sharp.jpg", "coffee_sharp.jpg"])
def test_photos_without_traces_of_a_jpeg_have_none(name: str) -> None:
    photo = sharp(name)
    noisy = np.clip(photo + np.random.default_rng(0).normal(0, 12, photo.shape), 0, 255).astype(np.uint8)
    moved = np.asarray(compressed(photo, 50))[3:, 5:]
    for pixels in (photo, noisy, moved, np.full((64, 64, 3), 90, np.uint8)):
        assert find_steps(pixels) is None


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (8, 8), (9, 17)])
def test_photos_of_any_size_are_taken(size: tuple[int, int]) -> None:
    pixels = sharp()[: size[0], : size[1]]
    assert find_steps(pixels) is None
    assert deblock(pixels, standard_steps(30)).shape == pixels.shape


@pytest.mark.parametrize(("quality", "gain"), [(10, 0.4), (20, 0.3), (50, 0.3), (85, 0.1)])
def test_deblocking_brings_the_photo_nearer_to_the_original(quality: int, gain: float) -> None:
    gains = []
    for name in ("astronaut_sharp.jpg", "coffee_sharp.jpg"):
        photo = sharp(name)
        damaged = np.asarray(compressed(photo, quality, 2))
        steps = find_steps(damaged)
        assert steps is not None
        gains.append(psnr_y(deblock(damaged, steps), photo, 0) - psnr_y(damaged, photo, 0))
    assert min(gains) >= gain, gains


def test_only_luma_changes_and_no_more_than_rounding_explains() -> None:
    damaged = np.asarray(compressed(sharp(), 20))
    change = deblock(damaged, standard_steps(20)).astype(int) - damaged
    inside = (damaged > 60).all(-1) & (damaged < 195).all(-1)  # nothing clipped
    assert np.ptp(change[inside], axis=-1).max() <= 1  # equal in all channels but for rounding
    luma = np.where(inside, change[..., 1], np.nan).reshape(32, 8, 32, 8).transpose(0, 2, 1, 3)
    blocks = luma.reshape(-1, 8, 8)
    coefficients = np.abs(dctn(blocks[~np.isnan(blocks).any((1, 2))], axes=(1, 2), norm="ortho"))
    assert len(coefficients) > 50
    # A quarter of each step, and 2 for the rounding of 64 pixels (0.3 each, 7 standard deviations).
    assert (coefficients <= 0.25 * standard_steps(20) + 2).all()
    assert coefficients.max() > 4  # else nothing was done
