"""The restoration network: one compact encoder/decoder that removes each factor by its own strength."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nitido_train.degrade import FACTORS


@dataclass(frozen=True)
class RestoreConfig:
    """Feature channels at the full resolution, a half, a quarter and an eighth of it."""

    full: int = 16
    half: int = 32
    quarter: int = 64
    eighth: int = 128


TIERS = {
    "fast": RestoreConfig(full=8, half=24, quarter=48, eighth=80),
    "base": RestoreConfig(),
}
"""The shipped sizes: 0.24 and 0.54 million parameters. The bundle of ``fast`` is called ``restore-fast``."""


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1)


class Decoder(nn.Module):
    """One step up: coarse features (N, coarse, H, W) join finer ones (N, fine, 2H, 2W)."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.up = nn.Conv2d(coarse, 4 * fine, 1)
        self.join = _conv(fine, fine)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Same shape as ``fine``."""
        return F.relu(self.join(F.relu(fine + F.pixel_shuffle(self.up(coarse), 2))))


class RestoreNet(nn.Module):
    """Photo, what closed forms make of it, and strengths to the restored photo.

    ``image``, ``deblurred`` and ``deblocked`` are (N, 3, H, W) in [0, 1] with H and W multiples of 8:
    ``deblurred`` is the photo after the inverse filter of its estimated blur, ``deblocked`` without the
    rounding of its JPEG (``nitido.deblock``), each the photo itself where there is nothing to undo.
    ``strength`` is (N, 4), one number per factor (see FACTORS), 0 leaves the factor in, 1 removes it. The
    network predicts
    what each factor added to the photo, and the output is the photo less those residuals times their
    strengths: so the knobs are exact, and at strength zero the photo comes back as it was.
    """

    def __init__(self, config: RestoreConfig) -> None:
        super().__init__()
        self.config = config
        full, half, quarter, eighth = config.full, config.half, config.quarter, config.eighth
        residuals = 3 * len(FACTORS)
        # The stage at full resolution costs most of the time and earns it: noise and JPEG artifacts live
        # there, and a network that starts at half of it cannot tell them from detail.
        self.encode_full = nn.Sequential(_conv(9, full), nn.ReLU(), _conv(full, full), nn.ReLU())
        self.encode_half = nn.Sequential(_conv(full, half, 2), nn.ReLU(), _conv(half, half), nn.ReLU())
        self.encode_quarter = nn.Sequential(
            _conv(half, quarter, 2), nn.ReLU(), _conv(quarter, quarter), nn.ReLU()
        )
        self.encode_eighth = nn.Sequential(
            _conv(quarter, eighth, 2),
            nn.ReLU(),
            _conv(eighth, eighth),
            nn.ReLU(),
            _conv(eighth, eighth),
            nn.ReLU(),
        )
        self.decode_quarter = Decoder(eighth, quarter)
        self.decode_half = Decoder(quarter, half)
        self.decode_full = Decoder(half, full)
        self.tail = _conv(full + 9, residuals)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # Conv2d.bias is only None when asked
        nn.init.normal_(self.tail.weight, std=1e-3)
        # Fixed 1x1 convolutions: a strength per factor to its three channels, the sum over factors, and what
        # the closed forms took away to the channels of their factors.
        spread = torch.eye(len(FACTORS)).repeat_interleave(3, 0)
        gather = torch.eye(3).repeat(1, len(FACTORS))
        self.register_buffer("spread", spread.view(residuals, len(FACTORS), 1, 1))
        self.register_buffer("gather", gather.view(3, residuals, 1, 1))
        taken = [torch.eye(residuals)[:, 3 * FACTORS.index(f) :][:, :3] for f in ("deblur", "deartifact")]
        self.register_buffer("taken", torch.cat(taken, dim=1).reshape(residuals, 6, 1, 1))

    receptive_radius = 46
    """Pixels away that can matter: measured by ``tests/training/test_nets.py``, independent of the widths."""

    def residuals(self, image: Tensor, deblurred: Tensor, deblocked: Tensor) -> Tensor:
        """What each factor added, (N, 12, H, W): three channels per factor, in the order of FACTORS."""
        x = self.centred(image, deblurred, deblocked)
        return self.finish(self.features(x), x, image - deblurred, image - deblocked)

    def centred(self, image: Tensor, deblurred: Tensor, deblocked: Tensor) -> Tensor:
        """(N, 9, H, W) in -2..2: with activations of this size the last layer's weights stay small."""
        return 4 * torch.cat([image, deblurred, deblocked], dim=1) - 2

    def features(self, x: Tensor) -> Tensor:
        """(N, full, H, W) of what ``centred`` returns."""
        full = self.encode_full(x)
        half = self.encode_half(full)
        quarter = self.encode_quarter(half)
        quarter = self.decode_quarter(self.encode_eighth(quarter), quarter)
        found: Tensor = self.decode_full(self.decode_half(quarter, half), full)
        return found

    def finish(self, features: Tensor, x: Tensor, blur: Tensor, blocks: Tensor) -> Tensor:
        """The residuals; ``blur`` and ``blocks`` are what the closed forms took away, (N, 3, H, W) each."""
        # What a factor added is mostly the photo less its smooth part: the tail sees the photo as it came.
        added: Tensor = self.tail(torch.cat([features, x], dim=1))
        # The closed forms have found most of what blur and JPEG added already; the network corrects them.
        return added + F.conv2d(torch.cat([blur, blocks], dim=1), self.get_buffer("taken"))

    def forward(self, image: Tensor, deblurred: Tensor, deblocked: Tensor, strength: Tensor) -> Tensor:
        """The restored photo (N, 3, H, W), not clipped."""
        scale = F.conv2d(strength.view(-1, len(FACTORS), 1, 1), self.get_buffer("spread"))
        residuals = self.residuals(image, deblurred, deblocked)
        return image - F.conv2d(residuals * scale, self.get_buffer("gather"))
