"""Benchmarks of phones: taken as the result files that nitido-bench writes, listed, and given out again."""

from __future__ import annotations

from typing import Any

from starlette.responses import FileResponse, Response

from nitido_demo.answers import as_json
from nitido_demo.house import House
from nitido_demo.operations import Answer, Call, Operation, Parameter, path_id

_TEXT = {"type": "string", "maxLength": 60}
_LINE = {"type": "string", "maxLength": 400}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 10**6}
_MILLISECONDS = {"type": "number", "minimum": 0, "maximum": 10**7}
_ROW = {
    "table": {"type": "string", "enum": ["latency"]},
    **dict.fromkeys(("model", "graph", "target", "device", "size"), _TEXT),
    **dict.fromkeys(("threads", "samples", "launches", "warm_up"), _COUNT),
    **dict.fromkeys(("median_ms", "iqr_ms", "p90_ms", "p99_ms", "load_ms", "first_ms"), _MILLISECONDS),
}
_MACHINE = {
    "cpu": _LINE,
    "cores": {"type": "integer", "minimum": 1, "maximum": 4096},
    "governor": _TEXT,
    "memory_gib": {"type": "number", "minimum": 0, "maximum": 10**5},
    "system": _TEXT,
    "python": _TEXT,
}
_RESULT = {
    "suite": {"type": "string", "enum": ["latency"]},
    "command": _LINE,
    "measured": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    "commit": _TEXT,
    "machine": {"type": "object", "properties": _MACHINE, "required": list(_MACHINE)},
    "versions": {"type": "object", "additionalProperties": _TEXT, "maxProperties": 20},
    "rows": {
        "type": "array",
        "items": {"type": "object", "properties": _ROW, "required": list(_ROW)},
        "minItems": 1,
        "maxItems": 100,
    },
    "schema": {"type": "integer", "enum": [1]},
}
RESULT = {"type": "object", "properties": _RESULT, "required": list(_RESULT)}
"""A result of the suite ``latency``: narrower than nitido-bench's schema, which knows all suites."""


def post_benchmark(house: House, call: Call) -> Response:
    """Keep a result."""
    return as_json({"id": house.benchmarks.add(call.json)}, 201)


def benchmarks(house: House, call: Call) -> dict[str, Any]:
    """The newest results."""
    return {"benchmarks": house.benchmarks.recent(call.values["limit"])}


def benchmark(house: House, call: Call) -> Response:
    """One result file."""
    file = house.benchmarks.file(call.values["benchmark"])
    return FileResponse(file, media_type="application/json", headers={"cache-control": "no-store"})


OPERATIONS = (
    Operation(
        "POST",
        "/api/benchmarks",
        post_benchmark,
        "Send what a phone measured: a result file of nitido-bench's suite 'latency'",
        Answer("the name that it is kept under", 201, schema={"type": "object"}),
        body=RESULT,
    ),
    Operation(
        "GET",
        "/api/benchmarks",
        benchmarks,
        "What phones measured, newest first",
        Answer("machines and medians", schema={"type": "object"}),
        parameters=(
            Parameter(
                "limit", {"type": "integer", "minimum": 1, "maximum": 200}, "at most so many", default=20
            ),
        ),
    ),
    Operation(
        "GET",
        "/api/benchmarks/{benchmark}",
        benchmark,
        "A result file, as nitido-bench reads it",
        Answer("the file", schema=RESULT),
        parameters=(path_id("benchmark", "the benchmark"),),
    ),
)
