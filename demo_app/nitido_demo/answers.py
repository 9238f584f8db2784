"""The responses that are not a handler's own: JSON, refusals, files, events."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from nitido_demo.errors import Refused


def as_json(value: Any, status: int = 200) -> Response:
    """An object of this moment: no cache keeps it."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return Response(text, status, {"cache-control": "no-store"}, "application/json")


def refused(refusal: Refused) -> Response:
    """``{"error": ..., "message": ...}``."""
    answer = as_json({"error": refusal.error, "message": str(refusal)}, refusal.status)
    if refusal.retry_after is not None:
        answer.headers["retry-after"] = str(refusal.retry_after)
    if refusal.status == 401:
        answer.headers["www-authenticate"] = "Bearer"
    return answer
