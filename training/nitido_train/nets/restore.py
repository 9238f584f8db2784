"""The restoration network: one compact encoder/decoder that removes each factor by its own strength."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nitido_train.degrade import FACTORS


@dataclass(frozen=True)
class RestoreConfig:
    """Feature channels at a half, a quarter and an eighth of the resolution."""

    half: int = 32
    quarter: int = 64
    eighth: int = 96


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(x)))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        out: Tensor = x + self.second(F.relu(self.first(x)))
        return out


class RestoreNet(nn.Module):
    """Photo, deconvolved photo and strengths to the restored photo.

    ``image`` and ``deblurred`` are (N, 3, H, W) in [0, 1] with H and W multiples of 8; ``deblurred`` is the
    photo after the inverse filter of its estimated blur, or the photo itself where it is sharp. ``strength``
    is (N, 4), one number per factor (see FACTORS), 0 leaves the factor in, 1 removes it. The network predicts
    what each factor added to the photo, and the output is the photo less those residuals times their
    strengths: so the knobs are exact, and at strength zero the photo comes back as it was.
    """

    def __init__(self, config: RestoreConfig) -> None:
        super().__init__()
        self.config = config
        half, quarter, eighth = config.half, config.quarter, config.eighth
        residuals = 3 * len(FACTORS)
        self.head = nn.Conv2d(24, half, 3, padding=1)
        self.down_quarter = nn.Conv2d(half, quarter, 3, stride=2, padding=1)
        self.encode_quarter = ResidualBlock(quarter)
        self.down_eighth = nn.Conv2d(quarter, eighth, 3, stride=2, padding=1)
        self.encode_eighth = nn.Sequential(ResidualBlock(eighth), ResidualBlock(eighth))
        self.up_quarter = nn.Conv2d(eighth, 4 * quarter, 1)
        self.decode_quarter = ResidualBlock(quarter)
        self.up_half = nn.Conv2d(quarter, 4 * half, 1)
        self.decode_half = ResidualBlock(half)
        self.tail = nn.Conv2d(half + 24, 4 * residuals, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # Conv2d.bias is only None when asked
            if isinstance(layer, ResidualBlock):
                nn.init.normal_(layer.second.weight, std=1e-2)
        nn.init.normal_(self.tail.weight, std=1e-3)
        # Fixed 1x1 convolutions: a strength per factor to its three channels, the sum over factors, and the
        # place of the deblur residual among the others.
        spread = torch.eye(len(FACTORS)).repeat_interleave(3, 0)
        gather = torch.eye(3).repeat(1, len(FACTORS))
        self.register_buffer("spread", spread.view(residuals, len(FACTORS), 1, 1))
        self.register_buffer("gather", gather.view(3, residuals, 1, 1))
        deblur = torch.eye(residuals)[:, 3 * FACTORS.index("deblur") :][:, :3]
        self.register_buffer("deblur", deblur.reshape(residuals, 3, 1, 1))

    receptive_radius = 67
    """Pixels away that can matter: measured by ``tests/training/test_nets.py``, independent of the widths."""

    def residuals(self, image: Tensor, deblurred: Tensor) -> Tensor:
        """What each factor added, (N, 12, H, W): three channels per factor, in the order of FACTORS."""
        # Centred and spread to -2..2: with activations of this size the last layer's weights stay small.
        x = F.pixel_unshuffle(4 * torch.cat([image, deblurred], dim=1) - 2, 2)
        half = F.relu(self.head(x))
        quarter = self.encode_quarter(F.relu(self.down_quarter(half)))
        eighth = self.encode_eighth(F.relu(self.down_eighth(quarter)))
        quarter = self.decode_quarter(quarter + F.pixel_shuffle(self.up_quarter(eighth), 2))
        half = self.decode_half(half + F.pixel_shuffle(self.up_half(quarter), 2))
        # What a factor added is mostly the photo less its smooth part: the tail sees the photo as it came.
        added = F.pixel_shuffle(self.tail(torch.cat([F.relu(half), x], dim=1)), 2)
        # Deconvolution has found what the blur added already; the network corrects it.
        return added + F.conv2d(image - deblurred, self.get_buffer("deblur"))

    def forward(self, image: Tensor, deblurred: Tensor, strength: Tensor) -> Tensor:
        """The restored photo (N, 3, H, W), not clipped."""
        scale = F.conv2d(strength.view(-1, len(FACTORS), 1, 1), self.get_buffer("spread"))
        residuals = self.residuals(image, deblurred)
        return image - F.conv2d(residuals * scale, self.get_buffer("gather"))
