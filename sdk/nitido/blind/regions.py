"""Kernels that differ over a photo: narrower and wider ones are compared region by region."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nitido.blind.crops import cut, mirrored
from nitido.blind.degradation import KernelMap
from nitido.blind.estimate import SEEN, KernelEstimate
from nitido.blind.estimator import KernelEstimator
from nitido.blind.shape import KernelShape
from nitido.photo.model import Pixels

_MOST = 6
"""Regions along a side."""
_MOST_CROPS = 11
"""Crops along a side; those of smaller photos overlap by half."""
_ROUND = np.geomspace(0.25, 1.1, 10)
"""Standard deviations of round Gaussians, in pixels of the small photo."""
_STRETCH = np.geomspace(0.3, 3.3, 9)
"""By how much the whole photo's kernel is stretched."""
_CLEARLY = 0.5
"""By how much the logarithms must be lower, on average, for stretched kernels to be preferred to round ones:
where kernels differ, the whole photo's is a compromise, often a thin one."""
_COMMON = 0.03
"""How much all crops count in each region beside its own: where it says nothing, such as sky."""


def by_region(estimator: KernelEstimator, pixels: Pixels, estimate: KernelEstimate) -> KernelMap:
    """How wide the kernel is in each region: round Gaussians, or all as stretched as the whole photo's.

    Crops all over the photo are judged under narrower and wider kernels. A region sums up, for the crops
    around it, the logarithms of what is predicted: a kernel that is too wide does far more harm than one that
    is too narrow, and would otherwise count for more in a region that has both. It takes the width where a
    parabola through the sums is lowest. A photo too small for more than one region, or without an estimate,
    keeps the one kernel.
    """
    cell, scale = estimator.task.cell, estimator.task.scale
    rows, columns = (min(_MOST, max(1, round(2 * length / cell) - 1)) for length in pixels.shape[:2])
    if estimate.note or rows * columns == 1:
        return KernelMap.of(estimate.shape)
    pixels = mirrored(pixels, cell)
    places = _lattice(pixels, cell)
    crops = cut(pixels, places, cell)[:, None]
    near = _nearness(pixels, places, cell, rows, columns)
    least, shapes = np.inf, []
    for ladder in (_round(scale), _stretched(estimate.shape, scale)):
        latents = np.stack([estimator.latent(shape.kernel(scale)) for shape in ladder])
        errors = estimator.errors(crops, np.repeat(latents[:, None], len(places), axis=1))
        curves = near @ np.log(errors.T + SEEN**2)
        if (mean := float(curves.min(axis=1).mean())) < least:
            least, shapes = mean - _CLEARLY, [_between(ladder, place, scale) for place in _lowest(curves)]
    return KernelMap(tuple(tuple(shapes[row * columns : (row + 1) * columns]) for row in range(rows)))


def _round(scale: int) -> list[KernelShape]:
    return [KernelShape("gaussian", scale * sigma, scale * sigma) for sigma in map(float, _ROUND)]


def _stretched(shape: KernelShape, scale: int) -> list[KernelShape]:
    middle, along, across = shape.coordinates
    steps = map(float, np.log(_STRETCH))
    return [KernelShape.at(shape.family, (middle + step, along, across), scale) for step in steps]


def _between(ladder: Sequence[KernelShape], place: float, scale: int) -> KernelShape:
    """The kernel at a place between two rungs."""
    lower = min(int(place), len(ladder) - 2)
    first, second = (np.array(shape.coordinates) for shape in ladder[lower : lower + 2])
    middle, along, across = (float(value) for value in first + (place - lower) * (second - first))
    return KernelShape.at(ladder[0].family, (middle, along, across), scale)


def _lattice(pixels: Pixels, cell: int) -> list[tuple[int, int]]:
    """(top, left) of crops that cover the photo, or lie evenly over a large one."""
    starts = []
    for length in pixels.shape[:2]:
        count = min(_MOST_CROPS, -(-2 * (length - cell) // cell) + 1)
        starts.append([round(float(start)) for start in np.linspace(0, length - cell, count)])
    return [(top, left) for top in starts[0] for left in starts[1]]


def _nearness(
    pixels: Pixels, places: list[tuple[int, int]], cell: int, rows: int, columns: int
) -> NDArray[np.float64]:
    """(regions, crops): how much each crop counts in each region, by the distance of their middles."""
    size = np.array(pixels.shape[:2])
    counts = np.array([rows, columns])
    middles = (np.indices((rows, columns)).reshape(2, -1).T + 0.5) * size / counts
    crops = np.array(places) + cell / 2
    reach = np.maximum(cell, size / counts) / 2
    apart = (((middles[:, None] - crops[None]) / reach) ** 2).sum(axis=2)
    near = np.exp(-apart / 2)
    return np.asarray(near / near.sum(axis=1, keepdims=True) + _COMMON / len(places))


def _lowest(curves: NDArray[np.float64]) -> list[float]:
    """Where each of (N, rungs) curves is lowest, by a parabola between rungs."""
    last = curves.shape[1] - 1
    found = []
    for curve, lowest in zip(curves, curves.argmin(axis=1), strict=True):
        place = float(lowest)
        if 0 < lowest < last:
            below, middle, above = curve[lowest - 1 : lowest + 2]
            place += float(below - above) / (2 * max(float(below + above - 2 * middle), 1e-12))
        found.append(place)
    return found
