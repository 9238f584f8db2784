"""Degradations are exact sums of what each factor added, and are drawn reproducibly."""

from __future__ import annotations

import numpy as np
import pytest

from nitido.blur import Blur
from nitido_train.degrade import (
    FACTORS,
    Degradation,
    Saturation,
    compressed,
    degrade,
    noisy,
    random_damage,
    random_degradation,
    saturated,
)


def photo(height: int = 64, width: int = 80, seed: int = 0) -> np.ndarray:
    """Smooth colour with edges: enough structure for every degradation to show."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 250, size=(height // 8, width // 8, 3))
    return np.kron(coarse, np.ones((8, 8, 1))).astype(np.uint8)


@pytest.mark.parametrize("seed", range(12))
def test_degraded_photo_is_the_clean_one_plus_one_residual_per_factor(seed: int) -> None:
    rng = np.random.default_rng(seed)
    clean = photo(seed=seed)
    degraded = degrade(clean, random_degradation(rng), rng)
    assert set(degraded.residuals) == set(FACTORS)
    total = clean + sum(residual.astype(int) for residual in degraded.residuals.values())
    assert np.array_equal(total, degraded.pixels)


def test_default_degradation_changes_nothing() -> None:
    clean = photo()
    degraded = degrade(clean, Degradation(), np.random.default_rng(0))
    assert np.array_equal(degraded.pixels, clean)
    assert not any(residual.any() for residual in degraded.residuals.values())


def test_same_seed_draws_the_same_degradation_and_another_seed_does_not() -> None:
    draws = [random_degradation(np.random.default_rng(seed)) for seed in (7, 7, 8)]
    assert draws[0] == draws[1] != draws[2]


def test_noise_has_the_stated_deviation() -> None:
    grey = np.full((256, 256, 3), 128, np.uint8)
    read = noisy(grey, 10, 0, np.random.default_rng(0)).astype(float) - 128
    shot = noisy(grey, 0, 0.5, np.random.default_rng(0)).astype(float) - 128
    assert read.std() == pytest.approx(10, rel=0.02)  # 196,608 samples: the standard error is 0.2 %
    assert shot.std() == pytest.approx(8, rel=0.02)


def test_saturation_only_brightens_and_only_where_light_is_or_spills() -> None:
    clean = np.full((64, 64, 3), 60, np.uint8)
    clean[24:40, 24:40] = 230
    result = saturated(clean, Saturation(knee=150, slope=4, spill=0.3, reach=2)).astype(int)
    assert (result[24:40, 24:40] == 255).all()
    assert (result >= clean - 1).all()  # rounding of the spread light
    assert result[23, 30, 0] > 60
    assert (result[:8] == 60).all()


def test_greyscale_photo_is_compressed_without_colour() -> None:
    grey = np.repeat(photo()[..., :1], 3, axis=2)
    result = compressed(grey, 10)
    assert np.array_equal(result[..., 0], result[..., 2])
    assert not np.array_equal(result, grey)


def test_blur_keeps_the_mean_and_lowers_contrast() -> None:
    clean = photo()
    result = degrade(clean, Degradation(blur=Blur("disc", 3)), np.random.default_rng(0)).pixels
    assert result.mean() == pytest.approx(clean.mean(), abs=1.0)  # mirrored borders move it a little
    assert result.std() < 0.9 * clean.std()


@pytest.mark.parametrize("factor", FACTORS)
def test_damage_of_one_kind_is_that_kind_alone(factor: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        damage = random_damage(rng, frozenset({factor}))
        assert damage.factors == {factor}
        assert not damage.is_clean


def test_damage_of_any_kind_is_never_none() -> None:
    rng = np.random.default_rng(0)
    drawn = [random_damage(rng) for _ in range(100)]
    assert all(damage.factors for damage in drawn)
    assert {len(damage.factors) for damage in drawn} == {1, 2, 3, 4}
