"""The process in which cases take turns with the yardsticks and with Pillow, the floor of enlarging."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from nitido_bench.timing import yardstick
from nitido_bench.timing.cases import Case
from nitido_bench.timing.probe import answer_turns
from nitido_bench.timing.stopwatch import Step


def steps(job: Mapping[str, Any]) -> dict[str, Step]:
    """``cases`` by their number, ``floors`` by the name of their filter, the yardsticks.

    ``slow`` plants a slowdown into the cases: 0.1 makes each run take 10 % longer.
    """
    slow = job.get("slow", 0.0)
    made = {str(number): slowed(case_step(Case(**case)), slow) for number, case in enumerate(job["cases"])}
    floors = {name: floor_step(name, **size) for name, size in job.get("floors", {}).items()}
    return {**made, **floors, **yardstick.steps(job["threads"])}


def case_step(case: Case) -> Step:
    """The bare session: what a network takes, without anything around it."""
    session, inputs = case.open()
    return lambda: session.run(inputs)


def slowed(step: Step, share: float) -> Step:
    """The step, and then nothing for this share of the time that it took."""
    if not share:
        return step

    def slower() -> None:
        start = time.perf_counter()
        step()
        end = time.perf_counter()
        while time.perf_counter() < end + share * (end - start):
            pass

    return slower


def floor_step(name: str, height: int, width: int, scale: int) -> Step:
    """Enlarging an RGB image by one of Pillow's filters, on one thread."""
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))
    kind, large = Image.Resampling[name], (scale * width, scale * height)
    return lambda: image.resize(large, kind)


if __name__ == "__main__":
    answer_turns(steps)
