"""Blind upscaling: the kernel is found, or painted over with strokes, then the photo is enlarged by it."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from nitido_demo.brush import STROKES, strokes_in, strokes_of
from nitido_demo.errors import Refused
from nitido_demo.house import House
from nitido_demo.making import KERNEL
from nitido_demo.operations import Answer, Call, Operation, Parameter, path_id
from nitido_demo.queueing import WORK, queued, queued_of_gallery

SCALE = {"type": "number", "minimum": 1, "maximum": 4}
VARYING = {"type": "boolean"}


def blind(house: House, call: Call) -> Any:
    """A job for the body's photo."""
    values = call.values
    options = _options(house, values["scale"], strokes_in(values["strokes"]), values["varying"])
    return queued(house, call, "blind", options)


def blind_photo(house: House, call: Call) -> Any:
    """A job for a photo of the gallery."""
    strokes = call.json.get("strokes", [])
    strokes_of(strokes)
    options = _options(house, call.json["scale"], strokes, call.json.get("varying", False))
    return queued_of_gallery(house, call, "blind", options)


def kernel(house: House, call: Call) -> Response:
    """The picture of the kernel."""
    file = house.jobs.result(call.values["job"]).with_name(KERNEL)
    if not file.is_file():
        raise Refused(409, "expected a job that found a kernel, got another one; upscale the photo blindly")
    return Response(file.read_bytes(), headers={"cache-control": "no-store"}, media_type="image/png")


def _options(house: House, scale: float, strokes: list[Any], varying: bool) -> dict[str, Any]:
    """What a job is told, where there is a network for it. Raises Refused."""
    scales = house.engine.blind_scales()
    if not scales:
        raise Refused(
            409,
            "expected a network for blind upscaling, this installation has none; "
            "docs/blind-upscaling.md says how to train one",
        )
    if scale > max(scales):
        raise Refused(
            409, f"expected to enlarge blindly at most {max(scales)} times, got {scale:g}; ask for less"
        )
    return {"scale": scale, "strokes": strokes, "varying": varying}


OPERATIONS = (
    Operation(
        "POST",
        "/api/blind",
        blind,
        "Enlarge the photo that is sent, which was made small in an unknown way",
        WORK,
        parameters=(
            Parameter("scale", SCALE, "so many times as wide and high", default=2),
            Parameter(
                "strokes",
                {"type": "string", "maxLength": 30_000},
                "where the kernel is wider or narrower: a brush file, as 'nitido upscale --brush' takes it",
                default='{"strokes": []}',
            ),
            Parameter("varying", VARYING, "find a kernel for each region", default=False),
        ),
        body="photo",
        refusals=(409,),
    ),
    Operation(
        "POST",
        "/api/photos/{photo}/blind",
        blind_photo,
        "Enlarge a photo of the gallery blindly; nothing is stored beside it yet",
        WORK,
        parameters=(path_id("photo", "the photo"),),
        body={
            "type": "object",
            "properties": {"scale": SCALE, "strokes": STROKES, "varying": VARYING},
            "required": ["scale"],
        },
        refusals=(409,),
    ),
    Operation(
        "GET",
        "/api/jobs/{job}/kernel",
        kernel,
        "A picture of the kernel that blind upscaling found",
        Answer("a PNG", schema={"type": "string", "format": "binary"}, type="image/png"),
        parameters=(path_id("job", "the job"),),
        refusals=(409,),
    ),
)
