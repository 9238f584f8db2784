"""Stand-ins for codecs that have slopes (D2): blocks of cosines, quantisation, a learned rate and filter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nitido.sharing.coarseness import Codec, coarseness

BLOCK = 8
_JPEG_LUMA = (
    "16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62 "
    "18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 "
    "49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"
)
"""Example table of ITU-T T.81, annex K, row by row; encoders scale it by their quality."""


_GENTLE = 7.0
"""Of the stairs' slopes, for a stand-in that learns its steps: many coefficients have a say in each."""
STEEP = 40.0
"""The same for who learns through a stand-in: with gentle ones downscalers sharpen what never arrives."""


class Coded(NamedTuple):
    """A picture as a receiver gets it, and what it costs to send."""

    decoded: Tensor
    """(N, 1, H, W) in [0, 1], not clipped."""
    bits: Tensor
    """(N,)."""


@dataclass(frozen=True)
class ProxyConfig:
    """Codecs in the order of their index, and the width of the filter after decoding."""

    codecs: tuple[Codec, ...] = ("jpeg", "webp", "h264")
    width: int = 16


class IdentityProxy(nn.Module):
    """No codec (D11): nothing is lost, nothing costs."""

    def forward(self, plane: Tensor, codec: Tensor, quality: Tensor) -> Coded:
        """The plane itself."""
        return Coded(plane, plane.new_zeros(len(plane)))


