"""What a photo would gain: the trigger, for one photo or one frame of a camera."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import nitido
from nitido.suggestion import Policy, Suggestion
from nitido_demo.engine import TRIGGERS
from nitido_demo.house import House
from nitido_demo.operations import Answer, Call, Operation, Parameter

IMPROVABILITY = {
    "type": "object",
    "required": ["score", "factors", "recommended", "strengths", "thresholds", "crossed", "action", "reason"],
    "properties": {
        "score": {"type": "number"},
        "factors": {"type": "object", "additionalProperties": {"type": "number"}},
        "recommended": {"type": "boolean"},
        "strengths": {"type": "object", "additionalProperties": {"type": "number"}},
        "thresholds": {"type": "object", "additionalProperties": {"type": "number"}},
        "crossed": {"type": "array", "items": {"type": "string"}},
        "action": {"type": ["string", "null"]},
        "reason": {"type": "string"},
        "threshold": {"type": "number"},
        "runtime": {"type": "string"},
        "width": {"type": "integer"},
        "height": {"type": "integer"},
    },
}


def assess(house: House, call: Call) -> dict[str, Any]:
    """The improvability of the body's photo."""
    trigger = house.engine.trigger(call.values["model"])
    with house.engine.room:
        photo = nitido.read_photo(call.upload, max_megapixels=house.engine.max_megapixels)
        found = trigger(photo.pixels)
    shown = improvability_shown(Suggestion.of(found, Policy.of(trigger)))
    about = {"threshold": trigger.threshold, "runtime": str(trigger.info)}
    return {**shown, **about, "width": photo.width, "height": photo.height}


def improvability_shown(suggestion: Suggestion) -> dict[str, Any]:
    """For the page and ``nitido.Remote``."""
    found = suggestion.improvability
    return {
        **asdict(found),
        "crossed": list(found.crossed),
        "action": suggestion.action,
        "reason": suggestion.reason,
    }


OPERATIONS = (
    Operation(
        "POST",
        "/api/assess",
        assess,
        "How much a photo would gain from enhancing, and from what",
        Answer("the photo's improvability", schema=IMPROVABILITY),
        parameters=(
            Parameter(
                "model",
                {"type": "string", "enum": list(TRIGGERS)},
                "which trigger; the lite one is for frames of a camera",
                default="trigger",
            ),
        ),
        body="photo",
    ),
)
