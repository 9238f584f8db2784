"""Suite ``latency``: how long every build of the bundles takes here, and what of the machine it uses."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby

import nitido
from nitido.bundle.manifest import VideoTask
from nitido.runtime.session import usable_processors
from nitido_bench.suite import Gate, Row, Suite
from nitido_bench.timing import stopwatch
from nitido_bench.timing.cases import Size, cases
from nitido_bench.timing.operations import operations
from nitido_bench.timing.probe import launch
from nitido_bench.timing.rows import named, peak, started, timed
from nitido_bench.timing.stopwatch import Effort

FULL, QUICK = Effort(launches=5, rounds=5), Effort(launches=5, rounds=12, turn=0.03)
QUICK_BUNDLES, QUICK_SIZE = ("sr-x2", "trigger"), (96, 96)


def size(text: str) -> Size:
    """Height and width from ``256x144``, width first."""
    width, height = text.split("x")
    return int(height), int(width)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    everywhere = sorted({1, usable_processors()})
    parser.add_argument("--bundle", nargs="+", help="by zoo name or folder (default: all of the zoo)")
    parser.add_argument(
        "--target", nargs="+", help="builds, as in onnx-fp32 (default: all of ONNX Runtime and LiteRT)"
    )
    parser.add_argument("--device", nargs="+", default=["cpu"], help="as the sdk names them (default: cpu)")
    parser.add_argument(
        "--threads", type=int, nargs="+", default=everywhere, help="(default: 1 and all processors)"
    )
    parser.add_argument(
        "--size", type=size, nargs="+", help="WIDTHxHEIGHT, where a network's sides vary (default: 256x256)"
    )
    parser.add_argument(
        "--sustain", type=float, help="seconds without a pause, to see a drift (default: 5; --quick: none)"
    )
    parser.add_argument(
        "--slow", type=float, default=0.0, help="plant a slowdown, to see compare find it: 0.1 is 10 %%"
    )
    stopwatch.arguments(parser, FULL, QUICK)


def of_photos() -> list[str]:
    """The zoo's bundles for photos; the suite ``video`` times those for video, in whole frames."""
    tasks = {name: nitido.Bundle.open(name).manifest.task for name in nitido.zoo.names()}
    return [name for name, task in tasks.items() if not isinstance(task, VideoTask)]


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """Per number of threads: its cases, the peak that their share is of, and their operations."""
    bundles = args.bundle or (QUICK_BUNDLES if args.quick else of_photos())
    sizes = args.size or [QUICK_SIZE if args.quick else (256, 256)]
    sustain = (0.0 if args.quick else 5.0) if args.sustain is None else args.sustain
    effort = stopwatch.effort(args)
    chosen = sorted(
        cases(bundles, args.target, args.device, args.threads, sizes), key=lambda case: case.threads
    )
    for threads, group in groupby(chosen, key=lambda case: case.threads):
        now, load = list(group), round(os.getloadavg()[0], 2)
        job = {"cases": [asdict(case) for case in now], "threads": threads, "slow": args.slow}
        turns = launch("nitido_bench.timing.turns_probe", job, effort)
        peaks = peak(turns)
        for number, case in enumerate(now):
            yield {
                "table": "latency",
                **named(case),
                **timed(case, turns[str(number)], turns, peaks),
                "launches": effort.launches,
                "warm_up": effort.warm_up,
                "load_average": load,
                **started(case, sustain),
            }
        yield {"table": "peak", "threads": threads, **peaks}
        if not args.quick:
            for case in now:
                yield from operations(case)


SUITE = Suite(
    name="latency",
    help="load time, latency, drift, memory, GFLOP/s and operations of builds on this machine",
    arguments=arguments,
    measure=measure,
    columns=(
        ("model", "model", ""),
        ("graph", "graph", ""),
        ("target", "build", ""),
        ("device", "device", ""),
        ("threads", "threads", "d"),
        ("size", "input", ""),
        ("samples", "runs", "d"),
        ("median_ms", "median, ms", ".2f"),
        ("iqr_ms", "IQR", ".2f"),
        ("p90_ms", "p90", ".2f"),
        ("p99_ms", "p99", ".2f"),
        ("gflops", "GFLOP/s", ".0f"),
        ("of_peak", "of peak", ".0%"),
        ("relative", "times a convolution", ".2f"),
        ("relative_low", "from", ".2f"),
        ("relative_high", "to", ".2f"),
        ("drift", "drift", "+.1%"),
        ("load_ms", "load, ms", ".0f"),
        ("first_ms", "first run", ".1f"),
        ("model_mb", "memory, MB", ".0f"),
        ("matrix_product_gflops", "matrix product, GFLOP/s", ".0f"),
        ("convolution_gflops", "convolution, GFLOP/s", ".0f"),
        ("operation", "operation", ""),
        ("calls", "calls", "d"),
        ("ms_per_run", "ms a run", ".2f"),
        ("share", "share", ".1%"),
    ),
    keys=("table", "model", "graph", "target", "device", "threads", "size"),
    gates=(Gate("relative", "lower", 0.05, ("relative_low", "relative_high"), ratio=True),),
)
