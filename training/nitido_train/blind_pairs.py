"""Training data for blind upscaling: photos made small by random kernels, some noisy or compressed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import fft
from torch import Tensor

from nitido.blind.shape import SIDE, Kernel, KernelShape
from nitido.blind.space import sample
from nitido_train import data
from nitido_train.degrade import compressed, noisy
from nitido_train.tensors import to_tensor

_ROUGH = 0.25
"""Kernels of cameras are not smooth: a third get each weight changed by up to this share (KernelGAN)."""


@dataclass(frozen=True)
class Draw:
    """What is drawn for each crop."""

    scale: int = 2
    patch: int = 48
    """Side of small crops."""
    batch: int = 8
    others: int = 4
    """Other kernels for each crop, for the judge."""
    spoilt: float = 0.25
    """Share of small crops with noise, JPEG, or both."""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class BlindBatch:
    """Small crops (N, 3, H, W), large ones, their kernels as rows (N, SIDE * SIDE), and ``others`` for each.

    The others are (N * others, SIDE * SIDE), a crop's after another's.
    """

    low: Tensor
    high: Tensor
    kernels: Tensor
    others: Tensor


def batches(photos: Sequence[data.Pixels], draw: Draw) -> Iterator[BlindBatch]:
    """Endless batches. A tenth of the other kernels are the true ones, 60 % near them, the rest random."""
    rng = np.random.default_rng(draw.seed)
    side = _fast_length(draw.patch * draw.scale + SIDE)
    places = data.crops(photos, side, rng)
    while True:
        shapes = [sample(rng, draw.scale) for _ in range(draw.batch)]
        kernels = [rough(shape.kernel(draw.scale), rng) for shape in shapes]
        others = [
            _other(shape, kernel, draw.scale, rng)
            for shape, kernel in zip(shapes, kernels, strict=True)
            for _ in range(draw.others)
        ]
        windows = []
        for index, top, left in (next(places) for _ in range(draw.batch)):
            window = photos[index][top : top + side, left : left + side]
            windows.append(data.random_symmetry(window, int(rng.integers(8))))
        lows, highs = _shrunk(np.stack(windows), np.stack(kernels), draw)
        lows = [_spoilt(low, rng) if rng.random() < draw.spoilt else low for low in lows]
        yield BlindBatch(to_tensor(lows), to_tensor(highs), rows(kernels), rows(others))


def rows(kernels: Sequence[Kernel]) -> Tensor:
    """Kernels as the mapping takes them, (N, SIDE * SIDE)."""
    return torch.from_numpy(np.asarray(kernels, np.float32).reshape(-1, SIDE * SIDE))


def bank(scale: int, count: int, seed: int = 0) -> Tensor:
    """Random kernels as rows, to start the mapping with."""
    rng = np.random.default_rng(seed)
    return rows([rough(sample(rng, scale).kernel(scale), rng) for _ in range(count)])


def rough(kernel: Kernel, rng: np.random.Generator, chance: float = 1 / 3) -> Kernel:
    """The kernel, or one whose weights are changed at random, each by up to a quarter."""
    if rng.random() >= chance:
        return kernel
    changed = kernel * rng.uniform(1 - _ROUGH, 1 + _ROUGH, kernel.shape).astype(np.float32)
    return np.asarray(changed / changed.sum(), np.float32)


def _other(shape: KernelShape, kernel: Kernel, scale: int, rng: np.random.Generator) -> Kernel:
    kind = rng.random()
    if kind < 0.1:
        return kernel
    if kind < 0.4:
        return sample(rng, scale).kernel(scale)
    near = rng.uniform(0.1, 0.5) * rng.standard_normal(3)
    middle, along, across = (float(value) for value in np.add(shape.coordinates, near))
    family = shape.family if rng.random() < 0.7 else "gaussian"
    return KernelShape.at(family, (middle, along, across), scale).kernel(scale)


def _shrunk(
    windows: NDArray[np.uint8], kernels: NDArray[np.float32], draw: Draw
) -> tuple[list[data.Pixels], list[data.Pixels]]:
    """Small and large crops of (N, side, side, 3): ``nitido.blind.known.shrink`` without borders, for all."""
    scale, patch, reach = draw.scale, draw.patch, SIDE // 2
    side = windows.shape[1]
    spectra = fft.rfft2(windows.transpose(0, 3, 1, 2).astype(np.float32))
    transfer = fft.rfft2(kernels[:, ::-1, ::-1], (side, side))
    full = fft.irfft2(spectra * transfer[:, None], (side, side))
    first = 2 * reach + scale // 2  # both shifted by the kernel's reach: of the window, and of its middle
    small = full[:, :, first::scale, first::scale][:, :, :patch, :patch].transpose(0, 2, 3, 1)
    lows = np.clip(small + 0.5, 0, 255).astype(np.uint8)
    highs = windows[:, reach : reach + patch * scale, reach : reach + patch * scale]
    return list(lows), list(highs)


def _spoilt(low: data.Pixels, rng: np.random.Generator) -> data.Pixels:
    """What phones add after their lens and scaler: faint noise, and the JPEG of a share."""
    kind = rng.random()
    if kind < 0.65:
        low = noisy(low, float(rng.uniform(0.5, 5)), float(rng.uniform(0, 0.05)), rng)
    if kind > 0.35:
        low = compressed(low, int(rng.integers(70, 97)), int(rng.choice([0, 2])))
    return low


def _fast_length(least: int) -> int:
    """The next length that is a product of twos, threes and fives."""
    return next(n for n in range(least, 2 * least) if 30 ** math.ceil(math.log2(n)) % n == 0)
