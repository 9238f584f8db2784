"""Suite ``trigger-cost``: what it costs to ask the trigger, against decoding, one forward pass, restoring."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import nitido
from nitido_bench.suite import Row, Suite
from nitido_bench.timing.stopwatch import Effort, Step, take_turns
from nitido_bench.trigger_steps import (
    ASSESS,
    DECODE,
    FORWARD,
    TRIGGER,
    lite_step,
    middle,
    mirrored,
    trigger_steps,
)
from nitido_train.data import load_rgb

WIDTH, HEIGHT = 4000, 3000
_JPEG_QUALITY = 92

RESTORE, LITE = "restore the photo", "trigger-lite on a 640 x 480 frame, 1 thread"
FLOOR = "decode and forward pass"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--photo", type=Path, default=Path("samples/rocket_sharp.png"), help="what the large JPEG is made of"
    )
    parser.add_argument("--trigger", default="trigger", help="zoo name or bundle folder")
    parser.add_argument("--restorer", default="restore", help="zoo name or bundle folder")
    parser.add_argument("--lite", help="bundle of a trigger for preview frames, to measure that too")
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--threads", type=int, help="of all but trigger-lite (default: the runtime's own)")
    parser.add_argument("--runs", type=int, default=15, help="of each step, alternating (default: 15)")
    parser.add_argument("--restore-runs", type=int, default=3, help="of restoring (default: 3)")
    parser.add_argument(
        "--restore-megapixels",
        type=float,
        default=3.0,
        help="restore this much of the photo and scale the time by area (default: 3; 12: all of it)",
    )


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """A row per step, all timed in one process; ratios are of medians."""
    photo = mirrored(load_rgb(args.photo), HEIGHT, WIDTH)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "photo.jpg"
        Image.fromarray(photo).save(file, quality=_JPEG_QUALITY)
        steps = trigger_steps(file, args.trigger, args.runtime, args.threads)
        if args.lite is not None:
            steps[LITE] = lite_step(args.lite, args.runtime, photo)
        times = one_by_one(steps, args.runs)
    restore = nitido.Restorer.open(args.restorer, runtime=args.runtime, threads=args.threads)
    part = middle(photo, args.restore_megapixels)
    times |= one_by_one({RESTORE: lambda: restore(part)}, args.restore_runs)
    times[RESTORE] = [photo.size / part.size * seconds for seconds in times[RESTORE]]
    share = part.size / photo.size
    yield from rows(times, "" if share == 1 else f", from {share:.0%} of its area")


def one_by_one(steps: Mapping[str, Step], runs: int) -> dict[str, list[float]]:
    """Seconds of each run; the steps take turns of one run each."""
    rounds = take_turns(steps, Effort(launches=1, rounds=runs, turn=0.0))
    return {name: [seconds for turn in turns for seconds in turn] for name, turns in rounds.items()}


def rows(times: Mapping[str, Sequence[float]], remark: str) -> Iterator[Row]:
    """The table; ``remark`` says how restoring was measured."""
    floor = [decode + forward for decode, forward in zip(times[DECODE], times[FORWARD], strict=True)]
    restore = float(np.median(times[RESTORE]))
    shown = {DECODE: times[DECODE], FORWARD: times[FORWARD], FLOOR: floor, **times}
    for name, seconds in shown.items():
        low, median, high = (float(v) for v in np.percentile(seconds, [25, 50, 75]))
        row: Row = {
            "step": name + (remark if name == RESTORE else ""),
            "runs": len(seconds),
            "median_ms": round(1000 * median, 2),
            "iqr_ms": round(1000 * (high - low), 2),
        }
        if name == ASSESS:
            row["of_floor"] = round(median / float(np.median(floor)), 3)
        if name == TRIGGER:
            row["of_restoring"] = round(median / restore, 5)
        if name == LITE:
            row["frames_per_second"] = round(1 / median, 1)
        yield row


SUITE = Suite(
    name="trigger-cost",
    help="time to assess a 12-megapixel JPEG, against decoding and restoring it",
    arguments=arguments,
    measure=measure,
    columns=(
        ("step", "12-megapixel JPEG", ""),
        ("runs", "runs", "d"),
        ("median_ms", "median, ms", ".1f"),
        ("iqr_ms", "IQR", ".1f"),
        ("of_floor", "of decode and forward pass", ".2f"),
        ("of_restoring", "of restoring", ".2%"),
        ("frames_per_second", "frames a second", ".0f"),
    ),
)
