"""What recipes of upscalers share: pairs of small and large photos; opening and measuring a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from nitido_train import checkpoint, data
from nitido_train.metrics import psnr_y
from nitido_train.nets.sr import SrConfig, SrNet
from nitido_train.resample import bicubic_downscale, bicubic_resize, crop_to_multiple
from nitido_train.tensors import to_pixels, to_tensor

Pair = tuple[Tensor, Tensor]
"""Batches of small and of large crops, float RGB (N, 3, H, W) in [0, 1]."""
PhotoPair = tuple[data.Pixels, data.Pixels]
"""A photo made small, and the photo."""

SHRUNK = (0.75, 0.5)
"""Sizes of photos at which detail is denser."""


def load_photos(files: Sequence[Path], shrunk: bool = False) -> list[data.Pixels]:
    """Photos to train on; with ``shrunk`` also at 3/4 and 1/2 of their size, where detail is denser."""
    photos = data.load_all(files)
    if not shrunk:
        return photos
    smaller = [
        bicubic_resize(photo, round(photo.shape[0] * share), round(photo.shape[1] * share))
        for photo in photos
        for share in SHRUNK
    ]
    return photos + smaller


def pairs(
    photos: Sequence[data.Pixels], scale: int, patch: int, batch: int, seed: int = 0, choices: int = 1
) -> Iterator[Pair]:
    """Endless batches of random crops, the small ones ``patch`` pixels a side.

    Each is the one with most detail of so many ``choices``: skies teach nothing.
    """
    large = [crop_to_multiple(photo, scale) for photo in photos]
    small = [bicubic_downscale(photo, scale) for photo in large]
    rng = np.random.default_rng(seed)
    places = data.crops(small, patch, rng)

    def detail(place: tuple[int, int, int]) -> float:
        """Mean difference of neighbours in green."""
        index, top, left = place
        green = small[index][top : top + patch, left : left + patch, 1].astype(np.int16)
        return float(np.abs(np.diff(green, axis=0)).mean() + np.abs(np.diff(green, axis=1)).mean())

    while True:
        lows, highs = [], []
        for _ in range(batch):
            drawn = [next(places) for _ in range(choices)]
            index, top, left = max(drawn, key=detail) if choices > 1 else drawn[0]
            code = int(rng.integers(8))
            low = small[index][top : top + patch, left : left + patch]
            high = large[index][top * scale : (top + patch) * scale, left * scale : (left + patch) * scale]
            lows.append(data.random_symmetry(low, code))
            highs.append(data.random_symmetry(high, code))
        yield to_tensor(lows), to_tensor(highs)


def validation(files: Sequence[Path], scale: int) -> list[PhotoPair]:
    """Whole photos to measure on."""
    large = [crop_to_multiple(photo, scale) for photo in data.load_all(files)]
    return [(bicubic_downscale(photo, scale), photo) for photo in large]


def enlarged(net: SrNet, low: Tensor) -> Tensor:
    """``net(low)`` in training: under autocast features and residuals are bf16, image and result are not.

    Rounded to 8 bits of mantissa, those two would be off by a grey level: trainings stop earlier.
    """
    with torch.autocast(low.device.type, enabled=False):
        described = net.describe(low)
    residuals = net.refine(described)
    with torch.autocast(low.device.type, enabled=False):
        return net.enlarge(low, residuals.float())


def upscale(net: nn.Module, image: data.Pixels) -> data.Pixels:
    """Run the network on a whole uint8 image."""
    with torch.inference_mode():
        return to_pixels(net(to_tensor([image]))[0])


def mean_psnr_y(net: nn.Module, photos: Sequence[PhotoPair], scale: int) -> float:
    """PSNR in dB on luma, border = scale, averaged over photos."""
    return float(np.mean([psnr_y(upscale(net, low), high, scale) for low, high in photos]))


def open_upscaler(file: Path, scale: int | None = None) -> SrNet:
    """The network of an SR checkpoint, frozen. Raises ValueError when it has another scale than asked for."""
    net = SrNet(SrConfig(**checkpoint.load_provenance(file).network))
    if scale not in (None, net.config.scale):
        raise ValueError(
            f"expected a network that enlarges {scale} times in {file}, got one for {net.config.scale}; "
            f"name another checkpoint"
        )
    checkpoint.load_weights(net, file)
    return net.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
