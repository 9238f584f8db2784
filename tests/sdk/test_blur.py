"""Kernels, spectra and inverse filters: what a blur is, how it is recognised, and how it is undone."""

from __future__ import annotations

import numpy as np
import pytest

from nitido.blur import (
    FILTER_RADIUS,
    Blur,
    apply_filter,
    decode,
    filter_valid,
    grid,
    inverse_filter,
    noise_sigma,
    spectrum,
)
from nitido.bundle.manifest import BlurSpace

SPACE = BlurSpace(
    window=32,
    motion_lengths=(3.0, 6.0, 9.0),
    motion_angles=8,
    disc_radii=(1.0, 2.0),
    gaussian_sigmas=(1.0, 2.0),
)


def scene(height: int = 160, width: int = 192, seed: int = 0) -> np.ndarray:
    """Random overlapping rectangles: edges in all positions, as sharp as pixels can be."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), 120, np.uint8)
    for _ in range(250):
        top, left = rng.integers(0, height), rng.integers(0, width)
        image[top : top + rng.integers(3, 40), left : left + rng.integers(3, 40)] = rng.integers(20, 236, 3)
    return image


def blurred(image: np.ndarray, blur: Blur) -> np.ndarray:
    kernel = blur.kernel()
    reach = kernel.shape[0] // 2
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    return filter_valid(padded, kernel[::-1, ::-1])


def error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean((a.astype(float) - b) ** 2))


@pytest.mark.parametrize("blur", grid(SPACE), ids=str)
def test_kernels_are_centred_and_sum_to_one(blur: Blur) -> None:
    kernel = blur.kernel()
    assert kernel.min() >= 0
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    axis = np.arange(len(kernel)) - len(kernel) // 2
    assert abs((kernel.sum(0) * axis).sum()) < 0.06  # points of the fine grid lie on one side of an edge
    assert abs((kernel.sum(1) * axis).sum()) < 0.06


def test_motion_of_nine_pixels_along_rows_averages_nine_neighbours() -> None:
    kernel = Blur("motion", 9.0, 0.0).kernel()
    middle = len(kernel) // 2
    assert kernel[middle, middle - 4 : middle + 5] == pytest.approx(np.full(9, 1 / 9), abs=1e-6)
    vertical = Blur("motion", 9.0, np.pi / 2).kernel()
    assert np.allclose(vertical, kernel.T, atol=1 / 60)


def test_filtering_is_convolution_and_agrees_with_a_direct_sum() -> None:
    image, kernel = scene(40, 44), Blur("motion", 5.0, 0.6).kernel()
    got = filter_valid(image, kernel)
    size = kernel.shape[0]
    for y, x in ((0, 0), (3, 7), (7, 11)):
        window = image[y : y + size, x : x + size].astype(float)
        expected = np.tensordot(kernel[::-1, ::-1], window, axes=((0, 1), (0, 1)))
        assert np.abs(got[y, x] - expected).max() <= 0.51  # rounding to whole grey levels


@pytest.mark.parametrize("blur", [Blur("motion", 9, 0.4), Blur("disc", 2), Blur("gaussian", 1.4)], ids=str)
def test_inverse_filter_of_the_true_blur_takes_most_of_the_error_away(blur: Blur) -> None:
    clean = scene()
    hazy = blurred(clean, blur)
    sharp = apply_filter(hazy, inverse_filter(blur.kernel(), noise_sigma(hazy)))
    assert error(sharp, clean) < 0.5 * error(hazy, clean)  # 3 dB; synthetic edges are harder than photos


def test_inverse_filter_of_a_sharp_photo_is_nearly_the_identity() -> None:
    clean = scene()
    same = apply_filter(clean, inverse_filter(Blur("sharp").kernel(), 0.5))
    assert np.abs(same.astype(int) - clean).mean() < 1.0
    assert inverse_filter(Blur("disc", 3).kernel(), 2.0).shape == (2 * FILTER_RADIUS + 1,) * 2


def test_more_noise_means_a_gentler_filter() -> None:
    kernel = Blur("disc", 3).kernel()
    gains = [float(np.square(inverse_filter(kernel, sigma)).sum()) for sigma in (0.5, 2, 8)]
    assert gains[0] > gains[1] > gains[2]


def test_noise_is_measured_within_a_third_on_a_textured_photo() -> None:
    rng = np.random.default_rng(1)
    clean = scene()
    for sigma in (3.0, 10.0, 25.0):
        noisy = np.clip(clean + rng.normal(0, sigma, clean.shape), 0, 255).astype(np.uint8)
        assert noise_sigma(noisy) == pytest.approx(sigma, rel=0.34)
    assert noise_sigma(clean) < 1.5
    assert noise_sigma(clean[:10, :10]) == 0.0


def test_spectrum_shows_the_zeros_of_motion_along_its_direction() -> None:
    clean = scene(320, 384)
    difference = spectrum(blurred(clean, Blur("motion", 8, 0.0)), 64) - spectrum(clean, 64)
    profile = difference.mean(axis=0)  # over vertical frequencies; horizontal ones are n / 64
    assert profile[8] < profile[4] - 1  # 1 / 8 cycles a pixel is the first zero of an 8-pixel box
    assert profile[8] < profile[12] - 1


@pytest.mark.parametrize("size", [(1, 1), (8, 300), (31, 33), (500, 700)])
def test_spectrum_of_any_size_is_finite_and_centred(size: tuple[int, int]) -> None:
    values = spectrum(scene(*size), 32)
    assert values.shape == (32, 17)
    assert np.isfinite(values).all()
    assert abs(values.mean()) < 1e-4


@pytest.mark.parametrize("index", [0, 1, 10, 24, 25, 27])
def test_a_certain_estimate_decodes_to_its_grid_point(index: int) -> None:
    blurs = grid(SPACE)
    probabilities = np.zeros(len(blurs), np.float32)
    probabilities[index] = 1
    blur, confidence = decode(probabilities, SPACE)
    assert (blur.family, confidence) == (blurs[index].family, 1)
    assert blur.extent == pytest.approx(blurs[index].extent)
    assert blur.angle == pytest.approx(blurs[index].angle)


def test_an_estimate_between_grid_points_decodes_to_the_middle_also_across_half_a_turn() -> None:
    blurs = grid(SPACE)
    probabilities = np.zeros(len(blurs), np.float32)
    for index, blur in enumerate(blurs):
        if blur.family == "motion" and blur.extent in (3.0, 6.0) and (blur.angle == 0 or blur.angle > 2.7):
            probabilities[index] = 0.25
    blur, _ = decode(probabilities, SPACE)
    assert blur.extent == pytest.approx(4.5)
    assert blur.angle == pytest.approx(np.pi - np.pi / 16)


def test_the_family_with_most_probability_wins_not_the_highest_point() -> None:
    blurs = grid(SPACE)
    probabilities = np.zeros(len(blurs), np.float32)
    probabilities[0] = 0.3
    probabilities[1:9] = 0.7 / 8
    assert decode(probabilities, SPACE)[0].family == "motion"
