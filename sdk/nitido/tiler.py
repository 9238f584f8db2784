"""Runs a photo of any size through a network tile by tile, exactly as if it had gone through in one piece.

Tiles overlap by a halo and lie inside the photo, so a network's zero padding acts only at the photo's real
borders. Of each tile only the part is kept that no inner tile border can reach. When the halo is at least
the network's receptive radius, the result is therefore that of the untiled network: nothing is blended.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido.errors import InvalidOption
from nitido.photo.model import Sample
from nitido.tensors import check_pixels


@dataclass(frozen=True)
class Tile:
    """A window in photo coordinates; it reaches beyond the bottom or right edge where the photo is padded."""

    top: int
    left: int
    height: int
    width: int
    rows: tuple[int, int]
    """First row of the photo that is kept from this tile, and the row after the last."""
    columns: tuple[int, int]


Step = Callable[[Tile, tuple[NDArray[Any], ...]], NDArray[Any]]
"""From a tile and its crop of each photo, (height, width, 3), to the result, ``scale`` times that size.

The result is of the photos' type, uint8 or uint16. Crops may be views of the photos: do not write to them.
The result is copied at once, so a step may return the same buffer each time. All tiles of a run have one
size."""


class Tiler:
    """Cuts photos into tiles and joins the results."""

    def __init__(
        self, tile: int | tuple[int, int], halo: int, multiple: int = 1, scale: int = 1, fixed: bool = False
    ) -> None:
        """``tile`` is the largest side, or height and width; sides and origins are multiples of ``multiple``.

        With ``fixed``, tiles have exactly that size, and a smaller photo is padded up to it. Otherwise they
        are only as large as it takes: a photo is cut evenly, and padded at most up to a multiple. Padding
        mirrors the photo at its bottom and right edge. Raises InvalidOption.
        """
        sides = (tile, tile) if isinstance(tile, int) else tile
        for side in sides:
            if side % multiple or side - 2 * halo < multiple:
                raise InvalidOption(
                    f"expected the side of a tile to be a multiple of {multiple} and at least "
                    f"{2 * halo + multiple}, for a halo of {halo}, got {side}; use a larger tile"
                )
        self.tile: tuple[int, int] = sides
        self.halo, self.multiple, self.scale, self.fixed = halo, multiple, scale, fixed

    def plan(self, height: int, width: int) -> list[Tile]:
        """The tiles of a photo, row by row; what they keep covers each pixel once."""
        rows, columns = (self._cut(size, side) for size, side in zip((height, width), self.tile, strict=True))
        return [Tile(y.start, x.start, y.side, x.side, y.kept, x.kept) for y in rows for x in columns]

    def run(self, pixels: tuple[NDArray[Any], ...], step: Step) -> NDArray[Any]:
        """Apply ``step`` to one photo, or to several of the same size, tile by tile.

        They are uint8, or all uint16. Memory beside them is the result and what ``step`` takes for one tile.
        """
        height, width = _one_size(pixels)
        s = self.scale
        out = np.empty((height * s, width * s, 3), pixels[0].dtype)
        for (y0, y1), tiles in self._by_rows(height, width):
            self._fill(out[y0 * s : y1 * s], tiles, pixels, step)
        return out

    def bands(self, pixels: tuple[NDArray[Any], ...], step: Step) -> Iterator[NDArray[Any]]:
        """What ``run`` returns, in bands of rows from top to bottom, each as high as its row of tiles.

        For whoever shrinks the result on the way, and never needs the whole of it.
        """
        height, width = _one_size(pixels)
        for (y0, y1), tiles in self._by_rows(height, width):
            band = np.empty(((y1 - y0) * self.scale, width * self.scale, 3), pixels[0].dtype)
            self._fill(band, tiles, pixels, step)
            yield band

    def _by_rows(self, height: int, width: int) -> Iterator[tuple[tuple[int, int], Iterator[Tile]]]:
        return groupby(self.plan(height, width), key=lambda tile: tile.rows)

    def _fill(
        self, band: NDArray[Any], tiles: Iterator[Tile], pixels: tuple[NDArray[Any], ...], step: Step
    ) -> None:
        s = self.scale
        for tile in tiles:
            crops = tuple(crop(photo, tile.top, tile.left, tile.height, tile.width) for photo in pixels)
            result = step(tile, crops)
            if result.shape != (tile.height * s, tile.width * s, 3):
                raise InvalidOption(
                    f"expected a step to return {tile.height * s} x {tile.width * s} pixels (scale {s}), "
                    f"got an array of shape {result.shape}; check the scale"
                )
            (y0, y1), (x0, x1) = tile.rows, tile.columns
            kept = result[(y0 - tile.top) * s :, (x0 - tile.left) * s :]
            band[:, x0 * s : x1 * s] = kept[: (y1 - y0) * s, : (x1 - x0) * s]

    def _cut(self, size: int, largest: int) -> list[_Span]:
        """Cut one axis into spans of one length."""
        padded = max(_up(size, self.multiple), largest if self.fixed else 0)
        if padded <= largest:
            return [_Span(0, padded, (0, size))]
        overlap = 2 * self.halo
        count = 1 + math.ceil((padded - largest) / self._stride(largest))
        side = largest
        if not self.fixed:  # as many tiles, but no larger than needed
            side = _up(math.ceil((padded + (count - 1) * overlap) / count), self.multiple)
            while side + (count - 1) * self._stride(side) < padded:
                side += self.multiple
        starts = [min(i * self._stride(side), padded - side) for i in range(count)]
        seams = [0, *(start + side - self.halo for start in starts[:-1]), size]
        return [_Span(start, side, kept) for start, kept in zip(starts, pairwise(seams), strict=True)]

    def _stride(self, side: int) -> int:
        return (side - 2 * self.halo) // self.multiple * self.multiple


@dataclass(frozen=True)
class _Span:
    start: int
    side: int
    kept: tuple[int, int]


def _one_size(pixels: tuple[NDArray[Any], ...]) -> tuple[int, int]:
    """Height and width of all the photos; raises InvalidOption."""
    for photo in pixels:
        check_pixels(photo, deep=True)
    if any(photo.shape != pixels[0].shape or photo.dtype != pixels[0].dtype for photo in pixels):
        sizes = [photo.shape[:2] for photo in pixels]
        raise InvalidOption(f"expected photos of one size and depth, got {sizes}; resize them")
    height, width = pixels[0].shape[:2]
    return height, width


def crop(pixels: NDArray[Sample], top: int, left: int, height: int, width: int) -> NDArray[Sample]:
    """A window of a photo, which is mirrored beyond its edges in every direction, however far.

    A view where the window lies inside the photo, else a copy.
    """
    rows, columns = _indices(top, height, pixels.shape[0]), _indices(left, width, pixels.shape[1])
    part = pixels[rows] if isinstance(rows, slice) else pixels.take(rows, axis=0)
    return part[:, columns] if isinstance(columns, slice) else part.take(columns, axis=1)


def _indices(start: int, count: int, size: int) -> slice | NDArray[np.intp]:
    if start >= 0 and start + count <= size:
        return slice(start, start + count)
    place = np.arange(start, start + count) % (2 * size)
    return np.minimum(place, 2 * size - 1 - place)


def _up(size: int, multiple: int) -> int:
    return math.ceil(size / multiple) * multiple
