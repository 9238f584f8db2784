"""The blur estimator: a photo's mean log spectrum in, probabilities of blur kernels out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nitido.blur import Blur, grid
from nitido.bundle.manifest import BlurSpace

SPACE = BlurSpace(
    window=64,
    motion_lengths=(3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0, 17.0),
    motion_angles=16,
    disc_radii=(1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5),
    gaussian_sigmas=(0.7, 1.1, 1.5, 1.9, 2.3, 2.7),
)
"""The grid of kernels that the shipped estimator tells apart."""

CONFIDENCE = 0.5
"""Below this probability of the best family a photo counts as sharp."""


@dataclass(frozen=True)
class BlurConfig:
    """Size of the estimator."""

    hidden: int = 128


class BlurNet(nn.Module):
    """Spectrum (N, window * (window / 2 + 1)), flattened, to probabilities (N, kernels), summing to one."""

    def __init__(self, config: BlurConfig) -> None:
        super().__init__()
        self.config = config
        inputs = SPACE.window * (SPACE.window // 2 + 1)
        self.layers = nn.Sequential(
            nn.Linear(inputs, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, len(grid(SPACE))),
        )

    def logits(self, spectrum: Tensor) -> Tensor:
        """Unnormalised log probabilities, for training."""
        scores: Tensor = self.layers(spectrum)
        return scores

    def forward(self, spectrum: Tensor) -> Tensor:
        """Probabilities."""
        return torch.softmax(self.logits(spectrum), dim=1)


def soft_target(blur: Blur) -> Tensor:
    """The grid's target for a blur between its points: weights of the neighbours, summing to one."""
    blurs = grid(SPACE)
    target = torch.zeros(len(blurs))
    for index, point in enumerate(blurs):
        if point.family != blur.family:
            continue
        weight = 1.0
        if blur.family != "sharp":
            values = {
                "motion": SPACE.motion_lengths,
                "disc": SPACE.disc_radii,
                "gaussian": SPACE.gaussian_sigmas,
            }[blur.family]
            extent = min(max(blur.extent, values[0]), values[-1])
            weight *= max(0.0, 1 - abs(extent - point.extent) / (values[1] - values[0]))
        if blur.family == "motion":
            turn = abs(blur.angle - point.angle) % torch.pi
            weight *= max(0.0, 1 - min(turn, torch.pi - turn) / (torch.pi / SPACE.motion_angles))
        target[index] = weight
    return target / target.sum()
