"""The trigger network: MobileNetV2 cut at layer 16, a small head that predicts quality gains (source: T5)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nitido.bundle.manifest import View
from nitido_train.degrade import FACTORS

OUTPUTS = ("joint", *FACTORS, "upscale")
"""What the six outputs predict."""

VIEW = View(size=448, crop=224, count=4)
"""Four native-size crops fill the network's 448 x 448 input."""

# Sandler et al. 2018, table 2: expansion, channels, blocks, first stride; the last two stages are cut off.
_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2))


@dataclass(frozen=True)
class TriggerConfig:
    """Size of the head; its last layer stays below 120 parameters so that ratings can fine-tune it (T6)."""

    hidden: int = 16


class InvertedResidual(nn.Module):
    """Expand, depthwise 3x3, project; added to its input where shapes agree. BatchNorm is folded already."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        middle = inputs * expansion
        self.expand = nn.Conv2d(inputs, middle, 1) if expansion != 1 else nn.Identity()
        self.depthwise = nn.Conv2d(middle, middle, 3, stride, 1, groups=middle)
        self.project = nn.Conv2d(middle, outputs, 1)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Stride 2 halves the resolution."""
        middle = x if isinstance(self.expand, nn.Identity) else F.relu6(self.expand(x))
        out: Tensor = self.project(F.relu6(self.depthwise(middle)))
        return x + out if self.residual else out


class TriggerNet(nn.Module):
    """RGB (N, 3, H, W) in [0, 1] to gains (N, 6) in units of quality (1 to 10), see OUTPUTS."""

    def __init__(self, config: TriggerConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Conv2d(3, 32, 3, 2, 1)
        blocks, channels = [], 32
        for expansion, outputs, count, stride in _STAGES:
            for index in range(count):
                blocks.append(InvertedResidual(channels, outputs, stride if index == 0 else 1, expansion))
                channels = outputs
        self.blocks = nn.Sequential(*blocks)
        self.hidden = nn.Linear(channels, config.hidden)
        self.last = nn.Linear(config.hidden, len(OUTPUTS))
        nn.init.normal_(self.last.weight, std=0.1)
        nn.init.zeros_(self.last.bias)

    def forward(self, image: Tensor) -> Tensor:
        """Predict the gains."""
        features = self.blocks(F.relu6(self.stem(image))).mean((2, 3))
        gains: Tensor = self.last(F.relu(self.hidden(features)))
        return gains

    def load_imagenet(self, file: Path) -> None:
        """Start from ImageNet weights: an npz of folded layers ``00.weight, 00.bias, 01.weight, ...``.

        They expect inputs of -1..1; that scaling moves into the first layer. TensorFlow pads stride-2 layers
        at the bottom right only, this network on all sides: a shift by one pixel that training absorbs.
        """
        layers = [m for m in self.modules() if isinstance(m, nn.Conv2d)]
        with np.load(file) as weights, torch.no_grad():
            for index, layer in enumerate(layers):
                weight = torch.from_numpy(weights[f"{index:02}.weight"].astype(np.float32))
                bias = torch.from_numpy(weights[f"{index:02}.bias"].astype(np.float32))
                if index == 0:
                    bias, weight = bias - weight.sum((1, 2, 3)), 2 * weight
                layer.weight.copy_(weight)
                assert layer.bias is not None
                layer.bias.copy_(bias)
