"""The reference search for kernels: gradient descent on the latent, through generator and judge, in torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nitido.blind.crops import cut, informative
from nitido.blind.space import starts
from nitido.photo.model import Pixels
from nitido_train.blind_pairs import rows
from nitido_train.blind_training import size
from nitido_train.nets.blind import BlindNet
from nitido_train.tensors import to_tensor


@dataclass(frozen=True, eq=False)
class Descent:
    """A latent, and the predicted error in grey levels (RMS) after each step."""

    latent: NDArray[np.float32]
    errors: Sequence[float]
    judged: int
    """How often the judge was asked, each time but the first ones with a backward pass."""


def descend(
    net: BlindNet,
    pixels: Pixels,
    steps: int = 40,
    *,
    crops: int = 6,
    side: int = 64,
    kept: int = 3,
    learning_rate: float = 0.1,
) -> Descent:
    """From the best ``kept`` starts of the kernel space, by Adam; the best latent that was met.

    What ``nitido.blind.KernelEstimator`` does on a device without gradients is to be compared with this. The
    latent may leave what kernels map to: then the judge answers for what it never saw.
    """
    cut_out = cut(pixels, informative(pixels, side, crops), side)
    image = to_tensor(list(cut_out))
    with torch.no_grad():
        latents = net.mapping(rows([shape.kernel(net.config.scale) for shape in starts(net.config.scale)]))
        first = torch.stack([_error(net, image, latent) for latent in latents])
    points = latents[first.argsort()[:kept]].clone().requires_grad_(True)
    optimiser = torch.optim.Adam([points], lr=learning_rate)
    best, found, errors = float("inf"), points[0].detach(), []
    for _ in range(steps + 1):
        optimiser.zero_grad()
        scores = torch.stack([_error(net, image, point) for point in points])
        lowest = int(scores.argmin())
        value = float(scores[lowest].detach())
        if value < best:
            best, found = value, points[lowest].detach().clone()
        errors.append(255 * best)
        scores.sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return Descent(found.numpy(), errors, len(latents) + kept * (steps + 1))


def _error(net: BlindNet, image: Tensor, latent: Tensor) -> Tensor:
    """Root mean square of the image delta over all crops."""
    delta = net.judged(image, latent[None, :, None, None])
    return size(delta).square().mean().sqrt()
