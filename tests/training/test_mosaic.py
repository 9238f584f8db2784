"""Noise of a colour mosaic: as strong as stated where the sensor saw a colour, smeared between."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from nitido_train.degrade import Degradation, degrade, random_degradation
from nitido_train.label.samples import degradation_from_text, degradation_to_text
from nitido_train.mosaic import demosaicked

FLAT = np.full((300, 300, 3), 10, np.float32)


def neighbours(plane: np.ndarray) -> float:
    return float(np.corrcoef(plane[:, :-1].ravel(), plane[:, 1:].ravel())[0, 1])


def test_a_sensors_own_samples_keep_their_deviation_and_the_others_are_averages() -> None:
    red, green, blue = np.moveaxis(demosaicked(FLAT, np.random.default_rng(0)), 2, 0)
    # 22,500 samples and more: standard errors below 0.5 %; twice as much each way
    assert red[::2, ::2].std() == pytest.approx(10, rel=0.02)
    assert blue[1::2, 1::2].std() == pytest.approx(10, rel=0.02)
    assert green[::2, 1::2].std() == pytest.approx(10, rel=0.02)
    assert green[::2, ::2].std() == pytest.approx(5, rel=0.02)  # of four samples
    assert red[1::2, 1::2].std() == pytest.approx(5, rel=0.02)
    assert red[::2, 1::2].std() == pytest.approx(10 / 2**0.5, rel=0.02)  # of two


def test_neighbours_are_alike_and_colours_are_not() -> None:
    noise = demosaicked(FLAT, np.random.default_rng(1))
    assert neighbours(noise[..., 0]) > neighbours(noise[..., 1]) > 0.3  # red has half the samples of green
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 2].ravel())[0, 1]) < 0.02


def test_shot_noise_follows_the_light() -> None:
    clean = np.full((120, 240, 3), 40, np.uint8)
    clean[:, 120:] = 160
    noise = degrade(clean, Degradation(shot_noise=1, mosaic=True), np.random.default_rng(2)).residuals[
        "denoise"
    ]
    assert noise[:, 130:].std() / noise[:, :110].std() == pytest.approx(2, rel=0.05)  # the root of four


def test_a_mosaic_of_one_pixel_works() -> None:
    assert demosaicked(FLAT[:1, :1], np.random.default_rng(0)).shape == (1, 1, 3)


def test_without_the_option_draws_are_those_of_earlier_versions() -> None:
    rng = np.random.default_rng(2026)
    texts = [degradation_to_text(random_degradation(rng)) for _ in range(100)]
    # made before there was an option; labels and benchmarks depend on these draws
    assert hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16] == "93825f6feca7033b"


def test_the_option_changes_the_noise_alone() -> None:
    found = 0
    for seed in range(200):
        plain = random_degradation(np.random.default_rng(seed))
        drawn = random_degradation(np.random.default_rng(seed), mosaic=0.5)
        assert replace(drawn, mosaic=False) == plain
        assert not drawn.mosaic or drawn.read_noise > 0
        found += drawn.mosaic
    assert 20 < found < 80  # half of those with noise, which are four in ten


def test_labels_of_earlier_versions_are_read_and_written_alike() -> None:
    old = (
        '{"blur":{"angle":0.0,"extent":0.0,"family":"sharp"},"jpeg_quality":null,"jpeg_subsampling":2,'
        '"read_noise":7.5,"saturation":null,"shot_noise":0.0}'
    )
    assert degradation_from_text(old) == Degradation(read_noise=7.5)
    assert degradation_to_text(Degradation(read_noise=7.5)) == old
    realistic = Degradation(read_noise=7.5, mosaic=True)
    assert degradation_from_text(degradation_to_text(realistic)) == realistic
