"""A connection in simulation: bandwidth over time, a queue before it, and what a viewer then sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

STEP = 0.1
"""Seconds between the values of a trace."""
PROPAGATION = 0.04
"""Seconds that a message takes beyond its own length."""
BUFFER = 0.3
"""Seconds that a player waits before the first frame."""
_SMOOTH = 1.0
"""Seconds of smooth playing that end a stall."""

Trace = NDArray[np.float64]
"""Bits a second, one value for each ``STEP``; it starts again at its end."""


def traces(seconds: float, seed: int = 0) -> dict[str, Trace]:
    """Connections by name: as on a drive with LTE, in steps, and with outages."""
    rng = np.random.default_rng(seed)
    count = max(1, round(seconds / STEP))
    walk = np.empty(count)
    level = np.log(1.2e6)
    for index in range(count):
        level += 0.05 * (np.log(9e5) - level) + rng.normal(0, 0.22)
        walk[index] = level
    drive = np.clip(np.exp(walk), 1.2e5, 6e6)
    for start in range(int(rng.integers(30, 60)), count, 60):  # handing over from cell to cell
        drive[start : start + int(rng.integers(2, 5))] = 2e4
    levels = np.array([3.5e6, 6e5, 1.5e5, 1.2e6])
    steps = levels[np.minimum(np.arange(count) * len(levels) // count, len(levels) - 1)]
    outages = np.full(count, 2e6)
    for start in range(40, count, 60):
        outages[start : start + 3] = 0.0
        outages[start + 3 : start + 25] = 3e5
    return {"drive": drive, "steps": steps, "outages": outages}


class Link:
    """Carries messages one after another, as fast as the trace says."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._free = 0.0

    def send(self, size: int, now: float) -> float:
        """When a message of so many bytes, handed over now, has arrived."""
        time, bits = max(now, self._free), 8.0 * size
        while bits > 0:
            slot = int(time / STEP + 1e-9)
            end = (slot + 1) * STEP
            rate = float(self._trace[slot % len(self._trace)])
            carried = rate * (end - time)
            if carried >= bits:
                time += bits / rate
                break
            bits -= carried
            time = end
        self._free = time
        return time + PROPAGATION


@dataclass(frozen=True)
class Arrived:
    """A frame that reached the viewer."""

    number: int
    time: float


def stalls(arrived: Sequence[Arrived], rate: float) -> list[float]:
    """Seconds of each stall: what a player waited, with less than a second of smooth playing in between.

    The player starts ``BUFFER`` after the first frame has arrived, then plays at the camera's pace, and waits
    for whatever is late or was left out.
    """
    found: list[float] = []
    played, smooth = arrived[0].time + BUFFER, float("inf")
    for before, frame in pairwise(arrived):
        due = played + (frame.number - before.number) / rate
        now = max(frame.time, due)
        wait = now - played - 1 / rate
        if wait > 0.5 / rate:
            if smooth >= _SMOOTH or not found:
                found.append(0.0)
            found[-1] += wait
            smooth = 0.0
        else:
            smooth += now - played
        played = now
    return found


def on_screen(arrived: Sequence[Arrived], count: int, rate: float, latency: float) -> list[int | None]:
    """For each captured frame, which frame a viewer has before him ``latency`` seconds later."""
    shown: list[int | None] = []
    for number in range(count):
        there = [frame.number for frame in arrived if frame.time <= number / rate + latency]
        shown.append(max((n for n in there if n <= number), default=None))
    return shown
