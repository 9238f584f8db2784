"""Requests that become jobs: about the photo that is sent, or about one of the gallery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

import nitido
from nitido.photo.formats import HEAD, recognise
from nitido_demo.answers import as_json
from nitido_demo.house import House
from nitido_demo.jobs import Job
from nitido_demo.operations import Answer, Call
from nitido_demo.uploads import saving_suffix

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


def queued(house: House, call: Call, kind: str, options: Mapping[str, Any]) -> Response:
    """A job for the body's photo, whose size is looked at before anybody waits for it."""
    _check_size(house, call)
    with call.upload.open("rb") as file:
        suffix = saving_suffix(recognise(file.read(HEAD)))
    return begun(house, house.jobs.add(kind, options, upload=call.upload, suffix=suffix))


def queued_of_gallery(house: House, call: Call, kind: str, options: Mapping[str, Any]) -> Response:
    """A job for the photo that the path names. Raises Refused."""
    photo = call.values["photo"]
    house.library.path(photo)
    return begun(house, house.jobs.add(kind, options, photo=photo))


def begun(house: House, job: Job) -> Response:
    """The answer about a new job, which somebody now looks for."""
    house.worker.wake()
    return as_json(job.shown(), WORK.status)


def _check_size(house: House, call: Call) -> None:
    """Decode an eighth: damaged and huge photos are refused at once. Raises NitidoError."""
    with house.engine.room:
        nitido.read_photo(call.upload, max_megapixels=house.engine.max_megapixels, at_least=(64, 64))
