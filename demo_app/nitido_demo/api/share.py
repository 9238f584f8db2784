"""Sharing: a photo as a small file, of one that is sent or of one in the gallery."""

from __future__ import annotations

from typing import Any

from nitido.sharing.budget import SUFFIXES
from nitido_demo.house import House
from nitido_demo.operations import Call, Operation, Parameter, path_id
from nitido_demo.queueing import WORK, queued, queued_of_gallery

WISHES = (
    Parameter(
        "long_side", {"type": "integer", "minimum": 16, "maximum": 8192}, "of the result, in pixels", 1280
    ),
    Parameter(
        "max_bytes",
        {"type": "integer", "minimum": 1_000, "maximum": 50_000_000},
        "of the file; where no quality is small enough, the smallest there is",
        300_000,
    ),
    Parameter("codec", {"type": "string", "enum": list(SUFFIXES)}, "of the file", "jpeg"),
    Parameter("detail", {"type": "number", "minimum": 0, "maximum": 1}, "from true to crisp", 0.5),
    Parameter(
        "method",
        {"type": "string", "enum": ["learned", "lanczos"]},
        "by Nitido's downscaler, or by the filter that apps use: to compare",
        "learned",
    ),
)


def share(house: House, call: Call) -> Any:
    """A job for the body's photo."""
    return queued(house, call, "share", call.values)


def share_photo(house: House, call: Call) -> Any:
    """A job for a photo of the gallery."""
    options = {wish.name: call.json.get(wish.name, wish.default) for wish in WISHES}
    return queued_of_gallery(house, call, "share", options)


OPERATIONS = (
    Operation(
        "POST",
        "/api/share",
        share,
        "Make the photo that is sent small, for a number of bytes",
        WORK,
        parameters=WISHES,
        body="photo",
    ),
    Operation(
        "POST",
        "/api/photos/{photo}/share",
        share_photo,
        "Make a photo of the gallery small; nothing is stored beside it",
        WORK,
        parameters=(path_id("photo", "the photo"),),
        body={"type": "object", "properties": {wish.name: wish.schema for wish in WISHES}},
    ),
)
