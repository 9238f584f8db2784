"""ONNX Runtime's tool ``onnxruntime_perf_test``: how it is called, and what its output says."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nitido_bench.errors import OutputUnknown
from nitido_bench.suite import Row

ACCELERATORS = ("cpu", "xnnpack", "nnapi", "qnn", "coreml")
"""Execution providers, by the tool's own names."""
_NUMBER = r"([\d.]+(?:e[+-]?\d+)?)"
_FIGURES: Mapping[str, tuple[str, float]] = {
    "load_ms": (rf"Session creation time cost:\s*{_NUMBER} s", 1000),
    "first_ms": (rf"First inference time cost:\s*{_NUMBER} ms", 1),
    "mean_ms": (rf"Average (?:inference )?time cost(?: total)?:\s*{_NUMBER} ms", 1),
    "min_ms": (rf"Min Latency(?: is|:)\s*{_NUMBER} s", 1000),
    "max_ms": (rf"Max Latency(?: is|:)\s*{_NUMBER} s", 1000),
    "median_ms": (rf"P50 Latency(?: is|:)\s*{_NUMBER} s", 1000),
    "p90_ms": (rf"P90 Latency(?: is|:)\s*{_NUMBER} s", 1000),
    "p95_ms": (rf"P95 Latency(?: is|:)\s*{_NUMBER} s", 1000),
    "p99_ms": (rf"P99 Latency(?: is|:)\s*{_NUMBER} s", 1000),
    "memory_mb": (rf"Peak working set size:\s*{_NUMBER} bytes", 1e-6),
}
"""Columns: what the tool calls them, and how many of the column's units its unit is."""
_RUNS = re.compile(r"(?:Total inference requests|Total iterations):\s*(\d+)")


def command(
    tool: str, model: str, accelerator: str, threads: int, runs: int, free: Mapping[str, int]
) -> list[str]:
    """The words to run on random inputs; ``free`` fixes the sides that a graph leaves open, by name."""
    sides = [word for name, side in free.items() for word in ("-f", f"{name}:{side}")]
    return [
        tool,
        "-e",
        accelerator,
        "-m",
        "times",
        "-r",
        str(runs),
        "-x",
        str(threads),
        "-s",
        "-I",
        *sides,
        model,
    ]


def read(output: str) -> Row:
    """Columns of the suite ``devices``. Raises OutputUnknown."""
    row: Row = {}
    for name, (pattern, factor) in _FIGURES.items():
        if found := re.search(pattern, output):
            row[name] = round(float(found[1]) * factor, 4)
    runs = _RUNS.search(output)
    if "mean_ms" not in row or runs is None:
        raise OutputUnknown(
            "expected onnxruntime_perf_test to print 'Average inference time cost' and how many requests, "
            f"got: {output.strip()[-300:] or 'nothing'}; use a version of the tool from 2020 or later"
        )
    return {"runs": int(runs[1]), **row}
