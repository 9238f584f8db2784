"""Downscaling networks, four ways (D1): all make one pixel of luma of each 2 x 2 pixels of a grid.

The grid is the photo where it is to become half as large, else the photo resampled to twice the size asked
for, so that the same network makes any size. Its 2 x 2 pixels come as four channels, called quarters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nitido.sharing.wish import COUNT

Kind = Literal["a", "b", "c", "d"]


@dataclass(frozen=True)
class DownscaleConfig:
    """Size and kind of a network."""

    kind: Kind = "d"
    """a: a strided convolution reads the grid. b: features of the grid are resampled by a classic filter.
    c: the same, and where each pixel lies on the photo's grid are features too. d: a kernel is predicted for
    each pixel and applied to the grid, as shares of learned ones. a, b and c predict a residual."""
    width: int = 16
    depth: int = 2
    hidden: int = 24
    """Width of the layer that reads the wish."""
    details: int = 5
    """Filters of detail beside the one of the whole, at most 5; kind d needs one."""
    fine: int = 8
    """Features of the grid in b and c."""
    stride: int = 1
    """With 2, features stand for 2 x 2 pixels of the result, each of which still gets shares of its own: a
    quarter of the work. Sides of a result are multiples of it."""


class DownscaleNet(nn.Module):
    """Quarters (N, 4, H, W) of luma in [0, 1] and wishes (N, COUNT) to luma (N, 1, H, W), not clipped.

    Kind c reads six channels: the last two are by how much, in pixels of the photo from -0.5 to 0.5, the
    centre of a pixel lies off one of the photo's, down and to the right. Convolutions are 3x3; a wish scales
    and shifts the first features. What they make is added to linear filters of the grid, which are mixed as
    the wish says.
    """

    def __init__(self, config: DownscaleConfig) -> None:
        super().__init__()
        self.config = config
        width, kind, stride = config.width, config.kind, config.stride
        if kind in ("b", "c"):
            self.fine = nn.Conv2d(1, config.fine, 3, padding=1)
        inputs = {"a": 4, "b": config.fine, "c": config.fine + 2, "d": 4}[kind]
        self.head = nn.Conv2d(inputs, width, 3 * stride, stride, padding=stride)
        self.body = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(config.depth))
        found = config.details if kind == "d" else 1
        self.tail = nn.Conv2d(width, stride**2 * found, 3, padding=1)
        self.whole = nn.Conv2d(4, 1, 3, padding=1, bias=False)
        if config.details:
            self.details = nn.Conv2d(4, config.details, 3, padding=1, bias=False)
            self.mix = nn.Linear(config.hidden, config.details)
        # Of each pixel of a place; the whole comes first, and has a share of one.
        places = F.pad(torch.eye(config.details), (0, 0, 1, 0)).repeat_interleave(stride**2, 0)
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("ones", 1 - places.sum(1), persistent=False)
        sums = torch.eye(stride**2).repeat(1, 1 + config.details)[:, :, None, None]
        self.register_buffer("sums", sums, persistent=False)
        self.read = nn.Linear(COUNT, config.hidden)
        self.tell = nn.Linear(config.hidden, 2 * width)
        with torch.no_grad():
            whole, details = _short_filters()
            self.whole.weight.copy_(whole)
            if config.details:
                self.details.weight.copy_(details[: config.details])
                nn.init.zeros_(self.mix.weight)
                nn.init.zeros_(self.mix.bias)
            for layer in self.body:
                assert isinstance(layer, nn.Conv2d)
                nn.init.normal_(layer.weight, std=0.5 * (2 / (9 * width)) ** 0.5)
                layer.weight[:, :, 1, 1] += torch.eye(width)  # a residual connection without its add
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # only None when asked
            nn.init.normal_(self.tail.weight, std=1e-3)
            nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]
            nn.init.normal_(self.tell.weight, std=0.02)
            nn.init.zeros_(self.tell.bias)

    @property
    def receptive_radius(self) -> int:
        """How many pixels of the result away quarters can still matter."""
        stride = self.config.stride
        return stride * (self.config.depth + 2) + stride - 1 + (self.config.kind in ("b", "c"))

    def forward(self, quarters: Tensor, wish: Tensor) -> Tensor:
        """Make small."""
        return self.add(self.filter(quarters), self.refine(self.look(quarters), wish), wish)

    def look(self, quarters: Tensor) -> Tensor:
        """The first features, (N, width, H / stride, W / stride), before a wish scales and shifts them."""
        if self.config.kind in ("b", "c"):
            fine = F.relu(self.fine(F.pixel_shuffle(quarters[:, :4], 2)))
            quarters = torch.cat([F.avg_pool2d(fine, 2), quarters[:, 4:]], 1)
        stride = self.config.stride
        return F.conv2d(quarters, self.looks(), self.head.bias, stride=stride, padding=stride)

    def looks(self) -> Tensor:
        """Kernels of the first features. Where these see luma itself, its level does not matter.

        With it, nearly all features died within minutes of training, and little but linear filters was left.
        """
        return self.head.weight if self.config.kind in ("b", "c") else _level(self.head.weight, 0.0)

    def refine(self, seen: Tensor, wish: Tensor) -> Tensor:
        """What to add to the linear filters' result; in kind d, to the shares that they have in it.

        (N, ., H / stride, W / stride): pixels of a place are channels.
        """
        read = F.relu(self.read(wish))
        halves = slice(self.config.width), slice(self.config.width, None)
        told = [F.linear(read, self.tell.weight[half], self.tell.bias[half]) for half in halves]
        scale, shift = (part[:, :, None, None] for part in told)
        features = F.relu(seen * (1 + scale) + shift)
        for layer in self.body:
            features = F.relu(layer(features))
        weight, bias = self.tail.weight, self.tail.bias
        assert bias is not None
        if self.config.kind == "d":  # nothing is added to the share of the whole, which comes first
            whole = self.config.stride**2
            weight, bias = F.pad(weight, (0, 0, 0, 0, 0, 0, whole, 0)), F.pad(bias, (whole, 0))
        return F.conv2d(features, weight, bias, padding=1)

    def filter(self, quarters: Tensor) -> Tensor:
        """What each linear filter makes: (N, ., H / stride, W / stride), first the whole of all pixels."""
        stride = self.config.stride
        return F.conv2d(quarters[:, :4], self.kernels(), stride=stride, padding=stride)

    def kernels(self) -> Tensor:
        """(., 4, 3 stride, 3 stride), of the whole and of its details, so that what is flat stays flat."""
        kernels = _level(self.whole.weight, 1.0)
        if self.config.details:
            kernels = torch.cat([kernels, _level(self.details.weight, 0.0)])
        return _spread(kernels, self.config.stride)

    def add(self, filtered: Tensor, change: Tensor, wish: Tensor) -> Tensor:
        """The result, from what ``filter`` and ``refine`` found."""
        if not self.config.details:
            return F.pixel_shuffle(filtered + change, self.config.stride)
        shares = self.mix(F.relu(self.read(wish)))
        shares = F.linear(shares, self.get_buffer("places"), self.get_buffer("ones"))[:, :, None, None]
        if self.config.kind == "d":
            shares = shares + change
        result = F.conv2d(filtered * shares, self.get_buffer("sums"))
        if self.config.kind != "d":
            result = result + change
        return F.pixel_shuffle(result, self.config.stride)


def _spread(kernels: Tensor, stride: int) -> Tensor:
    """Kernels (K, 4, 3, 3) to (K stride^2, 4, 3 stride, 3 stride): of each pixel of a place, row by row."""
    room = 3 * stride - 3
    placed = [
        F.pad(kernels, (stride - 1 + x, room - stride + 1 - x, stride - 1 + y, room - stride + 1 - y))
        for y in range(stride)
        for x in range(stride)
    ]
    return torch.stack(placed, 1).flatten(0, 1)


def _level(kernels: Tensor, total: float) -> Tensor:
    """Kernels that make ``total`` of a flat picture of 1."""
    return kernels + (total - kernels.sum((1, 2, 3), keepdim=True)) / kernels[0].numel()


def _short_filters() -> tuple[Tensor, Tensor]:
    """(1, 4, 3, 3) and (5, 4, 3, 3), six taps each way over 3 x 3 quarters: whole, and detail.

    The whole is a bicubic that halves. Detail is that minus the mean of 4 pixels; the finest of it along rows
    and along columns alone; and that minus the mean of 16 pixels, and of 36.
    """
    taps = torch.tensor([-0.0703, 0.2266, 0.8672, 0.8672, 0.2266, -0.0703])
    taps = taps / taps.sum()
    means = [torch.zeros(6) for _ in range(3)]
    for radius, mean in enumerate(means, 1):
        mean[3 - radius : 3 + radius] = 1 / (2 * radius)
    whole = torch.outer(taps, taps)
    details = [whole - torch.outer(mean, mean) for mean in means]
    details[1:1] = [torch.outer(taps, taps - means[1]), torch.outer(taps - means[1], taps)]
    return F.pixel_unshuffle(whole[None, None], 2), F.pixel_unshuffle(torch.stack(details)[:, None], 2)
