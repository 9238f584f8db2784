"""Opinions worked out from full-reference metrics, for want of people's: pristine photos are known here.

The mean rating is a monotone map of two metrics, PSNR and MS-SSIM; the ratings spread around it as binomial
shares, whose variance (m - 1)(10 - m) / 9 is largest in the middle of the scale and none at its ends, as
Hossfeld, Schatz & Egger 2011 ("SOS: the MOS is not enough!") found people's ratings to behave.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from pytorch_msssim import ms_ssim

from nitido.blur import Blur
from nitido.photo.model import Pixels
from nitido_train import data
from nitido_train.degrade import Degradation, degrade, random_degradation
from nitido_train.metrics import psnr
from nitido_train.opinion.rated import Rated, Shares
from nitido_train.tensors import to_tensor

SMALLEST = 161
"""Side in pixels from which five scales of an 11-pixel window fit, which MS-SSIM needs."""

BEST_JPEG = 95
"""The quality that a weaker JPEG compression approaches."""

THINNEST = 0.25
"""Extent in pixels below which a blur is none."""


def quality(pixels: Pixels, pristine: Pixels) -> float:
    """From PSNR alone, 1 (unusable) to 10 (indistinguishable from ``pristine``).

    A logistic curve with its middle at 30 dB and a unit of 4 dB, set by judgement: 18 dB is all but the
    worst (1.4), 42 dB all but the best (9.6).
    """
    return _logistic((psnr(pixels, pristine) - 30) / 4)


def structural_quality(pixels: Pixels, pristine: Pixels) -> float:
    """From MS-SSIM (Wang et al. 2003), 1 to 10: a logistic curve over -10 log10(1 - MS-SSIM).

    Middle (14 dB, MS-SSIM 0.96) and unit (3 dB) make the quantiles of this quality those of ``quality`` over
    244 random degradations of 60 training photos, so that the two can be averaged.
    """
    if min(pixels.shape[:2]) < SMALLEST:
        raise ValueError(
            f"expected at least {SMALLEST} pixels a side for MS-SSIM, got {pixels.shape[1]} x "
            f"{pixels.shape[0]}; rate larger photos or crops"
        )
    with torch.inference_mode():
        value = float(ms_ssim(to_tensor([pixels]), to_tensor([pristine]), data_range=1.0))
    return _logistic((-10 * math.log10(max(1 - value, 1e-10)) - 14) / 3)


def mean_opinion(pixels: Pixels, pristine: Pixels) -> float:
    """The mean rating, 1 to 10: half from PSNR, which sees noise, half from MS-SSIM, which sees structure."""
    return (quality(pixels, pristine) + structural_quality(pixels, pristine)) / 2


def ratings(mean: float) -> Shares:
    """Shares of the ratings 1 to 10 around a mean rating: binomial, nine trials, chance (mean - 1) / 9."""
    chance = (mean - 1) / 9
    return np.array([math.comb(9, k) * chance**k * (1 - chance) ** (9 - k) for k in range(10)])


def rated_crops(photos: Sequence[Pixels], side: int, seed: int, clean: float = 0.1) -> Iterator[Rated]:
    """Endless square crops of clean photos, degraded at random and rated; at least ``clean`` stay clean."""
    for crop, degradation, rng in _draws(photos, side, seed):
        chosen = Degradation() if rng.random() < clean else degradation
        pixels = degrade(crop, chosen, rng).pixels
        yield Rated(pixels, ratings(mean_opinion(pixels, crop)))


def ranked_crops(photos: Sequence[Pixels], side: int, seed: int) -> Iterator[tuple[Pixels, Pixels]]:
    """Endless pairs (better, worse): one crop, less and more degraded (Liu et al. 2017, RankIQA)."""
    for crop, degradation, rng in _draws(photos, side, seed):
        less = weaker(degradation, float(rng.uniform(0, 0.7)))
        noise = int(rng.integers(2**32))  # the same grain in both, only fainter
        better, worse = (degrade(crop, d, np.random.default_rng(noise)).pixels for d in (less, degradation))
        if not np.array_equal(better, worse):  # as when nothing was degraded
            yield better, worse


def weaker(degradation: Degradation, share: float) -> Degradation:
    """The same degradation with only a share of each of its parts; 0 leaves the photo as it is."""
    if share == 0:
        return Degradation()
    blur, light, jpeg = degradation.blur, degradation.saturation, degradation.jpeg_quality
    extent = blur.extent * share
    return replace(
        degradation,
        blur=replace(blur, extent=extent) if extent >= THINNEST else Blur("sharp"),
        saturation=None if light is None else replace(light, slope=1 + (light.slope - 1) * share),
        read_noise=degradation.read_noise * share,
        shot_noise=degradation.shot_noise * share**2,
        jpeg_quality=None if jpeg is None else round(BEST_JPEG - (BEST_JPEG - jpeg) * share),
    )


def _draws(
    photos: Sequence[Pixels], side: int, seed: int
) -> Iterator[tuple[Pixels, Degradation, np.random.Generator]]:
    """Endless clean crops with a degradation for each, and the generator that made both."""
    rng = np.random.default_rng(seed)
    for index, top, left in data.crops(photos, side, rng):
        crop = data.random_symmetry(photos[index][top : top + side, left : left + side], int(rng.integers(8)))
        yield np.ascontiguousarray(crop), random_degradation(rng), rng


def _logistic(x: float) -> float:
    return float(1 + 9 / (1 + np.exp(-x)))
