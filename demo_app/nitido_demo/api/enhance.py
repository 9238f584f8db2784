"""Enhancing: of a photo that is sent, or of one in the gallery."""

from __future__ import annotations

from typing import Any

import nitido
from nitido.photo.formats import HEAD, recognise
from nitido_demo.answers import as_json
from nitido_demo.house import House
from nitido_demo.operations import Answer, Call, Operation, Parameter, path_id
from nitido_demo.uploads import saving_suffix

FACTORS = ("deblur", "denoise", "deartifact", "desaturate")
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
STRENGTHS = {"type": "object", "properties": dict.fromkeys(FACTORS, SHARE)}
JOB = {
    "type": "object",
    "required": ["id", "kind", "state", "progress", "message"],
    "properties": {
        "id": {"type": "string"},
        "kind": {"type": "string"},
        "photo": {"type": ["string", "null"]},
        "state": {"type": "string", "enum": ["waiting", "running", "done", "failed", "cancelled"]},
        "progress": {"type": "number"},
        "message": {"type": "string"},
        "options": {"type": "object"},
        "details": {"type": "object"},
        "result": {"type": ["string", "null"]},
    },
}
WORK = Answer("the job that does it", 202, schema=JOB)


def enhance(house: House, call: Call) -> Any:
    """A job for the body's photo."""
    chosen = {factor: call.values[factor] for factor in FACTORS if call.values[factor] is not None}
    return queued(house, call, "enhance", {"strengths": chosen or None})


def enhance_photo(house: House, call: Call) -> Any:
    """A job for a photo of the gallery."""
    house.library.path(call.values["photo"])
    job = house.jobs.add("enhance", {"strengths": call.json.get("strengths")}, photo=call.values["photo"])
    house.worker.wake()
    return as_json(job.shown(), 202)


def queued(house: House, call: Call, kind: str, options: dict[str, Any]) -> Any:
    """A job for the body's photo, whose size is looked at before anybody waits for it."""
    _check_size(house, call)
    with call.photo.open("rb") as file:
        suffix = saving_suffix(recognise(file.read(HEAD)))
    job = house.jobs.add(kind, options, upload=call.photo, suffix=suffix)
    house.worker.wake()
    return as_json(job.shown(), 202)


def _check_size(house: House, call: Call) -> None:
    """Decode an eighth: damaged and huge photos are refused at once. Raises NitidoError."""
    with house.engine.room:
        nitido.read_photo(call.photo, max_megapixels=house.engine.max_megapixels, at_least=(64, 64))


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
