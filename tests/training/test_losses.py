"""Losses between images, against direct implementations with numpy and scipy."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import skimage.data
import torch
from scipy.ndimage import convolve

from nitido_train import losses
from nitido_train.losses import (
    GradientLoss,
    LossWeights,
    ReconstructionLoss,
    decibel_loss,
    frequency_loss,
    gaussian_window,
    to_luma,
)
from nitido_train.metrics import gradient_error
from nitido_train.resample import bicubic_downscale, bicubic_upscale
from nitido_train.tensors import to_tensor

NONE = LossWeights(alpha=0, beta=0, decibel=0)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
def test_gradient_magnitude_is_that_of_the_smoothed_luma(sigma: float) -> None:
    image = torch.rand(2, 3, 40, 36, generator=torch.Generator().manual_seed(0))
    got = GradientLoss(sigma).magnitude(image)
    window = gaussian_window(sigma).numpy()
    reach = len(window) // 2 + 1
    smooth = convolve(to_luma(image)[1, 0].numpy(), np.outer(window, window), mode="nearest")
    down = (smooth[2:, 1:-1] - smooth[:-2, 1:-1]) / 2
    right = (smooth[1:-1, 2:] - smooth[1:-1, :-2]) / 2
    expected = np.sqrt(down**2 + right**2 + 1e-8)[reach - 1 : -reach + 1, reach - 1 : -reach + 1]
    assert got.shape[1:] == expected.shape
    assert np.abs(got[1].numpy() - expected).max() < 1e-5  # float32 additions in another order


def test_equal_images_have_no_gradient_loss_and_a_blurred_one_has() -> None:
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    loss = GradientLoss(1.0)
    assert float(loss(image, image)) == 0
    blurred = torch.nn.functional.avg_pool2d(image, 5, 1, 2)
    assert float(loss(blurred, image)) > 1e-4


def test_brightness_alone_costs_nothing() -> None:
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(2)) * 0.5
    assert float(GradientLoss(1.0)(image + 0.3, image)) < 1e-10


def test_gradient_loss_has_finite_slope_on_flat_images() -> None:
    flat = torch.full((1, 3, 24, 24), 0.5, requires_grad=True)
    GradientLoss(1.0)(flat, torch.rand(1, 3, 24, 24)).backward()
    assert flat.grad is not None
    assert torch.isfinite(flat.grad).all()


def images(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    a, b = torch.rand(2, 2, 3, 24, 20, generator=torch.Generator().manual_seed(seed))
    return a, b


def test_luma_in_place_of_rgb_gives_the_same_gradient_loss() -> None:
    a, b = images(0)
    loss = GradientLoss(1.0)
    assert float(loss(to_luma(a), to_luma(b))) == pytest.approx(float(loss(a, b)))


def test_weights_of_luma_can_be_trained_through_after_a_measurement() -> None:
    losses._luma_weights.cache_clear()
    with torch.inference_mode():
        to_luma(torch.rand(1, 3, 4, 4))
    image = torch.rand(1, 3, 4, 4, requires_grad=True)
    to_luma(image).sum().backward()
    assert image.grad is not None


def test_frequency_loss_is_the_mean_size_of_the_spectrum() -> None:
    error = np.random.default_rng(0).normal(size=(2, 1, 12, 10))
    spectrum = np.fft.rfft2(error, norm="ortho")
    expected = (np.abs(spectrum.real) + np.abs(spectrum.imag)).mean() / 2
    assert float(frequency_loss(torch.from_numpy(error))) == pytest.approx(expected)


def test_decibels_are_those_of_psnr_crop_by_crop_and_end_at_half_a_grey_level() -> None:
    error = torch.zeros(2, 1, 8, 8)
    error[0] = 10 / 255
    psnr = 20 * math.log10(255 / 10)
    floor = 20 * math.log10(255 / 0.5)
    assert float(decibel_loss(error)) == pytest.approx(-(psnr + floor) / 2, abs=0.01)


def test_each_weight_counts_its_own_term() -> None:
    a, b = images(1)
    y, wanted = to_luma(a), to_luma(b)
    part = math.ceil(len(a) / 4)  # gradients are compared on a quarter of the batch
    terms = {
        replace(NONE, alpha=2.0, sigma=0.5): 2 * float(GradientLoss(0.5)(a[:part], b[:part])),
        replace(NONE, beta=3.0, luma=0.0): 3 * float((a - b).abs().mean()),
        replace(NONE, beta=3.0, luma=0.5): 3 * float((a - b).abs().mean() + 0.5 * (y - wanted).abs().mean()),
        replace(NONE, frequency=2.0): 2 * float(frequency_loss(y - wanted)),
        replace(NONE, squared=5.0): 5 * float((y - wanted).square().mean()),
        replace(NONE, decibel=0.1): 0.1 * float(decibel_loss(y - wanted)),
    }
    for weights, expected in terms.items():
        assert float(ReconstructionLoss(weights)(a, b)) == pytest.approx(expected, rel=1e-5)
    every = LossWeights(alpha=2.0, beta=3.0, sigma=0.5, luma=0.5, frequency=2.0, squared=5.0, decibel=0.1)
    parts = [v for w, v in terms.items() if w.luma != 0.0]
    assert float(ReconstructionLoss(every)(a, b)) == pytest.approx(sum(parts), rel=1e-5)


def test_the_loss_is_worked_out_in_full_precision_under_autocast() -> None:
    a, b = images(2)
    loss = ReconstructionLoss(LossWeights(alpha=1000.0))
    with torch.autocast("cpu", torch.bfloat16):
        inside = loss(a.bfloat16(), b)
    assert inside.dtype == torch.float32
    assert float(inside) == pytest.approx(float(loss(a.bfloat16().float(), b)), rel=1e-6)


def test_with_an_alpha_of_1000_gradients_pull_about_as_hard_as_pixels() -> None:
    photo = skimage.data.coffee()[100:196, 200:296]
    target = to_tensor([photo])
    pulls = []
    for weights in (replace(NONE, alpha=1000.0), replace(NONE, beta=1.0)):
        output = to_tensor([bicubic_upscale(bicubic_downscale(photo, 2), 2)]).requires_grad_()
        ReconstructionLoss(weights)(output, target).backward()
        assert output.grad is not None
        pulls.append(float(output.grad.norm()))
    assert 0.2 < pulls[0] / pulls[1] < 5  # what the documentation of LossWeights promises: the order


def test_the_measured_error_of_gradients_is_the_loss_in_grey_levels() -> None:
    a, b = np.random.default_rng(3).integers(0, 256, (2, 40, 30), np.uint8)
    loss = GradientLoss(1.0)(*(torch.from_numpy(x / 255)[None, None].float() for x in (a, b)))
    # the loss drops a border of 4 pixels: the window's radius and the central difference
    assert gradient_error(a, b, 4) == pytest.approx(255 * float(loss) ** 0.5, rel=1e-4)
