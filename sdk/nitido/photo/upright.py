"""Orientation without copies: rows of a file written straight to where they belong in an upright photo."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[Any]


def upright_shape(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Rows and columns of the upright photo, of the (width, height) that a file stores."""
    width, height = size
    return (height, width) if orientation < 5 else (width, height)


def as_stored(upright: Plane, orientation: int) -> Plane:
    """A view of an upright array (rows, columns, ...) as a file with this EXIF orientation stores it."""
    match orientation:
        case 2:
            return upright[:, ::-1]
        case 3:
            return upright[::-1, ::-1]
        case 4:
            return upright[::-1]
        case 5:
            return upright.swapaxes(0, 1)
        case 6:
            return np.rot90(upright, 1)
        case 7:
            return upright[::-1, ::-1].swapaxes(0, 1)
        case 8:
            return np.rot90(upright, -1)
        case _:
            return upright


def write_stored(samples: Plane, colour: Plane, alpha: Plane | None, rows: slice, orientation: int) -> None:
    """Writes ``rows`` as a file stores them (L, LA, RGB or RGBA) into upright ``colour`` and ``alpha``."""
    grey = samples.ndim == 2 or samples.shape[2] < 3
    if samples.ndim == 2:
        samples = samples[..., np.newaxis]
    as_stored(colour, orientation)[rows] = samples[..., :1] if grey else samples[..., :3]
    if alpha is not None:
        as_stored(alpha, orientation)[rows] = samples[..., -1]
