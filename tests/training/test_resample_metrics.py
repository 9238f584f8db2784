"""The resampling and the metrics of the super-resolution literature."""

from __future__ import annotations

import numpy as np
import pytest

from nitido_train.metrics import luma, psnr, psnr_y, ssim_y
from nitido_train.resample import bicubic_downscale, bicubic_matrix, bicubic_upscale, crop_to_multiple


@pytest.mark.parametrize(("size_in", "size_out"), [(9, 18), (18, 9), (7, 21), (40, 10), (1, 4), (5, 5)])
def test_every_output_is_an_average_of_inputs(size_in: int, size_out: int) -> None:
    assert bicubic_matrix(size_in, size_out).sum(axis=1) == pytest.approx(np.ones(size_out), abs=1e-5)


def test_resizing_to_the_same_size_is_the_identity() -> None:
    assert np.array_equal(bicubic_matrix(6, 6), np.eye(6, dtype=np.float32))


def test_upscaling_a_ramp_by_two_gives_the_interpolated_ramp_inside() -> None:
    ramp = np.tile(np.arange(0, 200, 10, dtype=np.uint8), (8, 1))
    inside = bicubic_upscale(ramp, 2)[8, 8:-8].astype(float)
    # Cubic convolution reproduces straight lines; values at quarter positions are rounded half up.
    assert np.array_equal(np.diff(inside), np.full(len(inside) - 1, 5.0))


def test_downscaling_removes_what_would_alias() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (16, 8))
    assert np.ptp(bicubic_downscale(stripes, 2)[:, 2:-2].astype(int)) <= 1


def test_crop_to_multiple_keeps_the_top_left() -> None:
    image = np.arange(35, dtype=np.uint8).reshape(5, 7)
    assert np.array_equal(crop_to_multiple(image, 3), image[:3, :6])


def test_luma_of_black_white_and_primaries() -> None:
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert luma(colours).tolist() == [[16, 235, 81, 145, 41]]  # BT.601, studio range


def test_psnr_of_a_known_error() -> None:
    a, b = np.zeros((8, 8), np.uint8), np.full((8, 8), 5, np.uint8)
    assert psnr(a, b) == pytest.approx(20 * np.log10(255 / 5))
    assert psnr(a, a) == float("inf")
    b[0, 0] = 255
    assert psnr_y(a, b, border=1) == pytest.approx(20 * np.log10(255 / 5))  # the border does not count
    with pytest.raises(ValueError, match="one shape"):
        psnr(a, b[1:])


def test_ssim_is_one_for_equal_images_and_falls_with_noise() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 255, (48, 48), dtype=np.uint8)
    noisy = np.clip(a + rng.normal(0, 20, a.shape), 0, 255).astype(np.uint8)
    assert ssim_y(a, a) == pytest.approx(1)
    assert 0.5 < ssim_y(a, noisy) < 0.99
