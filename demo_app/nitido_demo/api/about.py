"""What this server is: versions, models, limits; what the page asks first, and ``nitido.Remote`` too."""

from __future__ import annotations

from typing import Any

import nitido
from nitido_demo.house import House
from nitido_demo.models import models_shown
from nitido_demo.operations import Answer, Call, Operation
from nitido_demo.vendored import runtime_shown


def about(house: House, call: Call) -> dict[str, Any]:
    """Versions, models, limits."""
    trigger, restorer = house.engine.trigger(), house.engine.restorer
    limits = house.settings.limits
    return {
        "version": nitido.__version__,
        "trigger": {
            "id": trigger.id,
            "enhancer": trigger.enhancer_id,
            "threshold": trigger.threshold,
            "thresholds": trigger.thresholds,
            "runtime": str(trigger.info),
        },
        "restorer": {
            "id": restorer.id,
            "factors": list(restorer.factors),
            "runtime": str(restorer.info),
        },
        "blind": {"scales": list(house.engine.blind_scales())},
        "limits": {
            "upload_bytes": limits.upload_bytes,
            "megapixels": limits.megapixels,
        },
        "models": models_shown(),
        "browser_runtime": runtime_shown(),
    }


OPERATIONS = (
    Operation(
        "GET",
        "/api/about",
        about,
        "What this server is: version, models, limits",
        Answer("what the server is", schema={"type": "object"}),
    ),
)
