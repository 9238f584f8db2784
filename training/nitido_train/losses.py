"""Training losses: image gradients (G1, that of US10540749), rating distributions, and order."""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nitido.photo.model import LUMA


def to_luma(rgb: Tensor) -> Tensor:
    """Full-range BT.601 luma (N, 1, H, W) of RGB (N, 3, H, W)."""
    weights = rgb.new_tensor(LUMA).view(1, 3, 1, 1)
    return (rgb * weights).sum(1, keepdim=True)


def gaussian_window(sigma: float) -> Tensor:
    """A normalised one-dimensional Gaussian of 2 * ceil(3 sigma) + 1 taps."""
    radius = max(1, int(3 * sigma + 0.999))
    x = torch.arange(-radius, radius + 1, dtype=torch.float32)
    window = torch.exp(-(x**2) / (2 * sigma**2))
    return window / window.sum()


class GradientLoss(nn.Module):
    """G1: mean squared difference of the gradient magnitudes of two Gaussian-smoothed images.

    Both images are (N, 3, H, W) in [0, 1]; gradients are central differences of the smoothed luma.
    """

    def __init__(self, sigma: float = 1.0) -> None:
        super().__init__()
        window = gaussian_window(sigma)
        slope = F.conv1d(window.view(1, 1, -1), torch.tensor([[[0.5, 0.0, -0.5]]]), padding=2).flatten()
        self.taps = torch.stack([F.pad(window, (1, 1)), slope])
        self._banded = cache(self._make_banded)

    def _make_banded(self, size: int) -> Tensor:
        """(2, size', size): smoothing, and smoothing with differentiation, of one axis as matrices.

        Both are linear along each axis, and a small dense product is many times faster on a CPU than the
        backward pass of a one-channel convolution.
        """
        taps = self.taps
        rows = size - taps.shape[1] + 1
        matrices = taps.new_zeros(2, rows, size)
        for i in range(taps.shape[1]):
            matrices.diagonal(i, 1, 2)[:, :rows] = taps[:, i, None]
        return matrices

    def magnitude(self, image: Tensor) -> Tensor:
        """Gradient magnitude (N, H', W') of the smoothed luma; no padding, so the borders drop out."""
        y = to_luma(image).squeeze(1)
        smooth_rows, slope_rows = self._banded(y.shape[1])
        smooth_columns, slope_columns = self._banded(y.shape[2])
        down = slope_rows @ y @ smooth_columns.T
        right = smooth_rows @ y @ slope_columns.T
        return torch.sqrt(down.square() + right.square() + 1e-8)  # the root has no slope at zero

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """The loss, a scalar."""
        return F.mse_loss(self.magnitude(output), self.magnitude(target))


def emd_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Squared earth mover's distance of two (N, 10) distributions: r = 2 in Talebi & Milanfar 2018.

    Their root is left out, so that the slope does not explode where the two agree.
    """
    return F.mse_loss(predicted.cumsum(1), target.cumsum(1))


def rank_loss(better: Tensor, worse: Tensor) -> Tensor:
    """Logistic loss of score differences (RankNet, Burges et al. 2005): 0 when better is far above worse."""
    return F.softplus(worse - better).mean()
