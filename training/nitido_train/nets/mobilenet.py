"""MobileNetV2 without BatchNorm (Sandler et al. 2018), cut off after a stage: features for several heads."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Stage(NamedTuple):
    """A row of table 2 of the paper: blocks of one resolution."""

    expansion: int
    channels: int
    blocks: int
    stride: int
    """Of the first block; the others keep the resolution."""


LAYER_16 = tuple(
    Stage(*row)
    for row in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2))
)
"""Table 2 up to layer 16 (source: T5): the stages of 320 and 1280 channels are cut off."""


def scaled(channels: int, width: float) -> int:
    """Channels of a narrower network: a multiple of 8, and never below nine tenths of what was asked for."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * wanted else rounded + 8


class InvertedResidual(nn.Module):
    """Expand, depthwise 3x3, project; added to its input where shapes agree. BatchNorm is folded already."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        middle = inputs * expansion
        self.expand = nn.Conv2d(inputs, middle, 1) if expansion != 1 else nn.Identity()
        self.depthwise = nn.Conv2d(middle, middle, 3, stride, 1, groups=middle)
        self.project = nn.Conv2d(middle, outputs, 1)
        self.residual = stride == 1 and inputs == outputs
        self._keep_signal()

    def _keep_signal(self) -> None:
        """He et al. 2015: without BatchNorm, torch's own start values lose the image on the way to layer 16.

        Residual branches start at half, so that their sums do not grow out of ReLU6's range.
        """
        for layer in (self.expand, self.depthwise):
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.kaiming_normal_(self.project.weight, nonlinearity="linear")
        if self.residual:
            with torch.no_grad():
                self.project.weight.mul_(0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Stride 2 halves the resolution."""
        middle = x if isinstance(self.expand, nn.Identity) else F.relu6(self.expand(x))
        out: Tensor = self.project(F.relu6(self._filtered(middle)))
        return x + out if self.residual else out

    def _filtered(self, middle: Tensor) -> Tensor:
        """The depthwise convolution.

        Where gradients are wanted, a stride of 2 is every second result of a stride of 1: on a CPU, gradients
        of a depthwise convolution with a stride take torch several times as long.
        """
        filtered: Tensor
        if self.depthwise.stride == (1, 1) or not (self.training and middle.requires_grad):
            filtered = self.depthwise(middle)
            return filtered
        weight, bias = self.depthwise.weight, self.depthwise.bias
        filtered = F.conv2d(middle, weight, bias, padding=1, groups=self.depthwise.groups)
        return F.avg_pool2d(filtered, 1, 2)


class MobileNetV2(nn.Module):
    """RGB (N, 3, H, W) in [0, 1] to features (N, C, h, w); subclasses put a head on them."""

    def __init__(self, stages: tuple[Stage, ...] = LAYER_16, width: float = 1.0) -> None:
        super().__init__()
        channels = scaled(32, width)
        self.stem = nn.Conv2d(3, channels, 3, 2, 1)
        nn.init.kaiming_normal_(self.stem.weight, nonlinearity="relu")
        blocks = []
        for stage in stages:
            for index in range(stage.blocks):
                outputs = scaled(stage.channels, width)
                stride = stage.stride if index == 0 else 1
                blocks.append(InvertedResidual(channels, outputs, stride, stage.expansion))
                channels = outputs
        self.blocks = nn.Sequential(*blocks)
        self.channels = channels
        """C, how many features there are."""

    def features(self, image: Tensor) -> Tensor:
        """(N, C, h, w): every stride of 2 halves the sides, the stem's first."""
        out: Tensor = self.blocks(F.relu6(self.stem(image)))
        return out

    def forward(self, image: Tensor) -> Tensor:
        """The features, where no subclass says otherwise."""
        return self.features(image)


def load_imagenet(net: MobileNetV2, file: Path) -> None:
    """Start from ImageNet weights: an npz of folded layers ``00.weight, 00.bias, 01.weight, ...``.

    They expect inputs of -1..1; that scaling moves into the first layer. TensorFlow pads stride-2 layers
    at the bottom right only, this network on all sides: a shift by one pixel that training absorbs.
    Raises ValueError when the network has layers of other shapes.
    """
    layers = [net.stem, *(m for m in net.blocks.modules() if isinstance(m, nn.Conv2d))]
    with np.load(file) as weights, torch.no_grad():
        for index, layer in enumerate(layers):
            weight = torch.from_numpy(weights[f"{index:02}.weight"].astype(np.float32))
            bias = torch.from_numpy(weights[f"{index:02}.bias"].astype(np.float32))
            if weight.shape != layer.weight.shape:
                raise ValueError(
                    f"expected layer {index} of {file} to be of shape {tuple(layer.weight.shape)}, got "
                    f"{tuple(weight.shape)}; use a network of width 1 or start without these weights"
                )
            if index == 0:
                bias, weight = bias - weight.sum((1, 2, 3)), 2 * weight
            layer.weight.copy_(weight)
            assert layer.bias is not None
            layer.bias.copy_(bias)
