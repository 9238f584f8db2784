"""The gallery: which photos are worth enhancing, their pictures, and what somebody decided about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.responses import Response

import nitido
from nitido.suggestion import Suggestion
from nitido_demo.api.assess import improvability_shown
from nitido_demo.errors import Refused
from nitido_demo.house import House
from nitido_demo.library import photo_id
from nitido_demo.operations import ID, Answer, Call, Operation, Parameter, path_id
from nitido_demo.pictures import SIDES

PHOTO = path_id("photo", "the photo")
SIDE = Parameter(
    "side", {"type": "integer", "enum": list(SIDES)}, "the longest side of the picture", default=320
)
JPEG = Answer("a JPEG without metadata", schema={"type": "string", "format": "binary"}, type="image/jpeg")
OBJECT = {"type": "object"}
DONE = Answer("done", schema=OBJECT)


def suggest(house: House, call: Call) -> dict[str, Any]:
    """The photos, the ones that gain most first, and how far the scan is."""
    versions, dismissed = house.keeping.versions(), house.keeping.dismissed()
    hidden = {photo_id(path) for path in versions.values()}
    known = house.library.photos()
    shown, seen = [], set(hidden)
    for suggestion in house.library.ranking():
        assert suggestion.path is not None  # of a gallery, not of a camera
        relative = suggestion.path.relative_to(house.library.folder)
        id_ = photo_id(relative)
        if id_ in known and id_ not in seen:
            seen.add(id_)
            shown.append(_shown(id_, relative, suggestion, id_ in versions, id_ in dismissed))
    shown += [_shown(id_, path, None, False, False) for id_, path in known.items() if id_ not in seen]
    offset, limit = call.values["offset"], call.values["limit"]
    return {
        "total": len(shown),
        "suggested": sum(bool(photo["action"]) for photo in shown),
        "scan": house.library.scan_shown(),
        "photos": shown[offset : offset + limit],
    }


def photo(house: House, call: Call) -> dict[str, Any]:
    """Everything about one photo."""
    id_ = call.values["photo"]
    path = house.library.path(id_)
    found = next((each for each in house.library.ranking() if each.path == path), None)
    job = house.jobs.latest_of(id_, "enhance")
    return {
        "id": id_,
        "name": path.name,
        "improvability": None if found is None else improvability_shown(found),
        "accepted": id_ in house.keeping.versions(),
        "dismissed": id_ in house.keeping.dismissed(),
        "job": None if job is None else job.shown(),
    }


def picture(house: House, call: Call) -> Response:
    """A picture of the original."""
    data = house.pictures.of(house.library.path(call.values["photo"]), call.values["side"])
    return Response(data, headers={"cache-control": "private, max-age=60"}, media_type="image/jpeg")


def size(house: House, call: Call) -> dict[str, Any]:
    """The sides of a photo, upright."""
    with house.engine.room:
        path = house.library.path(call.values["photo"])
        photo = nitido.read_photo(path, max_megapixels=house.engine.max_megapixels)
    return {"width": photo.width, "height": photo.height}


def scan(house: House, call: Call) -> dict[str, Any]:
    """Look through the folder again."""
    house.library.look_again()
    return {"scan": house.library.scan_shown()}


def accept(house: House, call: Call) -> dict[str, Any]:
    """Store a job's result beside the photo."""
    id_ = call.values["photo"]
    job = house.jobs.get(call.json["job"])
    if job.photo != id_ or job.kind in ("pair", "share"):
        raise Refused(409, "expected a job about this photo, got another one; enhance this photo first")
    stored = house.keeping.accept(id_, house.jobs.result(job.id))
    house.keeping.dismiss(id_, dismissed=False)
    return {"stored": stored.name}


def undo_accept(house: House, call: Call) -> dict[str, Any]:
    """Take the stored version away."""
    house.library.path(call.values["photo"])
    house.keeping.undo_accept(call.values["photo"])
    return {}


def dismiss(house: House, call: Call) -> dict[str, Any]:
    """Suggest a photo no more."""
    house.keeping.dismiss(call.values["photo"], dismissed=True)
    return {}


def undo_dismiss(house: House, call: Call) -> dict[str, Any]:
    """Suggest it again."""
    house.keeping.dismiss(call.values["photo"], dismissed=False)
    return {}


def _shown(
    id_: str, path: Path, suggestion: Suggestion | None, accepted: bool, dismissed: bool
) -> dict[str, Any]:
    found = None if suggestion is None else suggestion.improvability
    return {
        "id": id_,
        "name": path.name,
        "score": None if found is None else round(found.score, 3),
        "action": None if suggestion is None else suggestion.action,
        "reason": "" if suggestion is None else suggestion.reason,
        "crossed": [] if found is None else list(found.crossed),
        "accepted": accepted,
        "dismissed": dismissed,
    }


OPERATIONS = (
    Operation(
        "GET",
        "/api/suggest",
        suggest,
        "The gallery's photos, the ones that would gain most first, as far as the scan is",
        Answer("photos and the scan's progress", schema=OBJECT),
        parameters=(
            Parameter(
                "offset", {"type": "integer", "minimum": 0, "maximum": 10**6}, "skip so many", default=0
            ),
            Parameter(
                "limit", {"type": "integer", "minimum": 1, "maximum": 5000}, "at most so many", default=1000
            ),
        ),
    ),
    Operation("POST", "/api/scan", scan, "Look through the folder again", DONE),
    Operation(
        "GET",
        "/api/photos/{photo}",
        photo,
        "One photo: what it would gain, what was decided",
        Answer("the photo", schema=OBJECT),
        parameters=(PHOTO,),
    ),
    Operation(
        "GET",
        "/api/photos/{photo}/picture",
        picture,
        "A picture of a photo",
        JPEG,
        parameters=(PHOTO, SIDE),
        refusals=(409, 413, 415),
    ),
    Operation(
        "GET",
        "/api/photos/{photo}/size",
        size,
        "How many pixels a photo has, in which places in it are told",
        Answer("width and height, upright", schema=OBJECT),
        parameters=(PHOTO,),
        refusals=(409, 413, 415),
    ),
    Operation(
        "POST",
        "/api/photos/{photo}/version",
        accept,
        "Store the result of a job beside the photo, which stays as it is",
        DONE,
        parameters=(PHOTO,),
        body={"type": "object", "properties": {"job": ID}, "required": ["job"]},
        refusals=(409,),
    ),
    Operation(
        "DELETE",
        "/api/photos/{photo}/version",
        undo_accept,
        "Take away the version that was stored beside a photo",
        DONE,
        parameters=(PHOTO,),
        refusals=(409,),
    ),
    Operation(
        "POST",
        "/api/photos/{photo}/dismissal",
        dismiss,
        "Suggest a photo no more",
        DONE,
        parameters=(PHOTO,),
    ),
    Operation(
        "DELETE",
        "/api/photos/{photo}/dismissal",
        undo_dismiss,
        "Suggest a photo again",
        DONE,
        parameters=(PHOTO,),
    ),
)
