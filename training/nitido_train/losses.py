"""Training losses: pixels and image gradients (G1, that of US10540749), rating distributions, and order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nitido.photo.model import LUMA


def to_luma(rgb: Tensor) -> Tensor:
    """Full-range BT.601 luma (N, 1, H, W) of RGB (N, 3, H, W)."""
    return (rgb * _luma_weights(rgb.device)).sum(1, keepdim=True)


@cache
@torch.inference_mode(False)  # kept for trainings, whoever asks first
def _luma_weights(where: torch.device) -> Tensor:
    return torch.tensor(LUMA, device=where).view(1, 3, 1, 1)


def gaussian_window(sigma: float) -> Tensor:
    """A normalised one-dimensional Gaussian of 2 * ceil(3 sigma) + 1 taps."""
    radius = max(1, int(3 * sigma + 0.999))
    x = torch.arange(-radius, radius + 1, dtype=torch.float32)
    window = torch.exp(-(x**2) / (2 * sigma**2))
    return window / window.sum()


class GradientLoss(nn.Module):
    """G1: mean squared difference of the gradient magnitudes of two Gaussian-smoothed images.

    Both are RGB (N, 3, H, W) in [0, 1] or luma (N, 1, H, W) of that; gradients are central differences of
    the smoothed luma.
    """

    def __init__(self, sigma: float = 1.0) -> None:
        super().__init__()
        window = gaussian_window(sigma)
        slope = F.conv1d(window.view(1, 1, -1), torch.tensor([[[0.5, 0.0, -0.5]]]), padding=2).flatten()
        self.taps = torch.stack([F.pad(window, (1, 1)), slope])
        self._banded = cache(self._make_banded)

    def _make_banded(self, size: int, where: torch.device) -> Tensor:
        """(2, size', size): smoothing, and smoothing with differentiation, of one axis as matrices.

        Both are linear along each axis, and a small dense product is many times faster on a CPU than the
        backward pass of a one-channel convolution.
        """
        taps = self.taps
        rows = size - taps.shape[1] + 1
        matrices = taps.new_zeros(2, rows, size)
        for i in range(taps.shape[1]):
            matrices.diagonal(i, 1, 2)[:, :rows] = taps[:, i, None]
        return matrices.to(where)

    def magnitude(self, image: Tensor) -> Tensor:
        """Gradient magnitude (N, H', W') of the smoothed luma; no padding, so the borders drop out."""
        y = (to_luma(image) if image.shape[1] == 3 else image).squeeze(1)
        smooth_rows, slope_rows = self._banded(y.shape[1], y.device)
        smooth_columns, slope_columns = self._banded(y.shape[2], y.device)
        down = slope_rows @ y @ smooth_columns.T
        right = smooth_rows @ y @ slope_columns.T
        return torch.sqrt(down.square() + right.square() + 1e-8)  # the root has no slope at zero

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """The loss, a scalar."""
        return F.mse_loss(self.magnitude(output), self.magnitude(target))


_GRADIENT_SHARE = 4
"""Gradients of one crop in so many are compared: of all they would take as long as half of the network."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms of ``ReconstructionLoss``; a term of weight 0 costs no time.

    ``alpha`` and ``beta`` are G1's. The gradient term is small in numbers: at a ``sigma`` of 1 it takes an
    ``alpha`` of about 1000 to pull as hard as the pixels do with a ``beta`` of 1.
    """

    alpha: float = 5.0
    """Of the gradients: more makes edges sharper, and costs PSNR."""
    beta: float = 0.1
    """Of the pixels: mean absolute error of RGB and, ``luma`` times, of luma."""
    sigma: float = 1.0
    """Of the Gaussian under the gradients, in pixels."""
    luma: float = 1.0
    """PSNR is measured on luma, and eyes see detail there: this spends a small network's capacity on it."""
    frequency: float = 0.0
    """Of luma's spectrum, see ``frequency_loss``."""
    squared: float = 0.0
    """Of luma's mean squared error, which is what PSNR measures."""
    decibel: float = 0.01
    """Of the mean of the crops' PSNR: a dB counts as much where little is wrong as where much is."""


class ReconstructionLoss(nn.Module):
    """How far an enlarged image is from the true one: all terms that compare pixels, with their weights."""

    def __init__(self, weights: LossWeights) -> None:
        super().__init__()
        self.weights = weights
        self.gradient = GradientLoss(weights.sigma)

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """The weighted sum, a scalar in float32, of two RGB batches (N, 3, H, W)."""
        weights = self.weights
        with torch.autocast(output.device.type, enabled=False):
            output = output.float()
            y, wanted = to_luma(output), to_luma(target)
            error = y - wanted
            total = weights.beta * (F.l1_loss(output, target) + weights.luma * error.abs().mean())
            if weights.alpha:
                part = math.ceil(len(y) / _GRADIENT_SHARE)
                total = total + weights.alpha * self.gradient(y[:part], wanted[:part])
            if weights.frequency:
                total = total + weights.frequency * frequency_loss(error)
            if weights.squared:
                total = total + weights.squared * error.square().mean()
            if weights.decibel:
                total = total + weights.decibel * decibel_loss(error)
        return total


def decibel_loss(error: Tensor) -> Tensor:
    """Mean over crops of the decibels of a difference (N, ..., H, W), as NAFNet trains (Chen et al. 2022).

    Errors of less than half a grey level count as that.
    """
    energy = error.square().flatten(1).mean(1)
    return (10 * torch.log10(energy + (0.5 / 255) ** 2)).mean()


def frequency_loss(error: Tensor) -> Tensor:
    """Mean absolute value of the spectrum of a difference (..., H, W), as in MIMO-UNet (Cho et al. 2021).

    Fine texture is few pixels' worth of error but has frequencies of its own.
    """
    return torch.view_as_real(torch.fft.rfft2(error, norm="ortho")).abs().mean()


def emd_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Squared earth mover's distance of two (N, 10) distributions: r = 2 in Talebi & Milanfar 2018.

    Their root is left out, so that the slope does not explode where the two agree.
    """
    return F.mse_loss(predicted.cumsum(1), target.cumsum(1))


def rank_loss(better: Tensor, worse: Tensor) -> Tensor:
    """Logistic loss of score differences (RankNet, Burges et al. 2005): 0 when better is far above worse."""
    return F.softplus(worse - better).mean()
