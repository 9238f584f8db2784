"""Kernels that differ over a photo: each region's refined from the one that fits the whole photo best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nitido.blind.crops import cut, informative, mirrored
from nitido.blind.degradation import KernelMap
from nitido.blind.estimate import KernelEstimate
from nitido.blind.estimator import KernelEstimator
from nitido.blind.search import Points, descend
from nitido.blind.shape import KernelShape
from nitido.photo.model import Pixels

_MOST = 6
_SHARED = 0.3
"""How much a region's neighbours count beside itself, at equal certainty."""


def by_region(
    estimator: KernelEstimator,
    pixels: Pixels,
    estimate: KernelEstimate,
    *,
    rounds: int = 4,
    step: float = 0.35,
) -> KernelMap:
    """Refine the estimate on the most informative crop of each region, all regions beside each other.

    Regions that say little, such as sky, take after their neighbours and the whole. A photo too small for
    more than one region, or without an estimate, keeps the one kernel.
    """
    cell, scale = estimator.task.cell, estimator.task.scale
    rows, columns = (min(_MOST, max(1, round(length / cell))) for length in pixels.shape[:2])
    if estimate.note or rows * columns == 1:
        return KernelMap.of(estimate.shape)
    pixels = mirrored(pixels, cell)
    places = [
        _best(pixels, row, rows, column, columns, cell) for row in range(rows) for column in range(columns)
    ]
    crops = cut(pixels, places, cell)[:, None]
    families = [estimate.shape.family] * len(places)

    def score(points: Points) -> NDArray[np.float64]:
        return estimator.score(crops, families, points)

    whole = np.array(estimate.shape.coordinates)
    start = np.tile(whole, (len(places), 1))
    found = descend(score, start, score(start[None])[0], rounds=rounds, step=step)
    smooth = _smoothed(found.points, found.curvature, whole, rows, columns)
    shapes = [
        KernelShape.at(estimate.shape.family, (float(a), float(b), float(c)), scale) for a, b, c in smooth
    ]
    return KernelMap(tuple(tuple(shapes[row * columns : (row + 1) * columns]) for row in range(rows)))


def _best(pixels: Pixels, row: int, rows: int, column: int, columns: int, cell: int) -> tuple[int, int]:
    """(top, left) of the most informative crop around the middle of a region."""
    spans = []
    for index, count, length in ((row, rows, pixels.shape[0]), (column, columns, pixels.shape[1])):
        middle, reach = (index + 0.5) * length / count, max(cell, length / count) / 2
        start = round(min(max(middle - reach, 0), length - cell))
        spans.append((start, max(start + cell, min(length, round(middle + reach)))))
    (top, bottom), (left, right) = spans
    ((y, x),) = informative(pixels[top:bottom, left:right], cell, 1)
    return top + y, left + x


def _smoothed(
    points: Points, curvature: Points, whole: NDArray[np.float64], rows: int, columns: int
) -> Points:
    """Means over neighbours, each coordinate weighted by how sharply its score rises; a little of all."""
    regions = np.indices((rows, columns)).reshape(2, -1).T
    apart = np.abs(regions[:, None] - regions[None]).sum(axis=2)
    near = np.where(apart == 0, 1.0, np.where(apart == 1, _SHARED, 0.0))
    pull = 0.05 * curvature.mean(axis=0) + 1e-9
    return np.asarray((near @ (curvature * points) + pull * whole) / (near @ curvature + pull))
