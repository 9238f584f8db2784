"""The space of downscaling kernels: random draws to train and test with, and where a search starts."""

from __future__ import annotations

import math

import numpy as np

from nitido.blind.shape import FAMILIES, SMALLEST, Family, KernelShape, largest

_SHARES = (0.55, 0.1, 0.2, 0.15)
"""Of the families, in their order, among random draws."""
_THIN = 0.3


def sample(rng: np.random.Generator, scale: int) -> KernelShape:
    """One random kernel; a third are the same in all directions, a tenth are what bicubic resizing does."""
    most = largest(scale)
    family: Family = FAMILIES[rng.choice(len(FAMILIES), p=_SHARES)]
    if family == "bicubic" and rng.random() < 0.5:
        return KernelShape.bicubic(scale)
    if family == "bicubic":  # from point samples to softer than it should be
        low, high = 0.5, 0.7 * scale
    elif family == "box":
        low, high = _THIN, most
    else:
        low, high = SMALLEST, most
    first, second = (float(extent) for extent in rng.uniform(low, high, 2))
    if family == "box" and rng.random() < 0.7:
        second = _THIN  # motion
    elif rng.random() < 0.33:
        return KernelShape(family, first, first)
    return KernelShape(family, max(first, second), min(first, second), float(rng.uniform(0, math.pi)))


def starts(scale: int) -> list[KernelShape]:
    """Kernels all over the space, the common ones first: bicubic, point sample, area average, Gaussians."""
    most = largest(scale)
    area = scale / 12**0.5
    sigmas = [most * share for share in (0.2, 0.3, 0.45, 0.65, 0.9)]
    quarter = [math.pi * turn / 4 for turn in range(4)]
    return [
        KernelShape.bicubic(scale),
        KernelShape.impulse(),
        KernelShape("box", area, area),
        *(KernelShape("gaussian", sigma, sigma) for sigma in sigmas),
        *(KernelShape("disc", most * share, most * share) for share in (0.4, 0.75)),
        *(KernelShape("gaussian", most * 0.85, most * 0.4, angle) for angle in quarter),
        *(KernelShape("gaussian", most * 0.5, most * 0.2, angle) for angle in quarter),
        *(KernelShape("box", most * 0.8, _THIN, angle + math.pi / 8) for angle in quarter),
    ]