class CodecProxy(nn.Module):
    """Luma (N, 1, H, W) in [0, 1], sides multiples of 8, to what a codec makes of it: ``Coded``.

    JPEG's distortion is JPEG itself: its transform, its tables, its rounding. In training mode rounding has
    slopes, see ``stairs``. Of the others, steps are learned, and a small filter does what
    their prediction and loop filter do to the picture. The rate is learned: a sum over coefficients of two
    rising functions of their size.
    """

    def __init__(self, config: ProxyConfig) -> None:
        super().__init__()
        self.config = config
        self.steepness = _GENTLE
        """Of the slopes of rounding in training mode, see ``stairs``."""
        many = len(config.codecs)
        self.register_buffer("cosines", cosines(), persistent=False)
        table = torch.tensor([float(step) for step in _JPEG_LUMA.split()])
        self.register_buffer("table", table, persistent=False)
        self.register_buffer(
            "exact", torch.tensor([name == "jpeg" for name in config.codecs]).float(), persistent=False
        )
        self.steps = nn.Parameter(torch.zeros(many, BLOCK * BLOCK))
        self.step_curve = nn.Parameter(torch.zeros(many, 3))
        self.adaptation = nn.Parameter(torch.zeros(many, 2))
        self.significance = nn.Parameter(torch.full((many, BLOCK * BLOCK), 1.0))
        self.magnitude = nn.Parameter(torch.full((many, BLOCK * BLOCK), 0.5))
        self.threshold = nn.Parameter(torch.zeros(many, 2))
        self.rate_curve = nn.Parameter(torch.zeros(many, 3))
        self.first = nn.Conv2d(5, config.width, 3, padding=1)
        self.second = nn.Conv2d(config.width, config.width, 3, padding=1)
        self.last = nn.Conv2d(config.width, 4, 3, padding=1)
        self.scale = nn.Linear(many + 3, config.width)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]  # Conv2d.bias is only None when asked

    def forward(self, plane: Tensor, codec: Tensor, quality: Tensor) -> Coded:
        """``codec`` (N,) index into the configuration's, ``quality`` (N,) as that codec counts it."""
        height, width = plane.shape[2:]
        wave = self.get_buffer("cosines")
        # A matrix product of blocks: as a convolution with a stride it takes ten times as long on a CPU.
        blocks = (255 * plane - 128).reshape(-1, height // BLOCK, BLOCK, width // BLOCK, BLOCK)
        waves = blocks.transpose(2, 3).flatten(3) @ wave.T
        step = self.step_sizes(codec, quality)[:, None, None] * self._adapted(waves, codec)
        found = waves / step
        rounded = stairs(found, self.steepness) if self.training else found.round()
        decoded = ((rounded * step) @ wave + 128) / 255
        decoded = decoded.reshape(*decoded.shape[:3], BLOCK, BLOCK).transpose(2, 3).reshape(plane.shape)
        return Coded(self._filtered(decoded, codec, quality), self._bits(found, codec, quality))

    def step_sizes(self, codec: Tensor, quality: Tensor) -> Tensor:
        """(N, 64) quantiser steps in grey levels, for an orthonormal transform."""
        level = self.level(codec, quality)
        jpeg = (self.get_buffer("table") * jpeg_scale(quality)[:, None] + 0.5).floor().clamp(1, 255)
        learned = torch.exp2(level[:, None] + self.steps[codec] + _curve(self.step_curve[codec], level))
        exact = self.get_buffer("exact")[codec][:, None]
        return exact * jpeg + (1 - exact) * learned

    def level(self, codec: Tensor, quality: Tensor) -> Tensor:
        """(N,) log2 of a step in grey levels, by what each codec's documents say of its quality."""
        names = self.config.codecs
        levels = [coarseness(names[c], q) for c, q in zip(codec.tolist(), quality.tolist(), strict=True)]
        return torch.tensor(levels)

    def _adapted(self, waves: Tensor, codec: Tensor) -> Tensor:
        """What steps are multiplied by where there is more detail, in the picture and in its blocks."""
        activity = torch.log2(1 + waves[..., 1:].square().mean(3, keepdim=True).detach())
        mean = activity.mean((1, 2), keepdim=True)
        weights = self.adaptation[codec][:, None, None, :]
        learned = weights[..., :1] * (mean - 5) + weights[..., 1:] * (activity - mean)
        return torch.exp2(learned * (1 - self.get_buffer("exact")[codec])[:, None, None, None])

    def _bits(self, found: Tensor, codec: Tensor, quality: Tensor) -> Tensor:
        # The mean of a block is coded as what it differs by from its neighbour's.
        mean = found[..., :1].diff(dim=2)
        sizes = torch.cat([torch.cat([mean[:, :, :1], mean], 2), found[..., 1:]], 3).square()
        threshold = torch.exp2(2 * self.threshold[codec])[:, :, None, None, None]
        significant = sizes / (sizes + 0.25 * threshold[:, 0])
        large = torch.log2(1 + sizes / threshold[:, 1])
        weights = F.softplus(torch.stack([self.significance[codec], self.magnitude[codec]]))[:, :, None, None]
        blocks = (weights[0] * significant + weights[1] * large).sum((1, 2, 3))
        return blocks * torch.exp2(_curve(self.rate_curve[codec], self.level(codec, quality))[:, 0])

    def _filtered(self, decoded: Tensor, codec: Tensor, quality: Tensor) -> Tensor:
        chosen = (self.get_buffer("exact")[codec] == 0).nonzero()[:, 0]
        if not len(chosen):
            return decoded
        image, codec = decoded[chosen], codec[chosen]
        level = self.level(codec, quality[chosen]) / 8
        known = F.one_hot(codec, len(self.config.codecs)).float()
        condition = torch.cat([known, torch.stack([level, level**2, level**3], 1)], 1)
        strength = torch.exp2(8 * level)[:, None, None, None] / 255
        quarters = F.pixel_unshuffle(image, 2)
        edge = torch.zeros_like(quarters[:, :1])
        edge[..., :: BLOCK // 2, :] = 1
        edge[..., :, :: BLOCK // 2] = 1
        # In units of a step all qualities look alike; the mean is taken off, so that flat stays flat.
        mean = quarters.mean(1, keepdim=True)
        mean = F.avg_pool2d(mean, 3, 1, 1, count_include_pad=False)
        features = F.relu(self.first(torch.cat([(quarters - mean) / strength, edge], 1)))
        features = F.relu(self.second(features) * (1 + self.scale(condition))[..., None, None])
        change = F.pixel_shuffle(self.last(features).float(), 2)
        return decoded.index_add(0, chosen, strength * change)


def stairs(values: Tensor, steepness: float) -> Tensor:
    """Rounding, with the slopes of soft stairs (Agustsson & Theis 2020: steps of tanh), 1 on average.

    Slopes as if nothing were rounded would tell a downscaler of detail that never arrives: most fine
    coefficients are near zero and stay there. Of steep stairs nearly all slopes are zero, as rounding's are,
    and the few at a step's edge stand for all that a batch moves over one. What is computed is rounding
    itself: soft stairs would mend small errors that the codec does not.
    """
    low = values.floor()
    soft = 0.5 * torch.tanh(steepness * (values - low - 0.5)) / math.tanh(steepness / 2)
    return values.round() + (soft - soft.detach())


def cosines() -> Tensor:
    """(64, 64) orthonormal: frequencies, the rows' slowest, by pixels of a block."""
    k = torch.arange(BLOCK, dtype=torch.float64)
    basis = torch.cos(math.pi * (2 * k[None] + 1) * k[:, None] / (2 * BLOCK)) * math.sqrt(2 / BLOCK)
    basis[0] /= math.sqrt(2)
    return torch.einsum("uy,vx->uvyx", basis, basis).reshape(BLOCK * BLOCK, -1).float()


def jpeg_scale(quality: Tensor) -> Tensor:
    """What libjpeg multiplies the table by."""
    return torch.where(quality < 50, 50 / quality.clamp(min=1), 2 - quality / 50)


def _curve(weights: Tensor, level: Tensor) -> Tensor:
    """(N, 1) quadratic of (N,) levels."""
    x = (level[:, None] - 4) / 4
    return weights[:, :1] + weights[:, 1:2] * x + weights[:, 2:] * x**2
