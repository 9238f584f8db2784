"""How far pictures are from the true ones, one figure a picture: square error, structure (MS-SSIM), edges."""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from nitido_train.losses import GradientLoss, gaussian_window

_SHARES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the five scales of MS-SSIM, from fine to coarse (Wang, Simoncelli & Bovik 2003)."""
_C1, _C2 = 0.01**2, 0.03**2
_SIGMA = 1.5

_edges = GradientLoss()


def square_error(output: Tensor, target: Tensor) -> Tensor:
    """(N,) of luma (N, 1, H, W)."""
    return (output - target).square().mean((1, 2, 3))


def structure(output: Tensor, target: Tensor) -> Tensor:
    """(N,) 1 - MS-SSIM of luma (N, 1, H, W) in [0, 1]; sides of at least 176 pixels."""
    a, b = output[:, 0], target[:, 0]
    log = a.new_zeros(len(a))
    for scale, share in enumerate(_SHARES):
        last = scale == len(_SHARES) - 1
        similar = _similarity(a, b, with_mean=last)
        log = log + share * torch.log(similar.mean((1, 2)).clamp(min=1e-3))
        if not last:
            a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
    return 1 - torch.exp(log)


def edges(output: Tensor, target: Tensor) -> Tensor:
    """(N,) mean square difference of the gradients' magnitudes, see ``GradientLoss``."""
    return (_edges.magnitude(output) - _edges.magnitude(target)).square().mean((1, 2))


def _similarity(a: Tensor, b: Tensor, with_mean: bool) -> Tensor:
    rows, columns = _smoothing(a.shape[1]), _smoothing(a.shape[2]).T
    smooth = rows @ torch.stack([a, b, a * a, b * b, a * b]) @ columns
    mean_a, mean_b, aa, bb, ab = (smooth[i] for i in range(5))
    contrast = (2 * (ab - mean_a * mean_b) + _C2) / (aa - mean_a**2 + bb - mean_b**2 + _C2)
    if not with_mean:
        return contrast
    return contrast * (2 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)


@cache
def _smoothing(size: int) -> Tensor:
    """(size - 10, size): a Gaussian of 11 taps along one axis as a matrix, faster than a thin convolution."""
    taps = gaussian_window(_SIGMA)
    matrix = torch.zeros(size - len(taps) + 1, size)
    for i, tap in enumerate(taps):
        matrix.diagonal(i)[:] = tap
    return matrix
