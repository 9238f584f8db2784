"""Networks in the arithmetic of their 8-bit builds, with gradients: weights and ranges adapt to it.

Weights are int8 with a scale for each output channel, biases int32, activations uint8 with one learned range
a layer; images are the grey levels that they are. Rounding passes gradients straight through (Bengio et al.
2013); ranges learn from what rounding and clipping did to each value (LSQ: Esser et al. 2020).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from nitido_train.nets.sr import SrNet

GREY = 1 / 255
_LAST = "tail"


def rounded(x: Tensor) -> Tensor:
    """To whole numbers, halves to even; the gradient passes."""
    return x + (x.round() - x).detach()


def quantised_weight(weight: Tensor) -> tuple[Tensor, Tensor]:
    """int8 weights as floats, and the scale of each output channel (outputs, 1, 1, 1)."""
    scale = weight.detach().abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-12) / 127
    return rounded(weight / scale) * scale, scale


class RoundedWeight(nn.Module):
    """A parametrisation: a layer computes with the weights that its 8-bit build has."""

    def forward(self, weight: Tensor) -> Tensor:
        """Round."""
        return quantised_weight(weight)[0]


def round_weights(net: nn.Module) -> None:
    """Let all convolutions of ``net`` compute with int8 weights from now on, and learn through them."""
    for layer in _convolutions(net):
        parametrize.register_parametrization(layer, "weight", RoundedWeight())


def keep_rounded(net: nn.Module) -> None:
    """Make the rounded weights the layers' own, as they are saved."""
    for layer in _convolutions(net):
        if parametrize.is_parametrized(layer):
            parametrize.remove_parametrizations(layer, "weight")


def _convolutions(net: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]


class Range(nn.Module):
    """A learned range, from ``low`` (0 after a ReLU, never above) to ``high``, stored in 256 steps."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.high = nn.Parameter(torch.tensor(math.log(high)))
        self.low = nn.Parameter(torch.tensor(math.log(-low))) if low < 0 else None

    def step(self) -> tuple[Tensor, Tensor]:
        """The distance of two steps, and the number of the step that is zero."""
        low = torch.zeros(()) if self.low is None else -self.low.exp()
        scale = (self.high.exp() - low) / 255
        return scale, (-low / scale).detach().round()

    def forward(self, x: Tensor) -> Tensor:
        """Clip and round."""
        scale, zero = self.step()
        # Every value pulls at the one range: damped as in LSQ, it does not drown the weights in the norm.
        share = 1 / math.sqrt(255 * x.numel())
        scale = share * scale + (1 - share) * scale.detach()
        return (rounded(x / scale + zero).clamp(0, 255) - zero) * scale

    def limits(self) -> tuple[float, float]:
        """The smallest and the largest value that it can store."""
        scale, zero = (float(value.detach()) for value in self.step())
        return -zero * scale, (255 - zero) * scale


class QuantisedSr(nn.Module):
    """An ``SrNet`` as its w8a8 builds compute it: RGB (N, 3, H, W) in [0, 1], in grey levels, to the same."""

    def __init__(self, net: SrNet, ranges: dict[str, tuple[float, float]]) -> None:
        """``net`` is trained in place; ``ranges`` are what its layers start with, see ``observed_ranges``."""
        super().__init__()
        self.net = net
        self.ranges = nn.ModuleDict({_key(layer): Range(*span) for layer, span in ranges.items()})

    def forward(self, image: Tensor) -> Tensor:
        """Upscale."""
        with torch.autocast("cpu", enabled=False):  # 255 steps are more than bf16 can tell apart
            x, unit = image, torch.tensor(GREY)
            for layer, convolution in layers(self.net).items():
                weight, scale = quantised_weight(convolution.weight)
                assert convolution.bias is not None
                unit = unit * scale.flatten()
                x = F.conv2d(x, weight, rounded(convolution.bias / unit) * unit, padding=1)
                kept = self.ranges[_key(layer)]
                assert isinstance(kept, Range)
                x = kept(x if layer == _LAST else F.relu(x))
                unit = kept.step()[0].detach()
            x = x + F.conv2d(image, self.net.get_buffer("nearest"))
            return F.pixel_shuffle(rounded(x / GREY).clamp(0, 255) * GREY, self.net.config.scale)

    def limits(self) -> dict[str, tuple[float, float]]:
        """The learned range of each layer, for ``Trained.ranges``: what an export uses."""
        found = {}
        for layer in layers(self.net):
            kept = self.ranges[_key(layer)]
            assert isinstance(kept, Range)
            found[layer] = kept.limits()
        return found


def layers(net: SrNet) -> dict[str, nn.Conv2d]:
    """The trained convolutions of a chain by name, in the order of the signal."""
    return {name: layer for name, layer in net.named_modules() if isinstance(layer, nn.Conv2d)}


def observed_ranges(net: SrNet, images: list[Tensor]) -> dict[str, tuple[float, float]]:
    """The range of what each layer makes, after its ReLU, over images (N, 3, H, W)."""
    found: dict[str, tuple[float, float]] = {}
    with torch.no_grad():
        for image in images:
            x = image
            for layer, convolution in layers(net).items():
                x = convolution(x)
                if layer != _LAST:
                    x = F.relu(x)
                low, high = found.get(layer, (0.0, 1e-6))
                found[layer] = min(low, float(x.min())), max(high, float(x.max()))
    return found


def _key(layer: str) -> str:
    return layer.replace(".", "_")  # a module's name has no dots
