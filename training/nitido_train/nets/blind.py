"""Blind upscaling: a mapping of kernels to latents, a generator that heeds them, and the kernels' judge.

All three see the degradation as a map of latents: (N, latent, H, W), or (N, latent, 1, 1) for one kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nitido.blind.shape import SIDE
from nitido.photo.model import LUMA


@dataclass(frozen=True)
class BlindConfig:
    """Sizes of the three networks."""

    scale: int = 2
    latent: int = 10
    hidden: int = 64
    """Width of the mapping's first layer."""
    width: int = 64
    depth: int = 8
    """Conditioned convolutions of the generator."""
    judge_width: int = 48
    judge_depth: int = 5


class KernelMapping(nn.Module):
    """Two dense layers: a kernel, row after row (N, SIDE * SIDE), to its latent (N, latent)."""

    def __init__(self, config: BlindConfig) -> None:
        super().__init__()
        self.config = config
        self.first = nn.Linear(SIDE * SIDE, config.hidden)
        self.second = nn.Linear(config.hidden, config.latent)

    def forward(self, kernel: Tensor) -> Tensor:
        """Map."""
        latent: Tensor = self.second(F.relu(self.first(kernel)))
        return latent

    @torch.no_grad()
    def start_at_principal_components(self, kernels: Tensor) -> None:
        """Let the latent be the main components of ``kernels`` (M, SIDE * SIDE), the first of deviation 1.

        Small components are raised to the square root of their share: they matter more than they measure.
        Each component takes two hidden units, its positive and its negative part; the others start random.
        """
        latent = self.config.latent
        mean = kernels.mean(0)
        _, deviations, components = torch.linalg.svd(kernels - mean, full_matrices=False)
        deviations = deviations[:latent] / len(kernels) ** 0.5
        rows = components[:latent] / (deviations * deviations[0]).sqrt()[:, None]
        signed = torch.cat([rows, -rows])
        self.first.weight[: 2 * latent] = signed
        self.first.bias[: 2 * latent] = -(signed @ mean)
        self.second.weight.zero_()
        self.second.weight[:, :latent] = torch.eye(latent)
        self.second.weight[:, latent : 2 * latent] = -torch.eye(latent)
        self.second.bias.zero_()


class Conditioned(nn.Module):
    """A 3x3 convolution whose output is scaled and shifted, per channel, by what a latent says; then ReLU."""

    def __init__(self, width: int, latent: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.scale = nn.Conv2d(latent, width, 1)
        self.shift = nn.Conv2d(latent, width, 1)
        nn.init.normal_(self.conv.weight, std=0.5 * (2 / (9 * width)) ** 0.5)
        with torch.no_grad():  # the identity, as in SrNet: a residual connection without its add
            self.conv.weight[:, :, 1, 1] += torch.eye(width)
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]  # Conv2d.bias is only None when asked
        nn.init.normal_(self.scale.weight, std=0.02)
        nn.init.ones_(self.scale.bias)  # type: ignore[arg-type]
        nn.init.normal_(self.shift.weight, std=0.02)
        nn.init.zeros_(self.shift.bias)  # type: ignore[arg-type]

    def forward(self, features: Tensor, degradation: Tensor) -> Tensor:
        """(N, width, H, W), same shape out."""
        return F.relu_(torch.addcmul(self.shift(degradation), self.conv(features), self.scale(degradation)))


class Generator(nn.Module):
    """RGB (N, 3, H, W) in [0, 1] and a degradation map to RGB ``scale`` times larger, not clipped."""

    def __init__(self, config: BlindConfig) -> None:
        super().__init__()
        self.config = config
        out = 3 * config.scale**2
        self.head = nn.Conv2d(3, config.width, 3, padding=1)
        self.body = nn.ModuleList(Conditioned(config.width, config.latent) for _ in range(config.depth))
        self.tail = nn.Conv2d(config.width, out, 3, padding=1)
        self.register_buffer("nearest", torch.eye(3).repeat_interleave(config.scale**2, 0).view(out, 3, 1, 1))
        nn.init.normal_(self.tail.weight, std=1e-3)
        nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]

    @property
    def receptive_radius(self) -> int:
        """How many input pixels away a pixel can still matter."""
        return self.config.depth + 2

    def forward(self, image: Tensor, degradation: Tensor) -> Tensor:
        """Upscale."""
        return self.enlarge(image, self.refine(image, degradation)[1])

    def refine(self, image: Tensor, degradation: Tensor) -> tuple[Tensor, Tensor]:
        """The last features (N, width, H, W), and what to add to each pixel's block (N, 3 scale^2, H, W)."""
        features = F.relu(self.head(image))
        for layer in self.body:
            features = layer(features, degradation)
        return features, self.tail(features)

    def enlarge(self, image: Tensor, residuals: Tensor) -> Tensor:
        """The result, from the image and what ``refine`` adds to it."""
        nearest = F.conv2d(image, self.get_buffer("nearest"))
        return F.pixel_shuffle(residuals + nearest, self.config.scale)


class KernelJudge(nn.Module):
    """Image, degradation map, and the generator's last features and residuals, to the *image delta*.

    That is, in luma, what is wrong with the generator's result because of the kernel, (N, scale^2, H, W):
    for each pixel its block, row after row.
    """

    def __init__(self, config: BlindConfig) -> None:
        super().__init__()
        width = config.judge_width
        self.image = nn.Conv2d(3, width, 3, padding=1)
        self.residuals = nn.Conv2d(3 * config.scale**2, width, 3, padding=1)
        self.features = nn.Conv2d(config.width, width, 3, padding=1)
        self.body = nn.ModuleList(Conditioned(width, config.latent) for _ in range(config.judge_depth))
        self.tail = nn.Conv2d(width, config.scale**2, 3, padding=1)
        nn.init.normal_(self.tail.weight, std=1e-3)
        nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]
        with torch.no_grad():  # halos are faint beside the photo: contrast is seen first, and brightness not
            self.residuals.weight *= 8
            self.image.weight -= self.image.weight.mean((2, 3), keepdim=True)
            self.image.weight *= 4

    def forward(self, image: Tensor, degradation: Tensor, features: Tensor, residuals: Tensor) -> Tensor:
        """Judge."""
        inside = F.relu(self.image(image) + self.features(features) + self.residuals(residuals))
        for layer in self.body:
            inside = layer(inside, degradation)
        delta: Tensor = self.tail(inside)
        return delta


class BlindNet(nn.Module):
    """The three networks of one scale; ``judged`` is the graph that a search runs."""

    def __init__(self, config: BlindConfig) -> None:
        super().__init__()
        self.config = config
        self.mapping = KernelMapping(config)
        self.generator = Generator(config)
        self.judge = KernelJudge(config)

    def latent_map(self, kernels: Tensor) -> Tensor:
        """Kernels (N, SIDE * SIDE) to degradation maps (N, latent, 1, 1)."""
        latent: Tensor = self.mapping(kernels)
        return latent[:, :, None, None]

    def judged(self, image: Tensor, degradation: Tensor) -> Tensor:
        """The image delta of the generator's result."""
        delta: Tensor = self.judge(image, degradation, *self.generator.refine(image, degradation))
        return delta


def luma_of_blocks(residuals: Tensor) -> Tensor:
    """(N, 3 b, H, W), a colour's b values after another's, to luma (N, b, H, W)."""
    red, green, blue = residuals.chunk(3, dim=1)
    return float(LUMA[0]) * red + float(LUMA[1]) * green + float(LUMA[2]) * blue
