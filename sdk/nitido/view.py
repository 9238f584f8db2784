"""How a trigger looks at a photo: a square mosaic of native-size crops, since shrinking hides the defects."""

from __future__ import annotations

import math

import numpy as np

from nitido.bundle.manifest import View
from nitido.photo.model import Pixels

_MAX_CANDIDATES = 8
"""Candidate crops per axis: enough to find texture and flat parts, cheap at any photo size."""


def mosaic(pixels: Pixels, view: View) -> Pixels:
    """(size, size, 3): ``count`` crops, from the most textured of a grid of candidates to a flatter one.

    Texture shows blur and JPEG blocks, flat parts show noise, so the crops are spread over the upper four
    fifths of the candidates. Photos smaller than a crop are mirrored; with few candidates crops repeat.
    """
    side = view.size // view.crop
    if side * side != view.count or view.size % view.crop:
        raise ValueError(f"expected count crops that fill a square of {view.size} pixels, got {view}")
    pixels = _at_least(pixels, view.crop)
    corners = [
        (y, x) for y in _origins(pixels.shape[0], view.crop) for x in _origins(pixels.shape[1], view.crop)
    ]
    texture = [_texture(pixels[y : y + view.crop, x : x + view.crop]) for y, x in corners]
    ranked = [corners[i] for i in np.argsort(np.negative(texture), kind="stable")]
    chosen = [ranked[round(i * 0.8 * (len(ranked) - 1) / max(1, view.count - 1))] for i in range(view.count)]
    if len(corners) == view.count:
        chosen = ranked
    result = np.empty((view.size, view.size, 3), np.uint8)
    for index, (y, x) in enumerate(chosen):
        row, column = (v * view.crop for v in divmod(index, side))
        result[row : row + view.crop, column : column + view.crop] = pixels[
            y : y + view.crop, x : x + view.crop
        ]
    return result


def _origins(length: int, crop: int) -> list[int]:
    count = min(_MAX_CANDIDATES, math.ceil(length / crop))
    return [int(v) for v in np.linspace(0, length - crop, count).round()] if count > 1 else [0]


def _texture(crop: Pixels) -> float:
    """Mean horizontal step of green on every fourth row: enough to tell a wall from a tree."""
    green = crop[::4, :, 1].astype(np.int16)
    return float(np.abs(np.diff(green, axis=1)).mean())


def _at_least(pixels: Pixels, side: int) -> Pixels:
    height, width = pixels.shape[:2]
    missing = (max(0, side - height), max(0, side - width))
    if missing == (0, 0):
        return pixels
    return np.pad(pixels, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")
