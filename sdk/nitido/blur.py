"""Blur: what kernels there are, which one made a photo blurred, and the filter that undoes it.

A photo's blur is read from its spectrum: the mean log power of many small windows is that of natural
photos, which is smooth, plus log |K(f)|^2 of the kernel, whose zeros give away motion and defocus. A small
network turns that spectrum into probabilities over a grid of kernels; ``decode`` reads one kernel off them.
Undoing it is a regularised (Wiener) inverse, cut to a finite filter so that it can run tile by tile.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nitido.bundle.manifest import BlurSpace
from nitido.photo.model import LUMA, Pixels, Sample

Kernel = NDArray[np.float32]
"""(S, S) non-negative, odd side, sums to one, centred."""

KERNEL_SIDE = 33
FILTER_RADIUS = 32
"""Reach in pixels of the inverse filter; beyond it the filter of a kernel of this size has faded."""
Family = Literal["sharp", "motion", "disc", "gaussian"]
FAMILIES: tuple[Family, ...] = ("sharp", "motion", "disc", "gaussian")

_SUPERSAMPLING = 8
_MAX_WINDOWS = 160
_SIGNAL = 20.0
"""Assumed power of a photo at one cycle a pixel, in squared grey levels, falling as 1 / f^2.

Natural photos measure about 80; a quarter of that, which means a stronger filter against noise, was best on
blurred photos with noise of sigma 2 and costs 0.1 to 0.6 dB without noise."""


@dataclass(frozen=True)
class Blur:
    """One blur: ``extent`` is the length of motion, the radius of a disc, or a Gaussian's sigma in pixels."""

    family: Family
    extent: float = 0.0
    angle: float = 0.0
    """Direction of motion in radians, 0 along rows, counted towards the bottom of the photo, below pi."""

    def kernel(self) -> Kernel:
        """Rasterise, each pixel the average of an 8 x 8 grid of points."""
        half, n = KERNEL_SIDE // 2, _SUPERSAMPLING
        if self.family == "sharp" or self.extent <= 0:
            kernel = np.zeros((KERNEL_SIDE, KERNEL_SIDE), np.float32)
            kernel[half, half] = 1
            return kernel
        axis = (np.arange(KERNEL_SIDE * n, dtype=np.float32) + 0.5) / n - KERNEL_SIDE / 2
        y, x = axis[:, None], axis[None, :]
        if self.family == "motion":  # a line one pixel wide
            along = x * np.cos(self.angle) + y * np.sin(self.angle)
            across = y * np.cos(self.angle) - x * np.sin(self.angle)
            fine = (np.abs(along) <= self.extent / 2) & (np.abs(across) <= 0.5)
        elif self.family == "disc":
            fine = x**2 + y**2 <= self.extent**2
        else:
            fine = np.exp(-(x**2 + y**2) / (2 * self.extent**2))
        coarse: Kernel = fine.reshape(KERNEL_SIDE, n, KERNEL_SIDE, n).mean(axis=(1, 3), dtype=np.float32)
        coarse /= coarse.sum()
        return coarse


@cache
def grid(space: BlurSpace) -> tuple[Blur, ...]:
    """The blurs that the network's outputs stand for, in order: sharp, motion, discs, Gaussians."""
    angles = [np.pi * i / space.motion_angles for i in range(space.motion_angles)]
    return (
        Blur("sharp"),
        *(Blur("motion", length, angle) for length in space.motion_lengths for angle in angles),
        *(Blur("disc", radius) for radius in space.disc_radii),
        *(Blur("gaussian", sigma) for sigma in space.gaussian_sigmas),
    )


def decode(probabilities: NDArray[np.float32], space: BlurSpace) -> tuple[Blur, float]:
    """The most likely blur, between grid points by the mean around the peak, and its family's probability."""
    points = [(float(p), blur) for p, blur in zip(probabilities, grid(space), strict=True)]
    mass = family_shares(probabilities, space)
    family = max(FAMILIES, key=mass.__getitem__)
    if family == "sharp":
        return Blur("sharp"), mass[family]
    _, peak = max((point for point in points if point[1].family == family), key=lambda point: point[0])
    reach, turn = 1.01 * _spacing(space, family), 1.01 * np.pi / space.motion_angles
    near = [
        (p, blur)
        for p, blur in points
        if blur.family == family
        and abs(blur.extent - peak.extent) <= reach
        and _turn(blur.angle, peak.angle) <= turn
    ]
    extent = sum(p * blur.extent for p, blur in near) / sum(p for p, _ in near)
    doubled = sum(
        p * np.exp(2j * blur.angle) for p, blur in near
    )  # a direction is the same after half a turn
    return Blur(family, extent, float(np.angle(doubled) / 2 % np.pi)), mass[family]


def family_shares(probabilities: NDArray[np.float32], space: BlurSpace) -> dict[Family, float]:
    """The probability of each family."""
    points = list(zip(probabilities.tolist(), grid(space), strict=True))
    return {family: sum(p for p, blur in points if blur.family == family) for family in FAMILIES}


def _spacing(space: BlurSpace, family: Family) -> float:
    extents = [blur.extent for blur in grid(space) if blur.family == family and blur.angle == 0]
    return extents[1] - extents[0] if len(extents) > 1 else 0.0


def _turn(a: float, b: float) -> float:
    """Angle between two undirected lines."""
    difference = abs(a - b) % np.pi
    return min(difference, np.pi - difference)


