"""Enlarging transparency: no colour from where nothing shows, and flat opacity stays as flat as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido.photo.depth import strips
from nitido.photo.model import Sample

_AROUND = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx]


def cover_hidden(colour: NDArray[Sample], alpha: NDArray[Any], reach: int) -> NDArray[Sample]:
    """The colours with those under full transparency replaced near visible ones, which they would bleed into.

    Up to ``reach`` pixels away from what shows, ring by ring, each the mean of its neighbours of the ring
    before, weighted by opacity in the first one. Farther away the hidden colours stay: nothing sees them.
    """
    if alpha.all():
        return colour
    covered = colour.copy()
    height, width = alpha.shape
    for rows in strips(height, width):
        # Rings of other rows reach into these: so many rows more on either side.
        window = slice(max(0, rows.start - reach), min(height, rows.stop + reach))
        if (alpha[window] == 0).any() and (alpha[window] != 0).any():
            part = colour[window].astype(np.float32)
            _cover(part, alpha[window].astype(np.float32), reach)
            inner = part[rows.start - window.start : rows.stop - window.start]
            whole: NDArray[Any] = np.floor(inner + np.float32(0.5))
            covered[rows] = np.where(alpha[rows, :, np.newaxis] == 0, whole, colour[rows])
    return covered


def _cover(colour: NDArray[np.float32], weight: NDArray[np.float32], reach: int) -> None:
    """The rings, in place; ``weight`` is 0 where nothing is known yet."""
    height, width = weight.shape
    for _ in range(reach):
        known = np.pad(weight > 0, 1)
        near = np.zeros((height, width), np.bool_)
        for dy, dx in _AROUND:
            near |= known[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        ys, xs = np.nonzero(near & ~known[1:-1, 1:-1])
        if not len(ys):
            return
        total = np.zeros((len(ys), 3), np.float64)
        weights = np.zeros(len(ys), np.float64)
        for dy, dx in _AROUND:
            y, x = ys + dy, xs + dx
            inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
            y, x = y.clip(0, height - 1), x.clip(0, width - 1)
            share = np.where(inside, weight[y, x], 0)
            total += share[:, np.newaxis] * colour[y, x]
            weights += share
        colour[ys, xs] = total / weights[:, np.newaxis]
        weight[ys, xs] = 1


def keep_flat(enlarged: NDArray[Sample], alpha: NDArray[Sample]) -> None:
    """Where the opacity is one value around a pixel of ``alpha``, ``enlarged`` gets it too, in place.

    A network may answer 254 where all is 255, and a photo must not become a little transparent.
    """
    height, width = alpha.shape
    tall, wide = enlarged.shape
    flat = _is_flat(alpha)
    columns = (2 * np.arange(wide) + 1) * width // (2 * wide)  # the pixel of alpha that a centre lies in
    for rows in strips(tall, wide):
        lines = (2 * np.arange(rows.start, rows.stop) + 1) * height // (2 * tall)
        below = alpha[lines][:, columns]
        np.copyto(enlarged[rows], below, where=flat[lines][:, columns])


def _is_flat(plane: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether a pixel equals all its neighbours; there are none beyond the edges."""
    height, width = plane.shape
    flat = np.ones((height, width), np.bool_)
    same = plane[1:] == plane[:-1]
    flat[1:] &= same
    flat[:-1] &= same
    across = plane[:, 1:] == plane[:, :-1]
    around = flat.copy()
    around[:, 1:] &= across & flat[:, :-1]
    around[:, :-1] &= across & flat[:, 1:]
    return around
