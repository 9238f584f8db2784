"""Photos that known kernels made small: the protocols of the suite ``blind``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nitido.blind import Kernel, KernelMap, KernelShape
from nitido.blind.known import shrink
from nitido.blind.shape import SIDE
from nitido.photo.model import Pixels
from nitido_train.resample import bicubic_downscale, crop_to_multiple

SIGMAS = {2: (0.8, 1.6, 2.4), 3: (1.0, 2.0, 3.0), 4: (1.2, 2.4, 3.6)}
"""Of isotropic Gaussians, by scale."""
_LEVELS = 9


@dataclass(frozen=True, eq=False)
class Case:
    """A photo, what a kernel made of it, and the kernel."""

    large: Pixels
    small: Pixels
    kernel: Kernel


@dataclass(frozen=True, eq=False)
class VaryingCase:
    """The same with kernels that differ over the photo."""

    large: Pixels
    small: Pixels
    map: KernelMap


def gaussian(photos: Sequence[Pixels], scale: int, sigma: float) -> Iterator[Case]:
    """Isotropic Gaussians, sampled without another filter."""
    kernel = KernelShape("gaussian", sigma, sigma).kernel(scale)
    for photo in photos:
        large = crop_to_multiple(photo, scale)
        yield Case(large, shrink(large, kernel, scale), kernel)


def bicubic(photos: Sequence[Pixels], scale: int) -> Iterator[Case]:
    """MATLAB's bicubic, rounded between its two passes as in the published tables."""
    for photo in photos:
        large = crop_to_multiple(photo, scale)
        yield Case(large, bicubic_downscale(large, scale), KernelShape.bicubic(scale).kernel(scale))


def anisotropic(photos: Sequence[Pixels], scale: int, seed: int = 0) -> Iterator[Case]:
    """One random kernel a photo, as DIV2KRK has them at scale 2 (Bell-Kligler et al. 2019)."""
    rng = np.random.default_rng(seed)
    for photo in photos:
        kernel = random_kernel(rng, scale)
        large = crop_to_multiple(photo, scale)
        yield Case(large, shrink(large, kernel, scale), kernel)


def random_kernel(rng: np.random.Generator, scale: int) -> Kernel:
    """A Gaussian of any angle; at scale 2 its variances are 0.6 to 5 and it is cut to 11 x 11 pixels.

    Each weight is changed by up to a quarter. For scale s, variances grow with its square.
    """
    grow = (scale / 2) ** 2
    first, second = np.sqrt(rng.uniform(0.6 * grow, 5 * grow, 2))
    shape = KernelShape("gaussian", max(first, second), min(first, second), float(rng.uniform(0, np.pi)))
    kernel = shape.kernel(scale) * rng.uniform(0.75, 1.25, (SIDE, SIDE)).astype(np.float32)
    if scale == 2:
        beyond = np.abs(np.arange(SIDE) - SIDE // 2) > 5
        kernel[beyond] = kernel[:, beyond] = 0
    return np.asarray(kernel / kernel.sum(), np.float32)


def halves(photos: Sequence[Pixels], scale: int) -> Iterator[VaryingCase]:
    """A sharp left half and a soft right one, as where something is put into a picture."""
    shares = np.repeat([0.0, 1.0], _LEVELS // 2)
    yield from _varying(photos, scale, shares, lambda x: (x >= 0.5).astype(float))


def ramps(photos: Sequence[Pixels], scale: int) -> Iterator[VaryingCase]:
    """Softer and softer from left to right."""
    yield from _varying(photos, scale, np.linspace(0, 1, _LEVELS), lambda x: x)


def soft(share: float, scale: int) -> KernelShape:
    """From the sharpest (0) to the softest kernel (1) of the photos whose kernels vary."""
    sigma = (0.3 + 0.65 * share) * scale
    return KernelShape("gaussian", sigma, sigma)


def _varying(
    photos: Sequence[Pixels],
    scale: int,
    known: NDArray[np.float64],
    profile: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> Iterator[VaryingCase]:
    kernels = KernelMap((tuple(soft(float(share), scale) for share in known),))
    steps = np.linspace(0, 1, _LEVELS)
    for photo in photos:
        large = crop_to_multiple(photo, scale)
        made = [shrink(large, soft(float(step), scale).kernel(scale), scale) for step in steps]
        width = made[0].shape[1]
        place = profile((np.arange(width) + 0.5) / width) * (_LEVELS - 1)
        shares = np.maximum(1 - np.abs(place[:, None] - np.arange(_LEVELS)), 0)
        mixed = np.einsum("xl,lyxc->yxc", shares, np.stack(made).astype(np.float64))
        yield VaryingCase(large, np.round(mixed).astype(np.uint8), kernels)


def kernel_psnr(found: Kernel, true: Kernel) -> float:
    """In dB over 21 x 21 weights, peak 1."""
    return float(-10 * np.log10(np.mean((found.astype(np.float64) - true) ** 2) + 1e-12))
