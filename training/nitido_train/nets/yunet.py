"""YuNet, the small face detector of Wu, Peng and Yu (2023): maps of boxes, landmarks and confidences."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

CHANNELS = 16
"""Of each map: class and objectness (logits), box (4), five landmarks (10); see ``nitido.faces.decode``."""
STRIDES = (8, 16, 32)


@dataclass(frozen=True)
class YunetConfig:
    """Size of the detector; these are the numbers of ``yunet_n``."""

    stem: int = 16
    width: int = 64


class YunetNet(nn.Module):
    """RGB (N, 3, H, W) in [0, 1], sides multiples of 32, to a map (N, 16, H / s, W / s) for each stride.

    The published graph has a branch for each of class, objectness, box and landmarks, and flattens and joins
    their results; here one pair of convolutions makes a whole map, which computes the same.
    """

    def __init__(self, config: YunetConfig) -> None:
        super().__init__()
        self.config = config
        stem, width = config.stem, config.width
        self.first = nn.Conv2d(3, stem, 3, stride=2, padding=1)
        self.stages = nn.ModuleList(
            nn.Sequential(*units)
            for units in (
                [_Unit(stem, stem)],
                [_Unit(stem, stem), _Unit(stem, width), _Unit(width, width), _Unit(width, width)],
                *([_Unit(width, width), _Unit(width, width)] for _ in STRIDES),
            )
        )
        self.laterals = nn.ModuleList(_Unit(width, width) for _ in STRIDES)
        self.shared = nn.ModuleList(_Unit(width, width) for _ in STRIDES)
        self.heads = nn.ModuleList(_Unit(width, CHANNELS, last=True) for _ in STRIDES)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """The maps, finest first."""
        x = F.relu(self.first(image))
        features = []
        for index, stage in enumerate(self.stages):
            x = stage(x if index == 0 else F.max_pool2d(x, 2))
            features.append(x)
        above: Tensor | None = None
        maps = []
        for index in reversed(range(len(STRIDES))):
            x = features[index + len(self.stages) - len(STRIDES)]
            if above is not None:
                x = x + F.interpolate(above, scale_factor=2.0, mode="nearest")
            above = self.laterals[index](x)
            maps.append(self.heads[index](self.shared[index](above)))
        return tuple(reversed(maps))


class _Unit(nn.Module):
    """A 1x1 convolution and a 3x3 one within each channel, then ReLU unless it is the last."""

    def __init__(self, inputs: int, outputs: int, last: bool = False) -> None:
        super().__init__()
        self.point = nn.Conv2d(inputs, outputs, 1)
        self.depth = nn.Conv2d(outputs, outputs, 3, padding=1, groups=outputs)
        self.last = last

    def forward(self, x: Tensor) -> Tensor:
        x = self.depth(self.point(x))
        return x if self.last else F.relu(x)
