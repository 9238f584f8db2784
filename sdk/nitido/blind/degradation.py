"""Which kernel made which part of a photo: kernels on a grid, strokes over them, and latents of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nitido.blind.brush import Stroke
from nitido.blind.judge import Latents
from nitido.blind.shape import KernelShape
from nitido.errors import InvalidOption
from nitido.tiler import crop


@dataclass(frozen=True)
class KernelMap:
    """Shapes at the middles of regions, evenly over the photo, row by row; in between, latents are mixed."""

    shapes: tuple[tuple[KernelShape, ...], ...]
    strokes: tuple[Stroke, ...] = ()
    """Painted one after another."""

    def __post_init__(self) -> None:
        """Raises InvalidOption."""
        if not self.shapes or not self.shapes[0] or len({len(row) for row in self.shapes}) > 1:
            raise InvalidOption(
                f"expected a kernel map to have rows of one length with at least one shape, got rows of "
                f"{[len(row) for row in self.shapes]}; give each region a shape"
            )

    @classmethod
    def of(cls, shape: KernelShape, strokes: tuple[Stroke, ...] = ()) -> KernelMap:
        """One kernel for the whole photo, but for the strokes."""
        return cls(((shape,),), strokes)

    def field(
        self, latent: Callable[[KernelShape], Latents], scale: int, height: int, width: int
    ) -> LatentField:
        """The latents of a photo of this size. Raises InvalidOption for strokes that do not touch it."""

        def grid(change: float) -> Latents:
            return np.array(
                [[latent(shape.widened(change, scale)) for shape in row] for row in self.shapes], np.float32
            )

        layers = tuple((stroke.mask(height, width), grid(stroke.sigma)) for stroke in self.strokes)
        plain = np.array([[latent(shape) for shape in row] for row in self.shapes], np.float32)
        return LatentField(height, width, plain, layers)


@dataclass(frozen=True, eq=False)
class LatentField:
    """A latent for each pixel of a photo, worked out window by window."""

    height: int
    width: int
    grid: Latents
    """(rows, columns, latent)."""
    layers: tuple[tuple[NDArray[np.uint8], Latents], ...] = ()
    """Masks of the photo's size and the grids that hold where they are 255."""

    def window(self, top: int, left: int, height: int, width: int) -> Latents:
        """(height, width, latent); beyond the photo, where its padding is, it mirrors."""
        values = self._mixed(self.grid, top, left, height, width)
        for mask, grid in self.layers:
            share = crop(mask, top, left, height, width) / np.float32(255)
            if share.any():
                values = values + share[..., None] * (self._mixed(grid, top, left, height, width) - values)
        return values

    def _mixed(self, grid: Latents, top: int, left: int, height: int, width: int) -> Latents:
        rows = _shares(top, height, self.height, grid.shape[0])
        columns = _shares(left, width, self.width, grid.shape[1])
        mixed: Latents = np.einsum("yr,rcl,xc->yxl", rows, grid, columns, optimize=True)
        return mixed


def _shares(start: int, count: int, length: int, nodes: int) -> NDArray[np.float32]:
    """(count, nodes): linear interpolation between the middles of ``nodes`` regions of an axis."""
    place = np.clip((np.arange(start, start + count) + 0.5) * nodes / length - 0.5, 0, nodes - 1)
    apart = np.abs(place[:, None] - np.arange(nodes)[None, :])
    return np.asarray(np.maximum(1 - apart, 0), np.float32)
