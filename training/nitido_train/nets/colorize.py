"""The colorization network: luma to a distribution of colours per cell, its mean and its variance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nitido_train.nets import mobilenet
from nitido_train.nets.mobilenet import LAYER_16, MobileNetV2

LEVELS = (-0.36, -0.23, -0.14, -0.075, -0.03, 0.0, 0.03, 0.075, 0.14, 0.23, 0.36)
"""Cb and Cr of the bins, in units of white: photos have most of their colours near grey."""
BINS = len(LEVELS) ** 2
"""All pairs of levels, Cb first."""
BLOCK = 4
"""A side of a cell, in pixels of the luma."""
_STAGES = LAYER_16[:5]
_SKIPS = (1, 2, 4)
"""Stages whose ends the decoder sees: a quarter, an eighth and a sixteenth of the resolution."""


@dataclass(frozen=True)
class ColorizeConfig:
    """Size of the network; the defaults make 0.96 million parameters."""

    width: float = 1.0
    """MobileNetV2's width multiplier; 1 can start from ImageNet weights."""
    context: int = 128
    """Channels at a thirty-second of the resolution, where a cell sees most of the photo."""
    eighth: int = 64
    quarter: int = 48
    temperature: float = 0.8
    """Below 1 the likely colours count more than their share, which keeps the mean of several from being
    grey (the annealed mean of Zhang et al. 2016)."""


class _Up(nn.Module):
    """Coarse features twice as large, joined with what the encoder saw at that resolution."""

    def __init__(self, coarse: int, seen: int, outputs: int) -> None:
        super().__init__()
        self.up = nn.Conv2d(coarse, 4 * outputs, 1)
        self.skip = nn.Conv2d(seen, outputs, 1)
        self.join = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, coarse: Tensor, seen: Tensor) -> Tensor:
        """(N, outputs, H, W) of ``seen``'s size."""
        return F.relu(self.join(F.relu(self.skip(seen) + F.pixel_shuffle(self.up(coarse), 2))))


class ColorizeNet(nn.Module):
    """Luma (N, 1, H, W) in [0, 1], sides multiples of 32, to chroma (N, 2, H/4, W/4) and its variance.

    What colour a thing has cannot be told from its luma alone: the network predicts how likely each of a grid
    of colours is, and so knows what it is not sure of. A regression would answer every doubt with grey.
    """

    def __init__(self, config: ColorizeConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = MobileNetV2(_STAGES, config.width)
        self.encoder.stem = nn.Conv2d(1, self.encoder.stem.out_channels, 3, 2, 1)
        quarter, eighth, sixteenth = (mobilenet.scaled(_STAGES[at].channels, config.width) for at in _SKIPS)
        self.gather = nn.Conv2d(sixteenth, config.context, 3, 2, 1)
        self.look = nn.Conv2d(config.context, config.context, 3, padding=1)
        self.up_sixteenth = _Up(config.context, sixteenth, config.eighth)
        self.up_eighth = _Up(config.eighth, eighth, config.eighth)
        self.up_quarter = _Up(config.eighth, quarter, config.quarter)
        self.last = nn.Conv2d(config.quarter, BINS, 1)
        heads = (self.gather, self.look, self.up_sixteenth, self.up_eighth, self.up_quarter)
        for layer in (self.encoder.stem, *(m for head in heads for m in head.modules())):
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # Conv2d.bias is only None when asked
        nn.init.normal_(self.last.weight, std=1e-2)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]
        centres = torch.cartesian_prod(torch.tensor(LEVELS), torch.tensor(LEVELS))
        self.register_buffer("centres", centres.t().reshape(2, BINS, 1, 1).contiguous())
        self.register_buffer("squares", centres.square().sum(1).view(1, BINS, 1, 1))
        self.register_buffer("both", torch.ones(1, 2, 1, 1))

    def logits(self, luma: Tensor) -> Tensor:
        """(N, BINS, H/4, W/4)."""
        seen, x, block = [], F.relu6(self.encoder.stem(luma)), 0
        for at, stage in enumerate(_STAGES):
            x = self.encoder.blocks[block : block + stage.blocks](x)
            block += stage.blocks
            if at in _SKIPS:
                seen.append(x)
        quarter, eighth, sixteenth = seen
        x = F.relu(self.look(F.relu(self.gather(sixteenth))))
        x = self.up_eighth(self.up_sixteenth(x, sixteenth), eighth)
        out: Tensor = self.last(self.up_quarter(x, quarter))
        return out

    def forward(self, luma: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (N, 2, h, w) and variance (N, 1, h, w) of the colours, in units of white."""
        likely = F.softmax(self.logits(luma) / self.config.temperature, dim=1)
        chroma = F.conv2d(likely, self.get_buffer("centres"))
        mean_square = F.conv2d(likely, self.get_buffer("squares"))
        return chroma, mean_square - F.conv2d(chroma * chroma, self.get_buffer("both"))


def soft_bins(chroma: Tensor) -> Tensor:
    """(N, BINS, H, W) of (N, 2, H, W): shares of the four bins around a colour, whose mean it is."""
    x = chroma.clamp(LEVELS[0], LEVELS[-1]).unsqueeze(2)
    levels = chroma.new_tensor(LEVELS).view(1, 1, -1, 1, 1)
    steps = levels.diff(dim=2)
    rise = F.pad((x - levels[:, :, :-1]) / steps, (0, 0, 0, 0, 1, 0), value=1.0)
    fall = F.pad((levels[:, :, 1:] - x) / steps, (0, 0, 0, 0, 0, 1), value=1.0)
    share = torch.minimum(rise, fall).clamp(min=0)
    return (share[:, 0].unsqueeze(2) * share[:, 1].unsqueeze(1)).flatten(1, 2)


def load_imagenet(net: ColorizeNet, file: Path) -> None:
    """Start the encoder from ImageNet weights as ``mobilenet.load_imagenet`` does; it sees luma as grey."""
    colour = MobileNetV2(_STAGES, net.config.width)
    mobilenet.load_imagenet(colour, file)
    weights = colour.state_dict()
    weights["stem.weight"] = weights["stem.weight"].sum(1, keepdim=True)
    net.encoder.load_state_dict(weights)
