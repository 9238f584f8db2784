"""Brush strokes: regions of a photo in which the kernel is wider or narrower, as data that apps send."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from nitido.errors import InvalidOption

_KEYS = {"sigma", "feather", "circle", "polygon"}
_EXAMPLE = '{"strokes": [{"circle": [120, 80, 40], "sigma": 0.8, "feather": 6}]}'


@dataclass(frozen=True)
class Stroke:
    """A circle or a polygon in pixels of the small photo, (0, 0) its top left corner."""

    sigma: float
    """By how many pixels of the large photo the kernel is wider there, in standard deviation."""
    circle: tuple[float, float, float] | None = None
    """Middle (x, y) and radius."""
    polygon: tuple[tuple[float, float], ...] = ()
    """At least three corners (x, y)."""
    feather: float = 4.0
    """Width in pixels of the soft edge."""

    def __post_init__(self) -> None:
        """Raises InvalidOption."""
        numbers = (self.sigma, self.feather, *(self.circle or ()), *(v for xy in self.polygon for v in xy))
        shaped = (self.circle is not None and self.circle[2] > 0) != (len(self.polygon) >= 3)
        if not shaped or not all(map(math.isfinite, numbers)) or self.feather < 0:
            raise InvalidOption(
                f"expected a stroke to have a circle with a radius above 0 or a polygon of three or more "
                f"corners, not both, and finite numbers, got {self}; correct the stroke"
            )

    def mask(self, height: int, width: int) -> NDArray[np.uint8]:
        """(height, width), 255 inside, 0 outside, soft at the edge. Raises InvalidOption if all 0."""
        canvas = Image.new("L", (width, height))
        draw = ImageDraw.Draw(canvas)
        if self.circle is not None:
            x, y, radius = self.circle
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        else:
            draw.polygon(list(self.polygon), fill=255)
        if canvas.getbbox() is None:
            raise InvalidOption(
                f"expected strokes to touch the photo of {width} x {height} pixels, got {self}; "
                f"give places in pixels of the small photo"
            )
        if self.feather:
            canvas = canvas.filter(ImageFilter.GaussianBlur(self.feather / 2))
        return np.asarray(canvas)


def read_strokes(text: str) -> tuple[Stroke, ...]:
    """Strokes from JSON: a list, each with circle or polygon, sigma, feather. Raises InvalidOption."""
    try:
        given = json.loads(text)
        return tuple(_stroke(entry) for entry in given["strokes"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        if isinstance(error, InvalidOption):
            raise
        raise InvalidOption(f"expected strokes as in {_EXAMPLE}, got an error: {error!r}") from error


def write_strokes(strokes: Sequence[Stroke]) -> str:
    """The JSON that ``read_strokes`` reads."""
    entries = []
    for stroke in strokes:
        where = {"circle": stroke.circle} if stroke.circle is not None else {"polygon": stroke.polygon}
        entries.append({**where, "sigma": stroke.sigma, "feather": stroke.feather})
    return json.dumps({"strokes": entries})


def _stroke(entry: dict[str, Any]) -> Stroke:
    unknown = set(entry) - _KEYS
    if unknown:
        raise InvalidOption(f"expected strokes as in {_EXAMPLE}, got the unknown keys {sorted(unknown)}")
    circle = entry.get("circle")
    if circle is not None:
        x, y, radius = map(float, circle)
        circle = x, y, radius
    corners = tuple((float(x), float(y)) for x, y in entry.get("polygon", ()))
    return Stroke(float(entry["sigma"]), circle, corners, float(entry.get("feather", Stroke.feather)))
