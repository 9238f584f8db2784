"""SqueezeNet 1.0's features (Iandola et al. 2016), and how far two images are apart in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from nitido.photo.model import Pixels
from nitido_train.tensors import to_tensor

Weights = Mapping[str, NDArray[np.float32]]

_FIRES = range(2, 10)
_POOLED_AFTER = (4, 8)
_MEAN = (123.0, 117.0, 104.0)
"""Of red, green and blue: what these weights, which are Caffe's, expect subtracted from 0..255."""


class Fire(nn.Module):
    """A 1x1 convolution to few channels, then a 1x1 and a 3x3 side by side."""

    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.squeeze = _convolution(weights, f"{name}/conv1x1_1")
        self.narrow = _convolution(weights, f"{name}/conv1x1_2")
        self.wide = _convolution(weights, f"{name}/conv3x3_2", padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Same resolution."""
        x = F.relu(self.squeeze(x))
        return F.relu(torch.cat([self.narrow(x), self.wide(x)], 1))


class SqueezeNet(nn.Module):
    """RGB (N, 3, H, W) in [0, 1] to nine features (N, C, h, w): of the first layer, and of each fire module.

    Never trained here; the classifier at its end is left out.
    """

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        first = _convolution(weights, "conv1", stride=2)
        with torch.no_grad():  # they expect blue, green, red too; without padding all folds in exactly
            reordered = first.weight.flip(1)
            assert first.bias is not None
            first.bias -= (reordered * torch.tensor(_MEAN).view(1, 3, 1, 1)).sum((1, 2, 3))
            first.weight.copy_(255 * reordered)
        self.first = first
        self.fires = nn.ModuleList(Fire(weights, f"fire{number}") for number in _FIRES)
        self.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, image: Tensor) -> list[Tensor]:
        """The features, from fine to coarse."""
        with torch.autocast(image.device.type, enabled=False):  # bfloat16 has fewer levels than a photo
            found = [F.relu(self.first(image.float()))]
        x = F.max_pool2d(found[0], 3, 2, ceil_mode=True)
        for number, fire in zip(_FIRES, self.fires, strict=True):
            found.append(fire(x))
            x = F.max_pool2d(found[-1], 3, 2, ceil_mode=True) if number in _POOLED_AFTER else found[-1]
        return found


class FeatureDistance(nn.Module):
    """How differently SqueezeNet sees two images: 0 where they are equal, about 1 where they share nothing.

    LPIPS (Zhang et al. 2018) without its weights, which were learned from people's judgements: features of
    each place scaled to length 1, squared differences, mean over places and layers.
    """

    def __init__(self, net: SqueezeNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """The distance, a scalar, of two RGB batches in [0, 1]; its slope goes to both."""
        layers = [
            (_unit(a) - _unit(b)).square().sum(1).mean() / 2
            for a, b in zip(self.net(output), self.net(target), strict=True)
        ]
        return torch.stack(layers).mean()

    def of_pixels(self, a: Pixels, b: Pixels) -> float:
        """The distance of two photos of one size."""
        with torch.inference_mode():
            return float(self(to_tensor([a]), to_tensor([b])))


def load(file: Path) -> SqueezeNet:
    """Read the weights: an npz of ``conv1.weight``, ``conv1.bias``, ``fire2/conv1x1_1.weight`` and so on.

    Raises ValueError when a layer is missing.
    """
    with np.load(file) as weights:
        try:
            return SqueezeNet(weights)
        except KeyError as error:
            raise ValueError(
                f"expected SqueezeNet's weights in {file}, got no {error}; get it again"
            ) from error


def _convolution(weights: Weights, name: str, stride: int = 1, padding: int = 0) -> nn.Conv2d:
    weight = torch.from_numpy(weights[f"{name}.weight"].astype(np.float32))
    outputs, inputs, side, _ = weight.shape
    layer = nn.Conv2d(inputs, outputs, side, stride, padding)
    layer.weight = nn.Parameter(weight)
    layer.bias = nn.Parameter(torch.from_numpy(weights[f"{name}.bias"].astype(np.float32)))
    return layer


def _unit(features: Tensor) -> Tensor:
    features = features.float()
    return features / (features.square().sum(1, keepdim=True) + 1e-8).sqrt()  # the root has no slope at zero
