"""Suite ``labels``: rows of delta labels a second, in one process and in several, and whether all agree."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from nitido_bench.suite import Row, Suite
from nitido_train.label import LabelConfig, label_folder
from nitido_train.label.plan import Engine, list_split
from nitido_train.label.run import Progress

RUNS: tuple[tuple[Engine, int], ...] = (("local", 1), ("local", 2), ("ray", 1), ("ray", 2))


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos")
    parser.add_argument("--limit", type=int, default=64, help="label this many photos (default: 64)")
    parser.add_argument("--enhancer", default="restore", help="as of python -m nitido_train.label")
    parser.add_argument("--scorer", help="as of python -m nitido_train.label")
    parser.add_argument("--side", type=int, default=LabelConfig.side)
    parser.add_argument("--photos-per-part", type=int, default=4)


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per engine and number of workers; each labels the same photos from the beginning."""
    with tempfile.TemporaryDirectory() as name:
        photos = Path(name) / "photos"
        for photo in list_split(args.photos, "all")[: args.limit]:
            link = photos / photo
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to((args.photos / photo).absolute())
        first: str | None = None
        for engine, workers in RUNS:
            config = LabelConfig(
                photos=photos,
                out=Path(name) / f"{engine}-{workers}.parquet",
                enhancer=args.enhancer,
                scorer=args.scorer,
                side=args.side,
                split="all",
                engine=engine,
                workers=workers,
                photos_per_part=args.photos_per_part,
            )
            row, content_hash = timed(config)
            first = first or content_hash
            yield {**row, "same_labels": "yes" if content_hash == first else "no"}


def timed(config: LabelConfig) -> tuple[Row, str]:
    """Label once; the steady rate leaves out the start of workers, up to the first part that is done."""
    steps: list[Progress] = []
    start = time.perf_counter()
    labels = label_folder(config, steps.append)
    seconds = time.perf_counter() - start
    begin, end = steps[0], steps[-1]
    spent = end.seconds - begin.seconds
    row: Row = {
        "engine": config.engine,
        "workers": config.workers,
        "photos": len({sample.photo for sample in labels.samples}),
        "rows": labels.header.rows,
        "seconds": round(seconds, 3),
        "rows_per_second": round(labels.header.rows / seconds, 2),
        "to_first_part": round(begin.seconds, 3),
        "steady_rows_per_second": round((end.rows - begin.rows) / spent, 2) if spent else 0.0,
    }
    return row, labels.header.content_hash


SUITE = Suite(
    name="labels",
    help="rows of delta labels a second, with one and two workers",
    arguments=arguments,
    measure=measure,
    columns=(
        ("engine", "engine", ""),
        ("workers", "workers", "d"),
        ("photos", "photos", "d"),
        ("rows", "rows", "d"),
        ("seconds", "seconds", ".0f"),
        ("rows_per_second", "rows a second", ".1f"),
        ("to_first_part", "until the first part, s", ".1f"),
        ("steady_rows_per_second", "rows a second from then on", ".1f"),
        ("same_labels", "same content hash", ""),
    ),
)
