"""Pseudo-opinions fall with damage, spread as people's do, and pairs are in the right order."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest

from nitido.blur import Blur
from nitido.photo.model import Pixels
from nitido_train.degrade import Degradation, Saturation, degrade, noisy
from nitido_train.metrics import psnr
from nitido_train.opinion.pseudo import (
    mean_opinion,
    quality,
    ranked_crops,
    rated_crops,
    ratings,
    structural_quality,
    weaker,
)
from nitido_train.opinion.rated import RATINGS


@pytest.fixture(scope="module")
def photo() -> Pixels:
    """Waves of several lengths, an edge and some grain."""
    y, x = np.mgrid[0:200, 0:220]
    waves = np.stack([np.sin(x / (2 + c)) * np.cos(y / (5 + 3 * c)) for c in range(3)], axis=2)
    grain = np.random.default_rng(0).normal(0, 4, waves.shape)
    return np.clip(110 + 60 * waves + 40 * (x > 100)[..., None] + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("rate", [quality, structural_quality, mean_opinion])
def test_ratings_fall_with_noise_from_ten_towards_one(rate, photo: Pixels) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(1)
    rated = [rate(noisy(photo, sigma, 0, rng), photo) for sigma in (0, 2, 5, 12, 30, 90)]
    assert rated[0] == pytest.approx(10, abs=1e-6)
    assert all(high > low for high, low in pairwise(rated))
    assert 1 < rated[-1] < 2


def test_thirty_decibels_are_the_middle_of_the_scale(photo: Pixels) -> None:
    error = np.where(np.indices(photo.shape).sum(0) % 2 == 0, 8, -8)
    moved = np.clip(photo.astype(int) + error, 0, 255).astype(np.uint8)
    assert quality(moved, photo) == pytest.approx(1 + 9 / (1 + np.exp(-(psnr(moved, photo) - 30) / 4)))
    assert abs(psnr(moved, photo) - 30.07) < 0.1
    assert quality(moved, photo) == pytest.approx(5.5, abs=0.1)


def test_structure_asks_for_the_size_that_it_needs(photo: Pixels) -> None:
    structural_quality(photo[:161, :161], photo[:161, :161])
    with pytest.raises(ValueError, match="expected at least 161 pixels a side for MS-SSIM, got 161 x 160"):
        structural_quality(photo[:160, :161], photo[:160, :161])


@pytest.mark.parametrize("mean", [1.0, 1.4, 5.5, 7.25, 10.0])
def test_ratings_have_their_mean_and_spread_most_in_the_middle(mean: float) -> None:
    shares = ratings(mean)
    assert shares.sum() == pytest.approx(1)
    assert shares @ RATINGS == pytest.approx(mean)
    assert shares @ (RATINGS - mean) ** 2 == pytest.approx((mean - 1) * (10 - mean) / 9)


@pytest.mark.parametrize(
    "degradation",
    [
        Degradation(blur=Blur("motion", 11, 0.4)),
        Degradation(blur=Blur("disc", 3)),
        Degradation(blur=Blur("gaussian", 1.5)),
        Degradation(saturation=Saturation(knee=150, slope=4, spill=0.2, reach=2)),
        Degradation(read_noise=20),
        Degradation(shot_noise=1),
        Degradation(jpeg_quality=15),
    ],
)
def test_weaker_degradations_are_closer_to_the_photo(degradation: Degradation, photo: Pixels) -> None:
    errors = []
    for share in (0, 0.3, 0.65, 1):
        damaged = degrade(photo, weaker(degradation, share), np.random.default_rng(2)).pixels
        errors.append(float(np.mean((damaged.astype(float) - photo) ** 2)))
    assert errors[0] == 0
    assert all(low < high for low, high in pairwise(errors))


@pytest.mark.parametrize("family", ["motion", "disc", "gaussian"])
def test_a_blur_of_next_to_nothing_is_none(family, photo: Pixels) -> None:  # type: ignore[no-untyped-def]
    faint = weaker(Degradation(blur=Blur(family, 3.0)), 0.001)
    assert faint.blur == Blur("sharp")


def test_pairs_differ_and_the_first_is_the_better_one(photo: Pixels) -> None:
    pairs = list(islice(ranked_crops([photo], 176, seed=3), 6))
    assert all(better.shape == worse.shape == (176, 176, 3) for better, worse in pairs)
    assert all(not np.array_equal(better, worse) for better, worse in pairs)
    again = next(ranked_crops([photo], 176, seed=3))
    assert np.array_equal(again[0], pairs[0][0])
    assert np.array_equal(again[1], pairs[0][1])


def test_rated_crops_cover_the_scale_and_clean_ones_are_rated_best(photo: Pixels) -> None:
    rated = list(islice(rated_crops([photo], 176, seed=4), 24))
    means = [one.mean for one in rated]
    assert max(means) == pytest.approx(10, abs=1e-6)
    assert min(means) < 5
