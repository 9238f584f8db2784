"""The API's operations, one module for each part of the app; a new part is one more line here."""

from __future__ import annotations

from nitido_demo.api import (
    about,
    assess,
    benchmarks,
    blind,
    enhance,
    gallery,
    jobs,
    ratings,
    share,
    upscale,
    video,
)
from nitido_demo.operations import Operation

OPERATIONS: tuple[Operation, ...] = (
    *about.OPERATIONS,
    *assess.OPERATIONS,
    *gallery.OPERATIONS,
    *enhance.OPERATIONS,
    *upscale.OPERATIONS,
    *blind.OPERATIONS,
    *share.OPERATIONS,
    *video.OPERATIONS,
    *jobs.OPERATIONS,
    *ratings.OPERATIONS,
    *benchmarks.OPERATIONS,
)
