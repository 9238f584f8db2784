"""Enlarging of a clip that is sent."""

from __future__ import annotations

from typing import Any

from nitido.clips import Clip
from nitido_demo.errors import Refused
from nitido_demo.house import House
from nitido_demo.live import TARGETS
from nitido_demo.operations import Call, Operation, Parameter
from nitido_demo.queueing import WORK, begun

_MOST_PIXELS = 1920 * 1920
"""Of a frame of the result."""


def video(house: House, call: Call) -> Any:
    """A job for the body's clip, whose frames are looked at before anybody waits for it. Raises Refused."""
    target = call.values["target"]
    with Clip(call.upload) as clip:
        width, height = clip.info.width, clip.info.height
    scale = target / min(width, height)
    if scale <= 1:
        raise Refused(
            422,
            f"expected a target above the clip's shorter side, got {target} for {width} x {height}; choose a "
            f"larger one",
        )
    if width * height * scale**2 > _MOST_PIXELS:
        raise Refused(413, f"expected frames like those of a screen, got {width} x {height}; crop the clip")
    return begun(house, house.jobs.add("video", {"target": target}, upload=call.upload, suffix=".clip"))


OPERATIONS = (
    Operation(
        "POST",
        "/api/video",
        video,
        "Enlarge the clip that is sent: an MP4, MOV, Matroska or WebM file becomes a larger MP4",
        WORK,
        parameters=(
            Parameter(
                "target",
                {"type": "integer", "enum": list(TARGETS)},
                "the shorter side of the result, in pixels",
                default=720,
            ),
        ),
        body="clip",
    ),
)
