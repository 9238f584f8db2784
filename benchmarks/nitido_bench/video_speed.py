"""Suite ``video-speed``: frames a second of video networks by path, and what one pass for all saves."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

import nitido
from nitido.bundle.manifest import VideoTask
from nitido.clips import Planes
from nitido.photo.model import Pixels
from nitido.runtime.session import usable_processors
from nitido_bench.suite import Gate, Row, Suite

_WARM_UP = 5
_WIDTH = 16 / 9


@dataclass(frozen=True)
class Times:
    """Of frames one after another, in milliseconds."""

    median: float
    fastest: float
    """What a machine is capable of that others use too."""
    p99: float
    processor: float
    """Median of the time that this process computed: other processes on the machine do not count."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--bundle", nargs="+", default=["video-fast"], help="zoo names or bundle folders")
    parser.add_argument(
        "--runtime", nargs="+", default=["onnx-w8a8"], help="runtimes or builds (default: onnx-w8a8)"
    )
    parser.add_argument("--threads", type=int, default=usable_processors(), help="of the runtime")
    parser.add_argument("--frames", type=int, default=120, help="timed frames of each path")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """Rows of each bundle in each runtime."""
    for name in args.bundle:
        for runtime in args.runtime:
            yield from speed(nitido.Bundle.open(name), runtime, args.threads, args.frames)


def speed(bundle: nitido.Bundle, runtime: str, threads: int, frames: int) -> Iterator[Row]:
    """One row for each path, of frames as planes and as RGB; then one for all targets of the smallest."""
    task = bundle.task(VideoTask)
    paths = [(s, (t,)) for s in task.sources for t in task.targets if t > s]
    single: dict[tuple[int, tuple[int, ...]], Times] = {}
    for source, targets in [*paths, (task.sources[0], task.targets)]:
        upscaler = nitido.VideoUpscaler.open(bundle.folder, targets=targets, runtime=runtime, threads=threads)
        pixels = _noise(source)
        planes = _timed(upscaler, Planes.of_pixels(pixels), frames)
        rgb = _timed(upscaler, pixels, frames)
        single[source, targets] = planes
        row: Row = {
            "model": bundle.manifest.name,
            "path": f"{source} to {'+'.join(map(str, targets))}",
            "target": upscaler.info.target,
            "threads": threads,
            "fps": round(1000 / planes.median, 1),
            "fastest": round(1000 / planes.fastest, 1),
            "p99": round(planes.p99 / planes.median, 2),
            "processor_ms": round(planes.processor, 1),
            "fps_rgb": round(1000 / rgb.median, 1),
        }
        if len(targets) > 1:
            apart = sum(single[source, (target,)].processor for target in targets)
            row["one_pass"] = round(planes.processor / apart, 3)
        yield row


def _timed(upscaler: nitido.VideoUpscaler, frame: Pixels | Planes, frames: int) -> Times:
    for _ in range(_WARM_UP):
        upscaler(frame)
    walls, processors = [], []
    for _ in range(frames):
        wall, processor = time.perf_counter(), time.process_time()
        upscaler(frame)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return Times(
        1000 * float(np.median(walls)),
        1000 * min(walls),
        1000 * float(np.percentile(walls, 99)),
        1000 * float(np.median(processors)),
    )


def _noise(height: int) -> Pixels:
    """A frame of 16:9: how long the network takes does not depend on what it sees."""
    width = round(height * _WIDTH)
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


SUITE = Suite(
    name="video-speed",
    help="video networks: frames a second by path, and what one pass for all targets saves",
    arguments=arguments,
    measure=measure,
    columns=(
        ("model", "model", ""),
        ("path", "path", ""),
        ("target", "build", ""),
        ("threads", "threads", "d"),
        ("fps", "frames a second", ".1f"),
        ("fastest", "of the fastest frame", ".1f"),
        ("p99", "p99 / median", ".2f"),
        ("processor_ms", "processor, ms", ".1f"),
        ("fps_rgb", "frames of RGB a second", ".1f"),
        ("one_pass", "one pass / one for each", ".2f"),
    ),
    keys=("model", "path", "target", "threads"),
    gates=(Gate("processor_ms", "lower", 0.15, ratio=True),),
)
