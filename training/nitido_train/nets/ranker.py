"""A scorer that learns from order alone: AlexNet's five convolutions, one score (source: T3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from nitido.bundle.manifest import View

VIEW = View(size=448, crop=224, count=4)
"""Native-size crops, as the trigger's: shrinking a photo hides its defects."""


@dataclass(frozen=True)
class RankConfig:
    """Size of the network: its convolutions have 2, 4, 6, 6 and 4 times ``width`` channels."""

    width: int = 16
    hidden: int = 64


class RankNet(nn.Module):
    """RGB (N, 3, H, W) in [0, 1], sides from 32, to scores (N, 1); higher is better.

    A fixed filter takes away what varies slowly, as in Kang et al. 2014: what a photo is of would drown the
    grain, blocks and soft edges that tell its quality, and random weights would not find them for long.
    Order says nothing about the scale, so a fixed line maps what the network computes to ratings of 1 to 10.
    """

    def __init__(self, config: RankConfig) -> None:
        super().__init__()
        self.config = config
        a, b, c, d, e = (config.width * times for times in (2, 4, 6, 6, 4))
        highpass = torch.full((3, 1, 7, 7), -1 / 49)
        highpass[:, :, 3, 3] += 1
        self.register_buffer("highpass", highpass, persistent=False)
        # Krizhevsky et al. 2012: kernels and strides; without the last pooling, a mean takes its place.
        self.conv1 = nn.Conv2d(3, a, 11, 4, 2)
        self.conv2 = nn.Conv2d(a, b, 5, 1, 2)
        self.conv3 = nn.Conv2d(b, c, 3, 1, 1)
        self.conv4 = nn.Conv2d(c, d, 3, 1, 1)
        self.conv5 = nn.Conv2d(d, e, 3, 1, 1)
        self.hidden = nn.Linear(e, config.hidden)
        self.last = nn.Linear(config.hidden, 1)
        self.register_buffer("slope", torch.ones(1))
        self.register_buffer("offset", torch.zeros(1))

    def layers(self) -> list[nn.Conv2d | nn.Linear]:
        """All layers but the last, in the order of the signal."""
        return [self.conv1, self.conv2, self.conv3, self.conv4, self.conv5, self.hidden]

    def forward(self, image: Tensor) -> Tensor:
        """Score, on the scale of 1 to 10 once the line is fitted."""
        with torch.autocast(image.device.type, enabled=False):  # bf16 rounds grain away
            fine = F.conv2d(image, self.get_buffer("highpass"), padding=3, groups=3)
        x = F.max_pool2d(F.relu(self.conv1(fine)), 3, 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 3, 2)
        x = F.relu(self.conv5(F.relu(self.conv4(F.relu(self.conv3(x))))))
        raw: Tensor = self.last(F.relu(self.hidden(x.mean((2, 3)))))
        return raw * self.get_buffer("slope") + self.get_buffer("offset")

    def fit_scale(self, scores: NDArray[np.floating], ratings: NDArray[np.floating]) -> None:
        """Move the line so that this network's ``scores`` (N,) come closest to ``ratings`` (N,), by squares.

        Raises ValueError when the scores do not rise with the ratings: no line can mend that.
        """
        centred = scores.astype(np.float64) - scores.mean()
        power = float(centred @ centred)
        slope = float(centred @ (ratings - ratings.mean())) / power if power > 0 else 0.0
        if slope <= 0:
            raise ValueError(
                f"expected scores that rise with the ratings, got a slope of {slope:.3g}; train longer"
            )
        self.get_buffer("slope").mul_(slope)
        self.get_buffer("offset").mul_(slope).add_(float(ratings.mean() - slope * scores.mean()))
