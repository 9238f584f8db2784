"""Downscaling kernels as a family, two extents and an angle; and their convention: size, centre and phase.

Shrinking by s, pixel i of the small photo is the sum of ``kernel[u] * large[s * i + s // 2 + u - SIDE // 2]``
along each axis. It should show what lies around the middle of its s x s block, at ``s * i + (s - 1) / 2``:
that is the kernel's middle pixel for odd s, and half a pixel before it for even s. A kernel is centred when
its centre of mass is there; small and large photo then cover the same ground, as with bicubic resizing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kernel = NDArray[np.float32]
"""(SIDE, SIDE), sums to one, centred for its scale; cubic ones have negative parts."""
Coordinates = tuple[float, float, float]
"""Logarithm of the mean extent, and how the extents differ: along the axes, and along the diagonals."""
Family = Literal["gaussian", "disc", "bicubic", "box"]
FAMILIES: tuple[Family, ...] = ("gaussian", "disc", "bicubic", "box")

SIDE = 21
"""Reach of all kernels, as in the benchmarks of blind super-resolution: enough for a sigma of 4."""
SMALLEST = 0.2
"""Extent in pixels below which kernels no longer differ."""
_PIXEL = 12**-0.5
_SUPERSAMPLING = 6


def largest(scale: int) -> float:
    """The largest extent of the kernel space, in pixels of the large photo: 2.4, 3.35 and 4.3."""
    return 0.5 + 0.95 * scale


def centre(scale: int) -> float:
    """Where a kernel's centre of mass lies, in pixels from its middle pixel."""
    return (scale - 1) / 2 - scale // 2


@dataclass(frozen=True)
class KernelShape:
    """One kernel of the space; extents are in pixels of the large photo.

    ``gaussian``: standard deviations. ``disc``, defocus: half its radii, which are its standard deviations.
    ``box``: standard deviations; a thin one is motion along its length, one of s x s pixels averages areas.
    ``bicubic``: half the stretch of Keys' cubic: s / 2 is what shrinks by s, 1/2 a point sample (impulse).
    """

    family: Family
    long: float
    short: float
    angle: float = 0.0
    """Of the longer axis, in radians from the rows towards the bottom of the photo, 0 to pi."""

    @classmethod
    def bicubic(cls, scale: int) -> KernelShape:
        """What bicubic resizing with antialiasing does, MATLAB's ``imresize``."""
        return cls("bicubic", scale / 2, scale / 2)

    @classmethod
    def impulse(cls) -> KernelShape:
        """A point sample, between pixels interpolated by Keys' cubic."""
        return cls("bicubic", 0.5, 0.5)

    @classmethod
    def motion(cls, length: float, angle: float) -> KernelShape:
        """A line of one pixel's width."""
        return cls("box", max(length, 1.0) * _PIXEL, _PIXEL, angle % math.pi)

    @classmethod
    def at(cls, family: Family, place: Coordinates, scale: int) -> KernelShape:
        """The inverse of ``coordinates``; extents outside the space for ``scale`` become its nearest."""
        middle, along, across = place
        apart = math.hypot(along, across)
        low, high = math.log(SMALLEST), math.log(largest(scale))
        long, short = (math.exp(min(max(value, low), high)) for value in (middle + apart, middle - apart))
        return cls(family, long, short, math.atan2(across, along) / 2 % math.pi)

    @property
    def coordinates(self) -> Coordinates:
        """The matrix logarithm of the extents' ellipse: smooth, also where both extents are equal."""
        middle = (math.log(self.long) + math.log(self.short)) / 2
        apart = (math.log(self.long) - math.log(self.short)) / 2
        return middle, apart * math.cos(2 * self.angle), apart * math.sin(2 * self.angle)

    def widened(self, change: float, scale: int) -> KernelShape:
        """With both extents larger by ``change`` pixels, or smaller, within the space for ``scale``."""
        long, short = (
            min(max(value + change, SMALLEST), largest(scale)) for value in (self.long, self.short)
        )
        return replace(self, long=long, short=short)

    def kernel(self, scale: int) -> Kernel:
        """Rasterise: smooth families at the pixels' middles, as bicubic resizing does, others as areas."""
        n = 1 if self.family in ("gaussian", "bicubic") else _SUPERSAMPLING
        axis = (np.arange(SIDE * n) + 0.5) / n - SIDE / 2 - centre(scale)
        y, x = axis[:, None], axis[None, :]
        least = 0.5 if self.family == "bicubic" else SMALLEST  # a narrower cubic misses all pixels' middles
        along = (x * math.cos(self.angle) + y * math.sin(self.angle)) / max(self.long, least)
        across = (y * math.cos(self.angle) - x * math.sin(self.angle)) / max(self.short, least)
        if self.family == "gaussian":
            fine = np.exp(-(along**2 + across**2) / 2)
        elif self.family == "bicubic":
            fine = cubic(along / 2) * cubic(across / 2)
        elif self.family == "disc":
            fine = 1.0 * (along**2 + across**2 <= 4)
        else:
            fine = 1.0 * (np.maximum(np.abs(along), np.abs(across)) <= 0.5 / _PIXEL)
        coarse = fine.reshape(SIDE, n, SIDE, n).mean(axis=(1, 3))
        return np.asarray(coarse / coarse.sum(), np.float32)

    def __str__(self) -> str:
        """As in ``gaussian 1.8 x 0.9 px, 30 degrees``."""
        turned = f", {math.degrees(self.angle):.0f} degrees" if self.long > 1.05 * self.short else ""
        return f"{self.family} {self.long:.2f} x {self.short:.2f} px{turned}"


def cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic convolution kernel with a = -0.5 (R. Keys, 1981)."""
    x = np.abs(x)
    inner, outer = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, inner, np.where(x < 2, outer, 0.0))
