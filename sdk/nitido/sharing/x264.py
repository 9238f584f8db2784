"""A few frames through libx264 and back, in memory: to see what becomes of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido.clips import Planes
from nitido.clips.pyav import pyav

Plane = NDArray[np.uint8]


def through_x264(frames: Sequence[Planes], crf: int, preset: str = "medium") -> tuple[list[Plane], int]:
    """Decoded luma, and bytes of the stream."""
    av = pyav()
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="h264") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
        stream.options = {"crf": str(crf), "preset": preset, "threads": "1"}  # the same at every run
        for number, planes in enumerate(frames):
            frame = planes.to_frame()
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    size = buffer.tell()
    buffer.seek(0)
    with av.open(buffer, "r", format="h264") as coded:
        return [Planes.of_frame(frame).y.copy() for frame in coded.decode(video=0)], size
