"""What was measured of cases, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from statistics import median

import nitido
from nitido_bench.suite import Row
from nitido_bench.timing import yardstick
from nitido_bench.timing.cases import Case
from nitido_bench.timing.probe import ask
from nitido_bench.timing.spread import drift, ratio, seconds, spread
from nitido_bench.timing.stopwatch import Turns
from nitido_bench.timing.work import flops

STARTS = 3
"""Fresh processes per case that only open it and run it once."""


def named(case: Case) -> Row:
    """What tells a case from others."""
    return {
        "model": nitido.Bundle.open(case.bundle).manifest.name,
        "graph": case.graph,
        "target": case.target,
        "device": case.device,
        "threads": case.threads,
        "size": case.size,
    }


def peak(turns: Mapping[str, Turns]) -> Row:
    """GFLOP/s of the yardsticks."""
    return {
        f"{name.replace(' ', '_')}_gflops": round(work / _median(turns[name]) / 1e9, 1)
        for name, work in yardstick.FLOPS.items()
    }


def timed(case: Case, own: Turns, turns: Mapping[str, Turns], peaks: Row) -> Row:
    """A case's times, what it computes in them, and its multiple of the convolution's time."""
    row = spread(own)
    work = flops(nitido.Bundle.open(case.bundle), case.graph, (case.height, case.width))
    if work:
        speed = work / _median(own) / 1e9
        row |= {"gflop": round(work / 1e9, 4), "gflops": round(speed, 1)}
        if "-fp" in case.target:  # the peak is one of floats
            row["of_peak"] = round(speed / max(float(value) for value in peaks.values()), 4)
    return row | ratio(own, turns[yardstick.CONVOLUTION]).row("relative")


def started(case: Case, sustain: float) -> Row:
    """Medians of fresh processes: loading, the first run, memory; the last of them runs on for a drift."""
    answers = [
        ask(
            "nitido_bench.timing.start_probe",
            {"case": asdict(case), "sustain": sustain if number == STARTS - 1 else 0},
        )
        for number in range(STARTS)
    ]
    row: Row = {
        "load_ms": round(1000 * median(answer["load"] for answer in answers), 1),
        "first_ms": round(1000 * median(answer["first"] for answer in answers), 2),
        "model_mb": round(median(answer["model_mb"] for answer in answers), 1),
        "peak_mb": round(median(answer["peak_mb"] for answer in answers), 1),
    }
    if runs := answers[-1]["runs"]:
        row["drift"] = round(drift(runs), 4)
    return row


def _median(turns: Turns) -> float:
    return median(seconds(turns))
