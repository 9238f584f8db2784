"""Enlarging: of a photo that is sent, or of one in the gallery."""

from __future__ import annotations

from typing import Any

from nitido_demo.house import House
from nitido_demo.operations import Call, Operation, Parameter, path_id
from nitido_demo.queueing import WORK, queued, queued_of_gallery

SCALE = {"type": "number", "minimum": 1, "maximum": 4}


def upscale(house: House, call: Call) -> Any:
    """A job for the body's photo."""
    return queued(house, call, "upscale", {"scale": call.values["scale"]})


def upscale_photo(house: House, call: Call) -> Any:
    """A job for a photo of the gallery."""
    return queued_of_gallery(house, call, "upscale", {"scale": call.json["scale"]})


OPERATIONS = (
    Operation(
        "POST",
        "/api/upscale",
        upscale,
        "Enlarge the photo that is sent",
        WORK,
        parameters=(Parameter("scale", SCALE, "so many times as wide and high", default=2),),
        body="photo",
    ),
    Operation(
        "POST",
        "/api/photos/{photo}/upscale",
        upscale_photo,
        "Enlarge a photo of the gallery; nothing is stored beside it yet",
        WORK,
        parameters=(path_id("photo", "the photo"),),
        body={"type": "object", "properties": {"scale": SCALE}, "required": ["scale"]},
    ),
)
