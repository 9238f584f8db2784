"""Brush strokes that come over HTTP: what they may be, and what the sdk makes of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nitido.blind import Stroke, read_strokes
from nitido_demo.checking import checked, parsed

_PIXEL = {"type": "number", "minimum": -100_000, "maximum": 100_000}
STROKES = {
    "type": "array",
    "description": "circles [x, y, radius] or polygons [[x, y], ...] in pixels of the small photo",
    "maxItems": 24,  # each costs a mask as large as the photo
    "items": {
        "type": "object",
        "required": ["sigma"],
        "properties": {
            "circle": {"type": "array", "items": _PIXEL, "minItems": 3, "maxItems": 3},
            "polygon": {
                "type": "array",
                "items": {"type": "array", "items": _PIXEL, "minItems": 2, "maxItems": 2},
                "minItems": 3,
                "maxItems": 400,
            },
            "sigma": {
                "type": "number",
                "minimum": -10,
                "maximum": 10,
                "description": "by how many pixels of the large photo the kernel is wider there",
            },
            "feather": {"type": "number", "minimum": 0, "maximum": 500},
        },
    },
}
BRUSH_FILE = {"type": "object", "properties": {"strokes": STROKES}, "required": ["strokes"]}
"""What ``nitido upscale --brush`` reads."""


def strokes_of(entries: Sequence[Any]) -> tuple[Stroke, ...]:
    """Strokes that follow the schema. Raises InvalidOption for two shapes in one, and the like."""
    return read_strokes(json.dumps({"strokes": entries}))


def strokes_in(text: str) -> list[Any]:
    """The entries of a brush file. Raises Refused, InvalidOption."""
    entries: list[Any] = checked(parsed(text, "strokes"), BRUSH_FILE, "strokes")["strokes"]
    strokes_of(entries)
    return entries
