"""Suite ``int8-speed``: builds of 8 bits take turns with the float32 builds of their runtimes, and why."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

import nitido
from nitido.bundle.manifest import UpscaleTask
from nitido.runtime.session import usable_processors
from nitido_bench.latency import size
from nitido_bench.suite import Gate, Row, Suite
from nitido_bench.timing import stopwatch
from nitido_bench.timing.cases import Case, Size, cases
from nitido_bench.timing.operations import operations
from nitido_bench.timing.probe import launch
from nitido_bench.timing.rows import named, peak, timed
from nitido_bench.timing.spread import ratio
from nitido_bench.timing.stopwatch import Effort, Turns
from nitido_bench.timing.work import flops

FULL, QUICK = Effort(launches=5, rounds=10), Effort(launches=3, rounds=4, turn=0.03)
REFERENCES = {"onnx-w8a8": "onnx-fp32", "litert-w8a8": "litert-fp16"}
"""What a build of 8 bits is to be faster than: the float32 build of its own runtime."""
TARGETS = tuple(sorted({*REFERENCES, *REFERENCES.values()}))


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--bundle", nargs="+", help="by name or folder (default: the zoo's upscalers with 8-bit builds)"
    )
    parser.add_argument(
        "--threads", type=int, nargs="+", default=[usable_processors()], help="(default: all processors)"
    )
    parser.add_argument("--size", type=size, default=(256, 256), help="WIDTHxHEIGHT (default: 256x256)")
    stopwatch.arguments(parser, FULL, QUICK)


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """Per bundle and number of threads: the times of builds that took turns, then their operations."""
    effort = stopwatch.effort(args)
    for bundle in args.bundle or with_eight_bits():
        for threads in args.threads:
            yield from _measured(bundle, threads, args.size, effort)


def with_eight_bits() -> list[str]:
    """The zoo's upscalers that have all builds that are compared."""
    found = []
    for name in nitido.zoo.names():
        manifest = nitido.Bundle.open(name).manifest
        have = {build.target for build in manifest.builds}
        if isinstance(manifest.task, UpscaleTask) and have >= set(TARGETS):
            found.append(name)
    return found


def _measured(bundle: str, threads: int, image: Size, effort: Effort) -> Iterator[Row]:
    chosen = list(cases([bundle], TARGETS, ["cpu"], [threads], [image]))
    load = round(os.getloadavg()[0], 2)
    job = {"cases": [asdict(case) for case in chosen], "threads": threads}
    turns = launch("nitido_bench.timing.turns_probe", job, effort)
    for row in rows(chosen, turns):
        yield {**row, "launches": effort.launches, "warm_up": effort.warm_up, "load_average": load}
    for case in chosen:
        yield from with_speed(case, operations(case))


def rows(chosen: Sequence[Case], turns: Mapping[str, Turns]) -> Iterator[Row]:
    """A row for each build; ``against`` is the time of one of 8 bits over that of its reference."""
    peaks = peak(turns)
    times = {(case.graph, case.target): turns[str(number)] for number, case in enumerate(chosen)}
    for case in chosen:
        own = times[case.graph, case.target]
        row = {"table": "speed", **named(case), **timed(case, own, turns, peaks)}
        if case.target in REFERENCES:
            row |= ratio(own, times[case.graph, REFERENCES[case.target]]).row("against")
        yield row


def with_speed(case: Case, profiled: Iterator[Row]) -> Iterator[Row]:
    """Operations, those that convolve with how much they compute in a second: all of a network's work.

    It shows whether 8 bits lose their lead inside of the convolutions or between them.
    """
    work = flops(nitido.Bundle.open(case.bundle), case.graph, (case.height, case.width))
    for row in profiled:
        if work and "Conv" in str(row["operation"]):
            row["gflops"] = round(work / (float(row["ms_per_run"]) * 1e6), 1)
        yield row


SUITE = Suite(
    name="int8-speed",
    help="how fast builds of 8 bits are beside float32 in one run, and in which operations the time is",
    arguments=arguments,
    measure=measure,
    columns=(
        ("model", "model", ""),
        ("target", "build", ""),
        ("threads", "threads", "d"),
        ("size", "input", ""),
        ("samples", "runs", "d"),
        ("median_ms", "median, ms", ".2f"),
        ("iqr_ms", "IQR", ".2f"),
        ("operation", "operation", ""),
        ("calls", "calls", "d"),
        ("ms_per_run", "ms a run", ".2f"),
        ("share", "share", ".1%"),
        ("gflops", "10^9 operations/s", ".0f"),
        ("against", "times float32", ".2f"),
        ("against_low", "from", ".2f"),
        ("against_high", "to", ".2f"),
    ),
    keys=("table", "model", "target", "threads", "size", "operation"),
    gates=(Gate("against", "lower", 0.05, ("against_low", "against_high"), ratio=True),),
)
