"""Enhancing: of a photo that is sent, or of one in the gallery."""

from __future__ import annotations

from typing import Any

from nitido_demo.house import House
from nitido_demo.operations import Call, Operation, Parameter, path_id
from nitido_demo.queueing import WORK, queued, queued_of_gallery

FACTORS = ("deblur", "denoise", "deartifact", "desaturate")
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
STRENGTHS = {"type": "object", "properties": dict.fromkeys(FACTORS, SHARE)}


def enhance(house: House, call: Call) -> Any:
    """A job for the body's photo."""
    chosen = {factor: call.values[factor] for factor in FACTORS if call.values[factor] is not None}
    return queued(house, call, "enhance", {"strengths": chosen or None})


def enhance_photo(house: House, call: Call) -> Any:
    """A job for a photo of the gallery."""
    return queued_of_gallery(house, call, "enhance", {"strengths": call.json.get("strengths")})


OPERATIONS = (
    Operation(
        "POST",
        "/api/enhance",
        enhance,
        "Enhance the photo that is sent: as the trigger finds, or by the strengths given",
        WORK,
        parameters=tuple(
            Parameter(factor, SHARE, "how much of it to remove; without any, the trigger decides")
            for factor in FACTORS
        ),
        body="photo",
    ),
    Operation(
        "POST",
        "/api/photos/{photo}/enhance",
        enhance_photo,
        "Enhance a photo of the gallery; nothing is stored beside it yet",
        WORK,
        parameters=(path_id("photo", "the photo"),),
        body={"type": "object", "properties": {"strengths": STRENGTHS}},
    ),
)
