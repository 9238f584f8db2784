"""Ratings: blinded pairs, and the table that the fine-tuning of triggers reads."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from nitido_demo.answers import as_json
from nitido_demo.api.gallery import JPEG
from nitido_demo.house import House
from nitido_demo.operations import ID, Answer, Call, Operation, Parameter, path_id
from nitido_demo.pictures import SIDES

RATER = {"type": "string", "pattern": "^[a-z0-9-]{1,32}$", "maxLength": 32}


def next_pair(house: House, call: Call) -> Any:
    """A pair, one of which is enhanced; nobody is told which."""
    rater = call.values["rater"]
    pair = house.ratings.next(rater)
    coming = house.ratings.prepare(rater)
    house.worker.wake()
    done, total = house.ratings.counted(rater)
    shown = None
    if pair is not None:
        shown = {"id": pair.id, **{
            place: f"/api/ratings/pairs/{pair.id}/{place}" for place in ("first", "second")
        }}  # fmt: skip
    return as_json({"pair": shown, "coming": coming, "rated": done, "total": total})


def pair_picture(house: House, call: Call) -> Response:
    """One picture of a pair."""
    file = house.ratings.picture(call.values["pair"], call.values["place"])
    data = house.pictures.of(file, SIDES[-1])
    return Response(data, headers={"cache-control": "no-store"}, media_type="image/jpeg")


def rate(house: House, call: Call) -> dict[str, Any]:
    """What a rater says of a pair."""
    house.ratings.rate(call.json["pair"], call.json["second_is"])
    return {}


def ratings(house: House, call: Call) -> Response:
    """The table."""
    headers = {
        "content-disposition": 'attachment; filename="ratings.csv"',
        "cache-control": "no-store",
    }
    return Response(house.ratings.csv(), headers=headers, media_type="text/csv")


OPERATIONS = (
    Operation(
        "GET",
        "/api/ratings/next",
        next_pair,
        "A pair to rate, in an order that is not told; null while none is ready",
        Answer("the pair", schema={"type": "object"}),
        parameters=(Parameter("rater", RATER, "a name that the rater goes by", default="anonymous"),),
    ),
    Operation(
        "GET",
        "/api/ratings/pairs/{pair}/{place}",
        pair_picture,
        "One picture of a pair",
        JPEG,
        parameters=(
            path_id("pair", "the pair"),
            Parameter("place", {"type": "string", "enum": ["first", "second"]}, "which", where="path"),
        ),
        refusals=(409, 413, 415),
    ),
    Operation(
        "POST",
        "/api/ratings",
        rate,
        "Rate a pair: the second against the first",
        Answer("done", schema={"type": "object"}),
        body={
            "type": "object",
            "properties": {
                "pair": ID,
                "second_is": {
                    "type": "integer",
                    "minimum": -2,
                    "maximum": 2,
                    "description": "2 much better, 1 better, 0 no difference, -1 worse, -2 much worse",
                },
            },
            "required": ["pair", "second_is"],
        },
        refusals=(404, 409),
    ),
    Operation(
        "GET",
        "/api/ratings.csv",
        ratings,
        "All ratings, as the fine-tuning of triggers reads them",
        Answer("CSV: photo, enhanced, rating, group, rater", schema={"type": "string"}, type="text/csv"),
    ),
)
