"""What a JPEG's steps tell of its cost: the estimate follows the true error, and is none without a JPEG."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido.jpeg_steps import find_steps, rounding, standard_steps
from nitido.photo.model import LUMA, Pixels
from nitido.photo.read import read_photo

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module", params=["rocket_sharp.png", "coffee_small.png"])
def luma(request: pytest.FixtureRequest) -> Pixels:
    """Grey, since colours are rounded on a grid of their own."""
    grey = (read_photo(SAMPLES / request.param).pixels @ LUMA).round().astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def saved(pixels: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0]).save(file, "JPEG", quality=quality)
    return np.repeat(np.asarray(Image.open(file))[..., None], 3, axis=2)


@pytest.mark.parametrize("quality", [15, 30, 50, 75])
def test_the_error_of_rounding_is_told_without_the_original(luma: Pixels, quality: int) -> None:
    damaged = saved(luma, quality)
    steps = find_steps(damaged)
    assert steps is not None
    true = float(np.square(damaged.astype(float) - luma)[..., 0].mean())
    too_high = 10 * np.log10(rounding(damaged, steps).error / true)
    # The density is a model of photos, not a law; coffee_small is smoother than most.
    assert -1.5 < too_high < 3.5


def test_coarser_steps_cost_more_and_leave_fewer_coefficients(luma: Pixels) -> None:
    found = [rounding(saved(luma, quality), standard_steps(quality)) for quality in (75, 40, 15)]
    assert found[0].error < found[1].error < found[2].error
    assert found[0].vanished < found[1].vanished < found[2].vanished < 1
    assert all(0 < r.coarse < r.error for r in found)
