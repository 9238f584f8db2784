"""The peers as torch networks in the form that runs on a device: branches of the training are collapsed.

All take values in [0, 1] as (N, channels, H, W) and return (N, channels, scale H, scale W).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Activation = Literal["relu", "prelu", "tanh", "clip"]


def activation(name: Activation, width: int) -> nn.Module:
    """ReLU, PReLU with a slope per channel, tanh, or a ReLU that stops at 1."""
    kinds: dict[Activation, nn.Module] = {
        "relu": nn.ReLU(),
        "prelu": nn.PReLU(width),
        "tanh": nn.Tanh(),
        "clip": nn.Hardtanh(0.0, 1.0),
    }
    return kinds[name]


@dataclass(frozen=True)
class Shape:
    """A plain network: a first convolution, a body of one width, a last convolution, depth-to-space."""

    widths: tuple[int, ...]
    """Channels after each convolution but the last."""
    kernels: tuple[int, ...]
    """Side of each convolution, the last included."""
    activation: Activation
    channels: int = 3
    anchor: bool = False
    """The image, each pixel repeated, is added to the result."""
    residual: bool = False
    """What the first convolution makes is added to what the body makes."""
    clip: bool = False
    """Results are clipped in the graph."""


class Plain(nn.Module):
    """ESPCN, QuickSRNet, SESR, ABPN, ECBSR and SRVGGNetCompact are all of this form."""

    def __init__(self, shape: Shape, scale: int) -> None:
        super().__init__()
        self.shape, self.scale = shape, scale
        last = shape.channels * scale**2
        before, after = (shape.channels, *shape.widths), (*shape.widths, last)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, side, padding=side // 2)
            for a, b, side in zip(before, after, shape.kernels, strict=True)
        )
        self.activations = nn.ModuleList(activation(shape.activation, width) for width in shape.widths)
        repeat = torch.eye(shape.channels).repeat_interleave(scale**2, 0)
        self.register_buffer("repeat", repeat.view(last, shape.channels, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        """Enlarge."""
        features = first = self.activations[0](self.convolutions[0](image))
        for convolution, active in zip(self.convolutions[1:-1], self.activations[1:], strict=True):
            features = active(convolution(features))
        features = self.convolutions[-1](features + first if self.shape.residual else features)
        if self.shape.anchor:
            features = features + F.conv2d(image, self.get_buffer("repeat"))
        if self.shape.clip:
            features = F.hardtanh(features, 0.0, 1.0)
        return F.pixel_shuffle(features, self.scale)


class Fsrcnn(nn.Module):
    """FSRCNN(56, 12, 4): shrink to 12 channels, map four times, expand, one transposed 9x9 convolution."""

    def __init__(self, scale: int, wide: int = 56, narrow: int = 12, maps: int = 4) -> None:
        super().__init__()
        sides = (5, 1, *[3] * maps, 1)
        widths = (1, wide, narrow, *[narrow] * maps, wide)
        layers: list[nn.Module] = []
        for before, after, side in zip(widths[:-1], widths[1:], sides, strict=True):
            layers += [nn.Conv2d(before, after, side, padding=side // 2), nn.PReLU(after)]
        self.body = nn.Sequential(*layers)
        self.enlarge = nn.ConvTranspose2d(wide, 1, 9, scale, padding=4, output_padding=scale - 1)

    def forward(self, luma: Tensor) -> Tensor:
        """Enlarge luma."""
        enlarged: Tensor = self.enlarge(self.body(luma))
        return enlarged


class Xlsr(nn.Module):
    """XLSR: three blocks of a 3x3 convolution in four groups and a 1x1 one, a skip by concatenation."""

    def __init__(self, scale: int, width: int = 32, groups: int = 4) -> None:
        super().__init__()
        self.scale = scale
        self.skip = nn.Conv2d(3, 16, 3, padding=1)
        self.head = nn.Sequential(nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 1))
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(width, width, 3, padding=1, groups=groups),
                    nn.ReLU(),
                    nn.Conv2d(width, width, 1),
                )
                for _ in range(3)
            )
        )
        self.tail = nn.Sequential(
            nn.Conv2d(width + 16, width, 1), nn.ReLU(), nn.Conv2d(width, 3 * scale**2, 3, padding=1)
        )

    def forward(self, image: Tensor) -> Tensor:
        """Enlarge; the last ReLU stops at 1, which made the network robust to 8 bits."""
        both = torch.cat([self.blocks(self.head(image)), self.skip(image)], dim=1)
        return F.pixel_shuffle(F.hardtanh(self.tail(both), 0.0, 1.0), self.scale)


def radius(net: nn.Module) -> int:
    """At most how many input pixels away a pixel can matter, in networks without branches of other depth."""
    sides = [m.kernel_size[0] for m in net.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    return sum(side // 2 for side in sides)
