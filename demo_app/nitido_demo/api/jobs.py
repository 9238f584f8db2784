"""Jobs: how far they are, what they made, and news of all of them."""

from __future__ import annotations

import mimetypes
from typing import Any

from starlette.responses import Response, StreamingResponse

from nitido_demo.api.gallery import JPEG, SIDE
from nitido_demo.clip_location import clip_without_location
from nitido_demo.house import House
from nitido_demo.location import without_location
from nitido_demo.operations import Answer, Call, Operation, Parameter, path_id
from nitido_demo.queueing import JOB

ID = path_id("job", "the job")


def jobs(house: House, call: Call) -> dict[str, Any]:
    """The newest jobs."""
    return {"jobs": [job.shown() for job in house.jobs.recent(call.values["limit"])]}


def job(house: House, call: Call) -> dict[str, Any]:
    """One job."""
    return house.jobs.get(call.values["job"]).shown()


def cancel(house: House, call: Call) -> dict[str, Any]:
    """Stop a job."""
    return house.jobs.cancel(call.values["job"]).shown()


def result(house: House, call: Call) -> Response:
    """The file that a job made, without the place where the photo was made unless that is asked for."""
    file = house.jobs.result(call.values["job"])
    bare = clip_without_location if file.suffix == ".mp4" else without_location
    with house.engine.room:
        data = file.read_bytes() if call.values["location"] == "keep" else bare(file)
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    name = f"nitido-{call.values['job']}{file.suffix}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(data, headers=headers, media_type=kind)


def result_picture(house: House, call: Call) -> Response:
    """A picture of what a job made."""
    data = house.pictures.of(house.jobs.result(call.values["job"]), call.values["side"])
    return Response(data, headers={"cache-control": "private, max-age=3600"}, media_type="image/jpeg")


async def events(house: House, call: Call) -> Response:
    """News until one of both goes."""
    return StreamingResponse(
        house.events.listen(),
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        media_type="text/event-stream",
    )


OPERATIONS = (
    Operation(
        "GET",
        "/api/jobs",
        jobs,
        "The newest jobs",
        Answer("jobs, newest first", schema={"type": "object"}),
        parameters=(
            Parameter(
                "limit", {"type": "integer", "minimum": 1, "maximum": 500}, "at most so many", default=50
            ),
        ),
    ),
    Operation("GET", "/api/jobs/{job}", job, "One job", Answer("the job", schema=JOB), parameters=(ID,)),
    Operation(
        "DELETE",
        "/api/jobs/{job}",
        cancel,
        "Stop a job that waits or runs",
        Answer("the job", schema=JOB),
        parameters=(ID,),
        refusals=(409,),
    ),
    Operation(
        "GET",
        "/api/jobs/{job}/result",
        result,
        "The photo or clip that a job made",
        Answer("the file", schema={"type": "string", "format": "binary"}, type="*/*"),
        parameters=(
            ID,
            Parameter(
                "location",
                {"type": "string", "enum": ["remove", "keep"]},
                "whether the file may say where the photo was made",
                default="remove",
            ),
        ),
        refusals=(409,),
    ),
    Operation(
        "GET",
        "/api/jobs/{job}/picture",
        result_picture,
        "A picture of what a job made",
        JPEG,
        parameters=(ID, SIDE),
        refusals=(409, 413, 415),
    ),
    Operation(
        "GET",
        "/api/events",
        events,
        "News of jobs and of the scan, as server-sent events that do not end",
        Answer("events 'job' and 'scan'", schema={"type": "string"}, type="text/event-stream"),
    ),
)
