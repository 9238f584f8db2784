"""The super-resolution network: plain 3x3 convolutions, a nearest-neighbour skip, one depth-to-space."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class SrConfig:
    """Size of an SR network: upscaling factor, feature channels, convolutions between first and last."""

    scale: int = 2
    width: int = 32
    depth: int = 4


TIERS = {
    **{(scale, "fast"): SrConfig(scale, width=16, depth=4 if scale == 4 else 5) for scale in (2, 3, 4)},
    **{(scale, "base"): SrConfig(scale, width=32, depth=4) for scale in (2, 3, 4)},
    **{(scale, "quality"): SrConfig(scale, width=48, depth=8) for scale in (2, 3, 4)},
}
"""The shipped sizes by (scale, tier); they differ in width and depth alone."""


class SrNet(nn.Module):
    """RGB (N, 3, H, W) in [0, 1] to RGB (N, 3, scale H, scale W), not clipped.

    Only operations that phones run fast: 3x3 convolution, ReLU, add, depth-to-space. The skip is a fixed
    1x1 convolution that copies each pixel into its scale x scale block, since ``repeat_interleave`` lowers
    to ops that GPU delegates refuse.
    """

    def __init__(self, config: SrConfig) -> None:
        super().__init__()
        self.config = config
        out = 3 * config.scale**2
        self.head = nn.Conv2d(3, config.width, 3, padding=1)
        self.body = nn.ModuleList(
            nn.Conv2d(config.width, config.width, 3, padding=1) for _ in range(config.depth)
        )
        self.tail = nn.Conv2d(config.width, out, 3, padding=1)
        self.register_buffer("nearest", torch.eye(3).repeat_interleave(config.scale**2, 0).view(out, 3, 1, 1))
        for layer in self.body:
            # Starting at the identity is what a residual connection gives, without its add at run time.
            assert isinstance(layer, nn.Conv2d)
            nn.init.normal_(layer.weight, std=0.5 * (2 / (9 * config.width)) ** 0.5)
            with torch.no_grad():
                layer.weight[:, :, 1, 1] += torch.eye(config.width)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # Conv2d.bias is only None when asked
        nn.init.normal_(self.tail.weight, std=1e-3)
        nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]

    @property
    def receptive_radius(self) -> int:
        """How many input pixels away a pixel can still matter."""
        return self.config.depth + 2

    def forward(self, image: Tensor) -> Tensor:
        """Upscale."""
        return self.enlarge(image, self.refine(self.describe(image)))

    def describe(self, image: Tensor) -> Tensor:
        """First features, (N, width, H, W)."""
        return F.relu_(self.head(image))

    def refine(self, features: Tensor) -> Tensor:
        """What to add to each pixel's block, (N, 3 scale^2, H, W), from features: nearly all of the work."""
        for layer in self.body:
            features = F.relu_(layer(features))
        residuals: Tensor = self.tail(features)
        return residuals

    def enlarge(self, image: Tensor, residuals: Tensor) -> Tensor:
        """The result, from the image and what ``refine`` adds to it."""
        nearest = F.conv2d(image, self.get_buffer("nearest"))
        return F.pixel_shuffle(residuals + nearest, self.config.scale)


@torch.no_grad()
def grow(net: SrNet, small: SrNet) -> None:
    """Make ``net`` compute what a ``small`` one does, its further channels and layers ready to learn.

    Layers beyond the small network's stay at the identity, and features beyond its width add nothing to the
    others yet (Chen, Goodfellow & Shlens 2016). Networks of another scale share all but the last layer.
    Raises ValueError when the small network is the larger one.
    """
    width, depth = small.config.width, small.config.depth
    if width > net.config.width or depth > net.config.depth:
        raise ValueError(
            f"expected a network of at most {net.config.width} channels and {net.config.depth} layers to "
            f"grow from, got {width} and {depth}; choose a larger tier"
        )
    known = small.state_dict()
    if net.config.scale != small.config.scale:
        known = {name: value for name, value in known.items() if name.startswith(("head", "body"))}
    for name, own in net.state_dict().items():
        if name in known:
            outputs = known[name].shape[0]
            own[:outputs] = 0
            own[tuple(slice(side) for side in known[name].shape)] = known[name]
        elif name.startswith("body") and own.ndim == 4:
            own[:width] = 0
            own[:width, :width, 1, 1] = torch.eye(width)


def parameter_count(net: nn.Module) -> int:
    """Parameters, frozen ones too; buffers are none."""
    return sum(p.numel() for p in net.parameters())
