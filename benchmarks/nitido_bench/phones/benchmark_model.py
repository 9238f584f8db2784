"""LiteRT's tool ``benchmark_model``: how it is called, and what its output says."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nitido_bench.errors import OutputUnknown
from nitido_bench.suite import Row

ACCELERATORS = {"cpu": [], "gpu": ["--use_gpu=true"], "nnapi": ["--use_nnapi=true"]}
_NUMBER = r"([\d.]+(?:e[+-]?\d+)?)"
_TIMINGS = re.compile(
    rf"Inference timings in us: Init: {_NUMBER}, First inference: {_NUMBER}, "
    rf"Warmup \(avg\): {_NUMBER}, Inference \(avg\): {_NUMBER}"
)
_COUNTS = re.compile(rf"count=(\d+)(?: first={_NUMBER})? curr=.*")
_MEMORY = re.compile(rf"(?:Memory footprint delta|Peak memory footprint).*\(MB\):.*overall={_NUMBER}")
_KIND = re.compile(r"^\s*(\S.*?)\s+(\d+)\s+([\d.]+)\s+([\d.]+)%\s+[\d.]+%\s+[\d.]+\s+(\d+)\s*$")
_SUMMARY = "Summary by node type"
_REGULAR = "Regular Benchmark Runs"


def command(tool: str, model: str, accelerator: str, threads: int, runs: int, profile: bool) -> list[str]:
    """The words to run; ``profile`` adds the time of each operation, and slows the rest."""
    return [
        tool,
        f"--graph={model}",
        f"--num_threads={threads}",
        f"--num_runs={runs}",
        "--report_peak_memory_footprint=true",
        *ACCELERATORS[accelerator],
        *(["--enable_op_profiling=true"] if profile else []),
    ]


def read(output: str) -> Row:
    """Columns of the suite ``devices``. Raises OutputUnknown."""
    timings, counts = _TIMINGS.search(output), list(_COUNTS.finditer(output))
    if timings is None or not counts:
        raise OutputUnknown(
            "expected benchmark_model to print 'Inference timings in us: Init: ..., First inference: ...', "
            f"got: {output.strip()[-300:] or 'nothing'}; use a version of the tool from 2021 or later"
        )
    last = counts[-1]
    row: Row = {
        "runs": int(last[1]),
        "load_ms": float(timings[1]) / 1000,
        "first_ms": float(timings[2]) / 1000,
        "mean_ms": float(timings[4]) / 1000,
    }
    for name in ("median", "p95", "min", "max", "std"):  # medians came with later versions
        if found := re.search(rf"\b{name}={_NUMBER}", last[0]):
            row[f"{name}_ms"] = float(found[1]) / 1000
    if memory := _MEMORY.search(output):
        row["memory_mb"] = float(memory[1])
    return row


def operations(output: str) -> list[Row]:
    """The summary by kind of operation of a profiled run; empty where the output has none."""
    regular = output[output.rfind(_REGULAR) :] if _REGULAR in output else output
    if _SUMMARY not in regular:
        return []
    lines = regular[regular.rfind(_SUMMARY) :].splitlines()[2:]
    return [_operation(found) for found in _leading(lines)]


def _leading(lines: Sequence[str]) -> list[re.Match[str]]:
    """The rows of a table, up to the first line that is none."""
    rows: list[re.Match[str]] = []
    for line in lines:
        found = _KIND.match(line)
        if found is None:
            break
        rows.append(found)
    return rows


def _operation(found: re.Match[str]) -> Row:
    return {
        "operation": found[1],
        "calls": int(found[2]),
        "ms_per_run": float(found[3]),
        "share": round(float(found[4]) / 100, 5),
    }
