"""The process that opens one case and nothing else: time to load, first run, memory, runs without a pause."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from nitido_bench.memory_probe import MB, peak_memory
from nitido_bench.timing.cases import Case
from nitido_bench.timing.probe import answer


def start(job: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds and MB (10^6 bytes); ``runs`` has the seconds of what fits into ``sustain`` of them."""
    case = Case(**job["case"])
    with contextlib.suppress(ImportError):  # the runtime's own import is not the bundle's fault
        import_module(f"nitido.runtime.{case.target.split('-')[0]}")
    before = peak_memory()
    begin = time.perf_counter()
    session, inputs = case.open()
    loaded = time.perf_counter()
    session.run(inputs)
    first = time.perf_counter()
    peak = peak_memory()
    runs: list[float] = []
    while time.perf_counter() < first + job["sustain"]:
        run = time.perf_counter()
        session.run(inputs)
        runs.append(time.perf_counter() - run)
    return {
        "load": loaded - begin,
        "first": first - loaded,
        "peak_mb": peak / MB,
        "model_mb": (peak - before) / MB,
        "runs": runs,
    }


if __name__ == "__main__":
    answer(start)
