"""The process in which the sdk's calls take turns with the bare sessions that they are made around."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import nitido
from nitido.bundle.manifest import RestoreTask, TriggerTask, UpscaleTask
from nitido.cues import look
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido_bench.bare import trigger_around
from nitido_bench.memory_probe import large_photo
from nitido_bench.parity import enhancer
from nitido_bench.timing.cases import inputs
from nitido_bench.timing.probe import answer_turns
from nitido_bench.timing.stopwatch import Step

TILED_MEGAPIXELS = 0.75
UNDONE, MEASURED = ", blur and JPEG undone first", ", crops and cues made first"
"""What is computed beside a network is part of the model; these calls are compared with the network alone."""


def steps(job: Mapping[str, Any]) -> dict[str, Step]:
    """Either pairs of calls, named ``what|sdk`` and ``what|bare``, or one photo in tiles, by their side."""
    make = {"overhead": _overheads, "tiles": _tiles}[job["table"]]
    return dict(make(job))


def _overheads(job: Mapping[str, Any]) -> Iterator[tuple[str, Step]]:
    for name in job["bundles"]:
        for what, sdk, bare in _pairs(name, job):
            yield f"{what}|sdk", sdk
            yield f"{what}|bare", bare


def _pairs(name: str, job: Mapping[str, Any]) -> Iterator[tuple[str, Step, Step]]:
    """What is called, the call, and the bare session on tensors as large as those that the sdk makes of it.

    One tile through an enhancer, as large as the sdk cuts them, so that nothing is computed twice.
    """
    runtime, threads = job["runtime"], job["threads"]
    bundle = nitido.Bundle.open(name)
    task = bundle.manifest.task
    session = open_session(bundle, runtime=runtime, threads=threads)
    side = task.tile if isinstance(task, UpscaleTask | RestoreTask) else 0
    run = partial(session.run, inputs(bundle, session.build, (side, side)))
    if isinstance(task, UpscaleTask):
        yield name, partial(nitido.Upscaler(session, task), photo_of(side, side)), run
    elif isinstance(task, RestoreTask):
        blur = open_session(bundle, "blur", runtime=runtime, threads=threads)
        restore, photo = nitido.Restorer(session, blur, task), photo_of(side, side)
        yield name, partial(restore, photo, {"denoise": 1.0}), run
        yield f"{name}{UNDONE}", partial(restore, photo), run
    elif isinstance(task, TriggerTask):
        trigger, estimator = trigger_around(session, bundle, runtime, threads)
        photo = large_photo(job["megapixels"])
        assess = partial(trigger, photo)
        yield name, assess, partial(_in_turn, partial(look, photo, task.view, estimator), run)
        yield f"{name}{MEASURED}", assess, run


def _in_turn(*steps: Step) -> None:
    for step in steps:
        step()


def _tiles(job: Mapping[str, Any]) -> Iterator[tuple[str, Step]]:
    """One upscaler over one photo, in tiles of several sides; the first side is larger than the photo."""
    photo = large_photo(TILED_MEGAPIXELS)
    bundle = nitido.Bundle.open(job["bundle"])
    for side in job["sides"]:
        yield str(side), partial(enhancer(bundle, job["runtime"], side), photo)


def photo_of(height: int, width: int) -> Pixels:
    """The corner of a large photo."""
    return large_photo(2 * height * width * 4 / 3 / 1e6)[:height, :width].copy()


if __name__ == "__main__":
    answer_turns(steps)
