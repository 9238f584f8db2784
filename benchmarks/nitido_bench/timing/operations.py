"""Which operations a graph spends its time in, by ONNX Runtime's own profiler."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nitido
from nitido.runtime.exact import exactness
from nitido_bench.suite import Row
from nitido_bench.timing.cases import Case
from nitido_bench.timing.rows import named

_WARM_UP, _RUNS = 3, 10


def operations(case: Case) -> Iterator[Row]:
    """A row per kind of operation of an ONNX build, slowest first; of other builds none.

    LiteRT's wheel does not hand out its profiler; its tool ``benchmark_model`` does, which the suite
    ``devices`` drives and reads.
    """
    if case.target.startswith("onnx"):
        yield from summed(_profile(case), case)


def _profile(case: Case) -> list[dict[str, Any]]:
    """The events of a profiled session, which is opened as the sdk opens its own."""
    import onnxruntime  # type: ignore[import-untyped]

    _, inputs = case.open()
    bundle = nitido.Bundle.open(case.bundle)
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = case.threads, 1
        options.add_session_config_entry("session.x64quantprecision", exactness())
        options.enable_profiling, options.profile_file_prefix = True, str(Path(folder) / "profile")
        file = bundle.path(bundle.select(case.graph, case.target))
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        for _ in range(_WARM_UP + _RUNS):
            session.run(None, inputs)
        events: list[dict[str, Any]] = json.loads(Path(session.end_profiling()).read_text())
    return events


def summed(events: Sequence[dict[str, Any]], case: Case) -> list[Row]:
    """Events of all runs as milliseconds a run by kind, without the runs that warmed up."""
    nodes = [e for e in events if e.get("cat") == "Node" and str(e["name"]).endswith("_kernel_time")]
    runs = sorted(e["ts"] for e in events if e.get("name") == "model_run")
    counted = [e for e in nodes if len(runs) <= _WARM_UP or e["ts"] >= runs[_WARM_UP]]
    count = max(1, len(runs) - _WARM_UP)
    kinds: dict[str, list[float]] = {}
    for event in counted:
        kinds.setdefault(event["args"]["op_name"], []).append(event["dur"] / 1000)
    total = sum(map(sum, kinds.values()))
    return [
        {
            "table": "operations",
            **named(case),
            "operation": kind,
            "calls": len(times) // count,
            "ms_per_run": round(sum(times) / count, 3),
            "share": round(sum(times) / total, 4),
        }
        for kind, times in sorted(kinds.items(), key=lambda item: -sum(item[1]))
    ]
