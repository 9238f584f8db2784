"""Suite ``gallery``: files a second of a first scan, of an unchanged folder, and of two scans at once."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from nitido_bench.memory_probe import large_photo
from nitido_bench.suite import Row, Suite

_FOLDER_HOLDS = 500
_LARGE_MEGAPIXELS = 12.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--photos", type=int, default=10_000, help="small photos (default: 10000)")
    parser.add_argument(
        "--large", type=int, default=24, help="photos of 12 megapixels, whose decoding counts (default: 24)"
    )
    parser.add_argument(
        "--workers", type=int, nargs="+", default=(1, 2), help="decoding threads (default: 1 2)"
    )
    parser.add_argument("--runs", type=int, default=5, help="scans of the unchanged folder (default: 5)")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per scan, each from processes of their own, over photos that are made for it."""
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        small, large = place / "small", place / "large"
        make_small(small, args.photos)
        make_large(large, args.large)
        for workers in args.workers:
            for kind, folder in (("small", small), ("12 MP", large)):
                index = place / f"{kind}-{workers}.sqlite"
                yield _row(f"first, {kind}", workers, scan(folder, index, workers))
        index = place / f"small-{args.workers[0]}.sqlite"
        again = [scan(small, index, 1) for _ in range(args.runs)]
        yield _row(
            "unchanged, median", 1, sorted(again, key=lambda reports: reports[0]["seconds"])[args.runs // 2]
        )
        yield _row("two at once, small", 1, scan(small, place / "two.sqlite", 1, processes=2))


def scan(folder: Path, index: Path, workers: int, processes: int = 1) -> list[dict[str, float]]:
    """What each of some processes reports that scan a folder at the same time."""
    command = [sys.executable, "-m", "nitido_bench.gallery_probe", str(folder), str(index)]
    running = [
        subprocess.Popen(
            [*command, "--workers", str(workers)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(processes)
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    outputs = [process.communicate()[0] for process in running]
    for process in running:
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, process.args)
    return [json.loads(output) for output in outputs]


def make_small(folder: Path, count: int) -> None:
    """JPEGs of 64x48, all different, in subfolders of a realistic size."""
    rng = np.random.default_rng(0)
    for number in range(count):
        file = folder / f"{number // _FOLDER_HOLDS:03}" / f"IMG_{number:06}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        cells = rng.integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(cells.repeat(8, axis=0).repeat(8, axis=1)).save(file)


def make_large(folder: Path, count: int) -> None:
    """JPEGs as a phone makes them, all different."""
    folder.mkdir(parents=True)
    pixels = large_photo(_LARGE_MEGAPIXELS)
    for number in range(count):
        Image.fromarray(np.roll(pixels, 7 * number, axis=1)).save(folder / f"IMG_{number:06}.jpg", quality=92)


def _row(name: str, workers: int, reports: list[dict[str, float]]) -> Row:
    seconds = max(report["seconds"] for report in reports)
    photos = int(reports[0]["photos"])
    return {
        "scan": name,
        "processes": len(reports),
        "workers": workers,
        "photos": photos,
        "assessed": int(sum(report["assessed"] for report in reports)),
        "seconds": seconds,
        "files_per_second": round(photos / seconds, 1),
        "peak_mb": max(report["peak_mb"] for report in reports),
    }


SUITE = Suite(
    name="gallery",
    help="files a second and memory of scanning a folder of photos, with a trigger that costs nothing",
    arguments=arguments,
    measure=measure,
    columns=(
        ("scan", "scan", ""),
        ("processes", "processes", "d"),
        ("workers", "decoding threads", "d"),
        ("photos", "photos", "d"),
        ("assessed", "assessed", "d"),
        ("seconds", "seconds", ".2f"),
        ("files_per_second", "files a second", ".0f"),
        ("peak_mb", "peak memory, MB", ".0f"),
    ),
)
