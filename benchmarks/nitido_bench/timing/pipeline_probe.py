"""The process in which the sdk's calls take turns with the bare sessions that they are made around."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import nitido
from nitido.bundle.manifest import RestoreTask, TriggerTask, UpscaleTask
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido_bench.bare import trigger_around
from nitido_bench.memory_probe import large_photo
from nitido_bench.parity import enhancer
from nitido_bench.timing.cases import inputs
from nitido_bench.timing.probe import answer_turns
from nitido_bench.timing.stopwatch import Step

TILED_MEGAPIXELS = 0.75


def steps(job: Mapping[str, Any]) -> dict[str, Step]:
    """Either pairs of calls, named ``what|sdk`` and ``what|bare``, or one photo in tiles, by their side."""
    make = {"overhead": _overheads, "tiles": _tiles}[job["table"]]
    return dict(make(job))


def _overheads(job: Mapping[str, Any]) -> Iterator[tuple[str, Step]]:
    """One tile through each model: as large as the sdk cuts them, so that nothing is computed twice."""
    runtime, threads = job["runtime"], job["threads"]
    for name in job["bundles"]:
        bundle = nitido.Bundle.open(name)
        task = bundle.manifest.task
        session = open_session(bundle, runtime=runtime, threads=threads)
        size = (0, 0)
        if isinstance(task, UpscaleTask):
            size = (task.tile, task.tile)
            yield f"{name}|sdk", partial(nitido.Upscaler(session, task), photo_of(*size))
        elif isinstance(task, RestoreTask):
            size = (task.tile, task.tile)
            blur = open_session(bundle, "blur", runtime=runtime, threads=threads)
            restore = nitido.Restorer(session, blur, task)
            everything = ", blur and JPEG undone first"
            for what, strength in (("", {"denoise": 1.0}), (everything, 1.0)):
                yield f"{name}{what}|sdk", partial(restore, photo_of(*size), strength)
                yield f"{name}{what}|bare", partial(session.run, inputs(bundle, session.build, size))
            continue
        elif isinstance(task, TriggerTask):
            trigger, _ = trigger_around(session, bundle, runtime, threads)
            yield f"{name}|sdk", partial(trigger, large_photo(job["megapixels"]))
        yield f"{name}|bare", partial(session.run, inputs(bundle, session.build, size))


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
