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
from nitido.photo.model import Pixels

Kernel = NDArray[np.float32]
"""(S, S) non-negative, odd side, sums to one, centred."""

KERNEL_SIDE = 33
FILTER_RADIUS = 32
"""Reach in pixels of the inverse filter; beyond it the filter of a kernel of this size has faded."""
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_SUPERSAMPLING = 8
_MAX_WINDOWS = 160
_SIGNAL = 20.0
"""Assumed power of a photo at one cycle a pixel, in squared grey levels, falling as 1 / f^2.

Natural photos measure about 80; a quarter of that, which means a stronger filter against noise, was best on
blurred photos with noise of sigma 2 and costs 0.1 to 0.6 dB without noise."""


@dataclass(frozen=True)
class Blur:
    """One blur: ``extent`` is the length of motion, the radius of a disc, or a Gaussian's sigma in pixels."""

    family: Literal["sharp", "motion", "disc", "gaussian"]
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
        kernel = fine.reshape(KERNEL_SIDE, n, KERNEL_SIDE, n).mean(axis=(1, 3), dtype=np.float32)
        return kernel / kernel.sum()


def grid(space: BlurSpace) -> list[Blur]:
    """The blurs that the network's outputs stand for, in order: sharp, motion, discs, Gaussians."""
    angles = [np.pi * i / space.motion_angles for i in range(space.motion_angles)]
    return [
        Blur("sharp"),
        *(Blur("motion", length, angle) for length in space.motion_lengths for angle in angles),
        *(Blur("disc", radius) for radius in space.disc_radii),
        *(Blur("gaussian", sigma) for sigma in space.gaussian_sigmas),
    ]


def decode(probabilities: NDArray[np.float32], space: BlurSpace) -> tuple[Blur, float]:
    """The most likely blur, between grid points by the mean around the peak, and its family's probability."""
    blurs = grid(space)
    families = ("sharp", "motion", "disc", "gaussian")
    mass = {
        f: sum(float(p) for p, b in zip(probabilities, blurs, strict=True) if b.family == f) for f in families
    }
    family = max(families, key=mass.__getitem__)
    if family == "sharp":
        return Blur("sharp"), mass[family]
    members = [(float(p), b) for p, b in zip(probabilities, blurs, strict=True) if b.family == family]
    _, peak = max(members, key=lambda member: member[0])
    spacing = _spacing(space, family)
    near = [
        (p, b)
        for p, b in members
        if abs(b.extent - peak.extent) <= 1.01 * spacing
        and (family != "motion" or _turn(b.angle, peak.angle) <= 1.01 * np.pi / space.motion_angles)
    ]
    weight = sum(p for p, _ in near)
    extent = sum(p * b.extent for p, b in near) / weight
    doubled = sum(p * np.exp(2j * b.angle) for p, b in near)  # directions are the same after half a turn
    return Blur(family, extent, float(np.angle(doubled) / 2 % np.pi) if family == "motion" else 0.0), mass[
        family
    ]


def _spacing(space: BlurSpace, family: str) -> float:
    values = {"motion": space.motion_lengths, "disc": space.disc_radii, "gaussian": space.gaussian_sigmas}[
        family
    ]
    return values[1] - values[0] if len(values) > 1 else 0.0


def _turn(a: float, b: float) -> float:
    """Angle between two undirected lines."""
    difference = abs(a - b) % np.pi
    return min(difference, np.pi - difference)


def spectrum(pixels: Pixels, window: int) -> NDArray[np.float32]:
    """Mean log power spectrum (window, window // 2 + 1) of a photo's textured windows; its mean is zero.

    Windows overlap by half. The most textured half counts, at most 160, evenly spread: flat sky says
    nothing of the blur, and clipped highlights lie about it.
    """
    step = window // 2
    height, width = pixels.shape[:2]
    if min(height, width) < window:
        pixels = np.pad(
            pixels, ((0, max(0, window - height)), (0, max(0, window - width)), (0, 0)), mode="symmetric"
        )
        height, width = pixels.shape[:2]
    rows, columns = _starts(height, window, step), _starts(width, window, step)
    skip = max(1, int(np.sqrt(len(rows) * len(columns) / (3 * _MAX_WINDOWS))))
    corners = [(y, x) for y in rows[::skip] for x in columns[::skip]]
    crops = np.stack([pixels[y : y + window, x : x + window].astype(np.float32) @ _LUMA for y, x in corners])
    clipped = np.mean(crops >= 250, axis=(1, 2))
    texture = np.abs(np.diff(crops, axis=1)).mean((1, 2)) + np.abs(np.diff(crops, axis=2)).mean((1, 2))
    texture *= clipped < 0.05
    keep = np.argsort(-texture, kind="stable")[: max(1, min(_MAX_WINDOWS, len(corners) // 2))]
    crops = crops[keep] - crops[keep].mean(axis=(1, 2), keepdims=True)
    hann = np.hanning(window + 2)[1:-1].astype(np.float32)
    power = np.abs(np.fft.rfft2(crops * (hann[:, None] * hann[None, :]))) ** 2
    result = np.log(power / window**2 + 0.01).mean(axis=0)
    return (result - result.mean()).astype(np.float32)


def _starts(length: int, window: int, step: int) -> list[int]:
    return list(range(0, length - window + 1, step))


def noise_sigma(pixels: Pixels) -> float:
    """Standard deviation of a photo's noise, per channel, in grey levels: Immerkaer's (1996) mask.

    The median of blocks stands for the mean, so that texture in part of the photo does not count as noise.
    """
    height, width = pixels.shape[0] // 16 * 16, pixels.shape[1] // 16 * 16
    if min(height, width) < 32:
        return 0.0
    y = pixels[:height:, :width].astype(np.float32) @ _LUMA
    rows = y[:-2] - 2 * y[1:-1] + y[2:]
    response = np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])[: height - 16, : width - 16]
    blocks = response.reshape(height // 16 - 1, 16, width // 16 - 1, 16).mean(axis=(1, 3))
    return float(np.sqrt(np.pi / 2) / 6 * np.percentile(blocks, 15) / np.linalg.norm(_LUMA))


@cache
def _frequencies(size: int) -> NDArray[np.float32]:
    f = np.fft.fftfreq(size)
    return (f[:, None] ** 2 + f[None, :] ** 2).astype(np.float32)


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
    return (cut / cut.sum()).astype(np.float32)


def apply_filter(pixels: Pixels, inverse: Kernel) -> Pixels:
    """Filter a photo; the photo's borders are mirrored for the filter's reach."""
    reach = inverse.shape[0] // 2
    padded = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    return filter_valid(padded, inverse)


def filter_valid(padded: Pixels, inverse: Kernel) -> Pixels:
    """Filter the part of ``padded`` whose whole neighbourhood lies inside it: 2 R rows and columns fewer."""
    height, width = padded.shape[:2]
    reach = inverse.shape[0] // 2
    rows, columns = _fast_length(height), _fast_length(width)
    transfer = np.fft.rfft2(inverse, (rows, columns))
    result = np.empty((height - 2 * reach, width - 2 * reach, 3), np.uint8)
    for channel in range(3):
        planes = np.fft.rfft2(padded[:, :, channel].astype(np.float32), (rows, columns))
        filtered = np.fft.irfft2(planes * transfer, (rows, columns))[2 * reach : height, 2 * reach : width]
        np.clip(filtered + 0.5, 0, 255, out=filtered)
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
