"""How a network looks at a photo: a square mosaic of native-size crops and of the whole photo made small."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nitido.bundle.manifest import View
from nitido.photo.model import Pixels
from nitido.tensors import pixels_to_tensor, tensor_to_vector

if TYPE_CHECKING:
    from nitido.runtime.session import Session

_MAX_CANDIDATES = 8
"""Candidate crops per axis: enough to find texture and flat parts, cheap at any photo size."""
_GRID = 8
"""Crops start where a JPEG's blocks do, so that their traces lie at the same places of every crop."""
_REDUCING_GAP = 2.0
"""Large photos are first averaged in whole blocks, down to no less than twice the cell: cheap and smooth."""


def answer(session: Session, pixels: Pixels, view: View) -> NDArray[np.float32]:
    """What a graph of one image in and one vector out says of a photo of any size."""
    (image,), (output,) = session.build.inputs, session.build.outputs
    tensor = pixels_to_tensor(mosaic(pixels, view), image)
    return tensor_to_vector(session.run({image.name: tensor})[output.name], output)


def mosaic(pixels: Pixels, view: View) -> Pixels:
    """(size, size, 3): the cells of a photo, row by row.

    The same photo is always looked at in the same way, whatever its size.
    """
    return arranged(cells(pixels, view), view)


def arranged(cells: Sequence[Pixels], view: View) -> Pixels:
    """The cells of a view as one image, row by row."""
    side = view.size // view.crop
    if side * side != len(cells) or view.size % view.crop:
        raise ValueError(f"expected cells that fill a square of {view.size} pixels, got {view}")
    result = np.empty((view.size, view.size, 3), np.uint8)
    for index, cell in enumerate(cells):
        row, column = (v * view.crop for v in divmod(index, side))
        result[row : row + view.crop, column : column + view.crop] = cell
    return result


def cells(pixels: Pixels, view: View) -> list[Pixels]:
    """``view.count`` native-size crops, then ``view.whole`` times the whole photo shrunk, (crop, crop, 3)."""
    found = list(_crops(pixels, view.crop, view.count)) if view.count else []
    return found + [_shrunk(pixels, view.crop)] * view.whole if view.whole else found


def _shrunk(pixels: Pixels, side: int) -> Pixels:
    """The whole photo as a square, antialiased; other proportions are squeezed, small photos enlarged."""
    image = Image.fromarray(pixels).resize(
        (side, side), Image.Resampling.BILINEAR, reducing_gap=_REDUCING_GAP
    )
    return np.asarray(image)


def _crops(pixels: Pixels, crop: int, count: int) -> Iterator[Pixels]:
    """From the most textured of a grid of candidates to a flatter one.

    Texture shows blur and JPEG blocks, flat parts show noise, so the crops are spread over the upper four
    fifths of the candidates. Photos smaller than a crop are mirrored; with few candidates crops repeat.
    """
    pixels = mirrored(pixels, crop)
    corners = [(y, x) for y in _origins(pixels.shape[0], crop) for x in _origins(pixels.shape[1], crop)]
    texture = [_texture(pixels[y : y + crop, x : x + crop]) for y, x in corners]
    ranked = [corners[i] for i in np.argsort(np.negative(texture), kind="stable")]
    if len(ranked) != count:
        ranked = [ranked[round(i * 0.8 * (len(ranked) - 1) / max(1, count - 1))] for i in range(count)]
    for y, x in ranked:
        yield pixels[y : y + crop, x : x + crop]


def _origins(length: int, crop: int) -> list[int]:
    count = min(_MAX_CANDIDATES, math.ceil(length / crop))
    if count == 1:
        return [0]
    return [int(v) // _GRID * _GRID for v in np.linspace(0, length - crop, count)]


def _texture(crop: Pixels) -> float:
    """Mean horizontal step of green on every eighth row: enough to tell a wall from a tree."""
    green = crop[::8, :, 1].astype(np.int16)
    return float(np.abs(np.diff(green, axis=1)).mean()) if crop.shape[1] > 1 else 0.0


def mirrored(pixels: Pixels, side: int) -> Pixels:
    """The photo continued by its mirror image, down and to the right, until both sides are ``side`` long."""
    height, width = pixels.shape[:2]
    missing = (max(0, side - height), max(0, side - width))
    if missing == (0, 0):
        return pixels
    return np.pad(pixels, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")
