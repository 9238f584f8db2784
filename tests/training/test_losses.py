"""The Gaussian image-gradient loss against a direct implementation with scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve

from nitido_train.losses import GradientLoss, gaussian_window, to_luma


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
