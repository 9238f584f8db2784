"""Suite ``pipeline``: what a whole photo costs, step by step, and what the sdk adds to the bare networks."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from PIL import Image

import nitido
from nitido_bench.memory_probe import large_photo
from nitido_bench.suite import Gate, Row, Suite
from nitido_bench.timing import stopwatch
from nitido_bench.timing.probe import launch
from nitido_bench.timing.spread import Ratio, ratio, spread
from nitido_bench.timing.stopwatch import Effort

FULL, QUICK = Effort(launches=5, rounds=5), Effort(launches=3, rounds=3, turn=0.03)
GOAL = 0.05
"""The sdk may add so much to the time of a bare session."""
SIDES = (1280, 512, 256, 128)
"""Of tiles; the first holds the photo whole."""
_PROBE = "nitido_bench.timing.pipeline_probe"
_FORCED = -100.0
"""A threshold that every score reaches."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--megapixels", type=float, help="of the JPEG (default: 12; --quick: 1)")
    parser.add_argument("--runs", type=int, default=3, help="over the whole photo (default: 3)")
    parser.add_argument(
        "--bundle",
        nargs="+",
        default=["trigger", "restore", "sr-x2"],
        help="(default: trigger restore sr-x2)",
    )
    parser.add_argument("--runtime", default="onnx", help="onnx or litert (default: onnx)")
    parser.add_argument("--threads", type=int, help="(default: all processors)")
    stopwatch.arguments(parser, FULL, QUICK)


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """The steps of one photo, the sdk against bare sessions, tiles against one piece."""
    megapixels = args.megapixels or (1.0 if args.quick else 12.0)
    yield from steps_of_a_photo(megapixels, args.runs, args.runtime, args.threads)
    common = {"runtime": args.runtime, "threads": args.threads}
    yield from overheads(args.bundle, megapixels, common, stopwatch.effort(args))
    yield from tiles(common, stopwatch.effort(args))


def steps_of_a_photo(megapixels: float, runs: int, runtime: str, threads: int | None) -> Iterator[Row]:
    """A JPEG from file to file, enhanced whatever the trigger says; after one run that does not count."""
    enhancer = nitido.Enhancer.open(threshold=_FORCED, runtime=runtime, threads=threads)
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder) / "photo.jpg", Path(folder) / "better.jpg"
        Image.fromarray(large_photo(megapixels)).save(source, quality=92)
        outcomes = [enhancer.file(source, result, overwrite=True, again=True) for _ in range(runs + 1)][1:]
    steps = {name: median(outcome.timings[name] for outcome in outcomes) for name in outcomes[0].timings}
    total = sum(steps.values())
    for name, seconds in {**steps, "all": total}.items():
        yield {
            "table": "steps",
            "step": name,
            "megapixels": megapixels,
            "runs": runs,
            "median_ms": round(1000 * seconds, 1),
            "share": round(seconds / total, 4),
        }


def overheads(
    bundles: list[str], megapixels: float, common: dict[str, object], effort: Effort
) -> Iterator[Row]:
    """The same pixels through the sdk and, as tensors, through the bare session."""
    job = {"table": "overhead", "bundles": bundles, "megapixels": megapixels, **common}
    turns = launch(_PROBE, job, effort)
    for name in turns:
        what, side = name.split("|")
        if side == "sdk":
            sdk, bare = turns[name], turns[f"{what}|bare"]
            times = ratio(sdk, bare)
            row: Row = {
                "table": "overhead",
                "call": what,
                "warm_up": effort.warm_up,
                **spread(sdk),
                "bare_ms": spread(bare)["median_ms"],
                **times.row("ratio"),
                "overhead": round(times.value - 1, 4),
            }
            if what in bundles:  # not where the sdk computes more than the network
                row["goal"] = verdict(times)
            yield row


def verdict(times: Ratio) -> str:
    """Whether the sdk stays within its goal, as far as the interval tells."""
    if times.high <= 1 + GOAL:
        return "met"
    return "missed" if times.low > 1 + GOAL else "unclear"


def tiles(common: dict[str, object], effort: Effort, bundle: str = "sr-x2") -> Iterator[Row]:
    """One photo in tiles of several sides, against one piece."""
    job = {"table": "tiles", "bundle": bundle, "sides": SIDES, **common}
    turns = launch(_PROBE, job, effort)
    for side in SIDES:
        own = turns[str(side)]
        yield {
            "table": "tiles",
            "model": bundle,
            "tile": side,
            "warm_up": effort.warm_up,
            **spread(own),
            **ratio(own, turns[str(SIDES[0])]).row("ratio"),
        }


SUITE = Suite(
    name="pipeline",
    help="a photo from file to file by steps, the sdk against bare sessions, tiles against one piece",
    arguments=arguments,
    measure=measure,
    columns=(
        ("step", "step", ""),
        ("call", "call", ""),
        ("model", "model", ""),
        ("tile", "tiles of", "d"),
        ("megapixels", "megapixels", "g"),
        ("runs", "runs", "d"),
        ("samples", "runs", "d"),
        ("median_ms", "median, ms", ".1f"),
        ("iqr_ms", "IQR", ".1f"),
        ("share", "share", ".1%"),
        ("bare_ms", "bare session, ms", ".1f"),
        ("overhead", "added", "+.1%"),
        ("ratio", "ratio", ".3f"),
        ("ratio_low", "from", ".3f"),
        ("ratio_high", "to", ".3f"),
        ("goal", "goal: at most 5 %", ""),
    ),
    keys=("table", "call", "model", "tile"),
    gates=(Gate("ratio", "lower", 0.05, ("ratio_low", "ratio_high"), ratio=True),),
)