def spectrum(pixels: Pixels, window: int) -> NDArray[np.float32]:
    """Mean log power spectrum (window, window // 2 + 1) of a photo's textured windows; its mean is zero.

    The most textured half of the windows counts, at most 160: flat sky says nothing of the blur, and clipped
    highlights lie about it.
    """
    crops = _luma_windows(pixels, window, step=window // 2, most=3 * _MAX_WINDOWS)
    clipped = np.mean(crops >= 250, axis=(1, 2))
    texture = np.abs(np.diff(crops, axis=1)).mean((1, 2)) + np.abs(np.diff(crops, axis=2)).mean((1, 2))
    texture *= clipped < 0.05
    keep = np.argsort(-texture, kind="stable")[: max(1, min(_MAX_WINDOWS, len(crops) // 2))]
    crops = crops[keep] - crops[keep].mean(axis=(1, 2), keepdims=True)
    hann = np.hanning(window + 2)[1:-1].astype(np.float32)
    power = np.abs(np.fft.rfft2(crops * (hann[:, None] * hann[None, :]))) ** 2
    result = np.log(power / window**2 + 0.01).mean(axis=0)
    return np.asarray(result - result.mean(), np.float32)


def noise_sigma(pixels: Pixels) -> float:
    """Standard deviation of a photo's noise, per channel, in grey levels: Immerkaer's (1996) mask.

    The calm blocks of the photo stand for all, so that texture does not count as noise. Photos too small to
    tell are taken to be free of noise.
    """
    if min(pixels.shape[:2]) < 32:
        return 0.0
    y = _luma_windows(pixels, 32, step=30, most=4 * _MAX_WINDOWS)  # 30: what the masks leave of 32
    rows = y[:, :-2] - 2 * y[:, 1:-1] + y[:, 2:]
    response = np.abs(rows[:, :, :-2] - 2 * rows[:, :, 1:-1] + rows[:, :, 2:])
    blocks = response.reshape(-1, 2, 15, 2, 15).mean(axis=(2, 4))
    return float(np.sqrt(np.pi / 2) / 6 * np.percentile(blocks, 15) / np.linalg.norm(LUMA))


def _luma_windows(pixels: Pixels, window: int, step: int, most: int) -> NDArray[np.float32]:
    """(N, window, window) luma of about ``most`` windows, evenly spread, ``step`` apart at the densest.

    The number is bounded whatever the photo's size, and with it memory and time.
    """
    height, width = pixels.shape[:2]
    missing = (max(0, window - height), max(0, window - width))
    if any(missing):
        pixels = np.pad(pixels, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")
        height, width = pixels.shape[:2]
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (window, window), (0, 1))[::step, ::step]
    skip = max(1, int(np.sqrt(windows.shape[0] * windows.shape[1] / most)))
    chosen = np.moveaxis(windows[::skip, ::skip], 2, -1).reshape(-1, window, window, 3)
    luma: NDArray[np.float32] = chosen.astype(np.float32) @ LUMA
    return luma


@cache
def _frequencies(size: int) -> NDArray[np.float32]:
    f = np.fft.fftfreq(size).astype(np.float32)
    return np.add.outer(f**2, f**2)


def inverse_filter(kernel: Kernel, sigma: float) -> Kernel:
    """The Wiener filter of a kernel for noise of ``sigma`` grey levels, (2 R + 1, 2 R + 1), sums to one.

    The noise never counts as less than half a grey level (rounding to 8 bits, and an imperfect estimate).
    """
    size = 4 * FILTER_RADIUS
    padded = np.zeros((size, size), np.float32)
    side = kernel.shape[0]
    padded[:side, :side] = kernel
    transfer = np.fft.fft2(np.roll(padded, (-(side // 2), -(side // 2)), axis=(0, 1)))
    noise = (max(sigma, 0.5) ** 2) * _frequencies(size) / _SIGNAL
    inverse = np.fft.ifft2(np.conj(transfer) / (np.abs(transfer) ** 2 + noise + 1e-3)).real
    inverse = np.roll(inverse, (FILTER_RADIUS, FILTER_RADIUS), axis=(0, 1))
    cut = inverse[: 2 * FILTER_RADIUS + 1, : 2 * FILTER_RADIUS + 1]
    taper = np.hanning(2 * FILTER_RADIUS + 3)[1:-1] ** 0.25  # no step where the filter is cut off
    cut = cut * taper[:, None] * taper[None, :]
    return np.asarray(cut / cut.sum(), np.float32)


def apply_filter(pixels: NDArray[Sample], inverse: Kernel) -> NDArray[Sample]:
    """Filter a photo; the photo's borders are mirrored for the filter's reach."""
    reach = inverse.shape[0] // 2
    padded = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    return filter_valid(padded, inverse)


def filter_valid(padded: NDArray[Sample], inverse: Kernel) -> NDArray[Sample]:
    """Filter the part of ``padded`` whose whole neighbourhood lies inside it: 2 R rows and columns fewer.

    uint8 or uint16, as the result is.
    """
    height, width = padded.shape[:2]
    reach = inverse.shape[0] // 2
    rows, columns = _fast_length(height), _fast_length(width)
    transfer = np.fft.rfft2(inverse, (rows, columns))
    result = np.empty((height - 2 * reach, width - 2 * reach, 3), padded.dtype)
    white = np.iinfo(padded.dtype).max
    for channel in range(3):
        planes = np.fft.rfft2(padded[:, :, channel].astype(np.float32), (rows, columns))
        filtered = np.fft.irfft2(planes * transfer, (rows, columns))[2 * reach : height, 2 * reach : width]
        np.clip(filtered + 0.5, 0, white, out=filtered)
        result[:, :, channel] = filtered
    return result


def _fast_length(n: int) -> int:
    """The next length whose only prime factors are 2, 3 and 5."""
    while True:
        rest = n
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return n
        n += 1
