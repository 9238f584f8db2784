"""The face network: eight times larger in three steps, most of its work at the size of the small face."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SCALE = 8


@dataclass(frozen=True)
class FaceConfig:
    """Size of the network: channels at 1, 2 and 4 times the size, and convolutions at the first."""

    width: int = 64
    middle: int = 32
    fine: int = 24
    depth: int = 8


class FaceNet(nn.Module):
    """RGB (N, 3, H, W) in [0, 1] to RGB (N, 3, 8 H, 8 W), not clipped.

    A face of twelve pixels is a face only as a whole, so that its features are made where a 3x3 convolution
    still spans a quarter of it; what the steps to twice the size add is local. Operations as in ``SrNet``.
    """

    def __init__(self, config: FaceConfig) -> None:
        super().__init__()
        self.config = config
        width, middle, fine = config.width, config.middle, config.fine
        self.head = _conv(3, width)
        self.body = nn.ModuleList(_conv(width, width) for _ in range(config.depth))
        self.to_middle = _conv(width, 4 * middle)
        self.middle = nn.ModuleList(_conv(middle, middle) for _ in range(2))
        self.to_fine = _conv(middle, 4 * fine)
        self.fine = _conv(fine, fine)
        self.tail = _conv(fine, 12)
        out = 3 * SCALE**2
        self.register_buffer("nearest", torch.eye(3).repeat_interleave(SCALE**2, 0).view(out, 3, 1, 1))
        for layer in (*self.body, *self.middle, self.fine):
            assert isinstance(layer, nn.Conv2d)
            with torch.no_grad():  # starting near the identity is what a residual connection gives
                layer.weight.mul_(0.5)
                layer.weight[:, :, 1, 1] += torch.eye(layer.in_channels)
        nn.init.normal_(self.tail.weight, std=2e-4)

    @property
    def receptive_radius(self) -> int:
        """How many input pixels away a pixel can still matter."""
        at_fine = 2  # the tail's and fine's radius; a step down halves what lies above it, rounded up
        at_middle = -(-at_fine // 2) + 1 + len(self.middle)
        return -(-at_middle // 2) + 1 + self.config.depth + 1

    def forward(self, image: Tensor) -> Tensor:
        """Upscale."""
        x = F.relu(self.head(image))
        for layer in self.body:
            x = F.relu(layer(x))
        x = F.pixel_shuffle(F.relu(self.to_middle(x)), 2)
        for layer in self.middle:
            x = F.relu(layer(x))
        x = F.pixel_shuffle(F.relu(self.to_fine(x)), 2)
        x = F.pixel_shuffle(self.tail(F.relu(self.fine(x))), 2)
        return x + F.pixel_shuffle(F.conv2d(image, self.get_buffer("nearest")), SCALE)


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 3, padding=1)
    nn.init.normal_(layer.weight, std=(2 / (9 * inputs)) ** 0.5)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # Conv2d.bias is only None when asked
    return layer
