"""Label a folder of photos: what an enhancer gains on crops of them, degraded at random or as they are.

    python -m nitido_train.label --photos PHOTOS --enhancer restore --scorer SCORER -o labels.parquet
    python -m nitido_train.label --photos PHOTOS --enhancer my_package.enhance:make -o labels.parquet

A run that was stopped goes on with the same command.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from nitido.errors import NitidoError
from nitido_train.label.plan import LabelConfig
from nitido_train.label.run import Progress, label_folder

_SECONDS_BETWEEN_LINES = 10.0


def main(argv: list[str] | None = None) -> int:
    """Command line; 0 when done, 1 when it failed, 2 for bad usage."""
    args = make_parser().parse_args(argv)
    shown = last = Progress(0, 0, 0, 0.0)
    start = time.perf_counter()

    def show(now: Progress) -> None:
        nonlocal shown, last
        last = now
        if now.parts == now.total or now.seconds - shown.seconds >= _SECONDS_BETWEEN_LINES:
            shown = now
            print(f"{now.parts} of {now.total} parts, {now.rate:.1f} rows/s", file=sys.stderr, flush=True)

    try:
        labels = label_folder(LabelConfig(**vars(args)), show)
    except (NitidoError, OSError) as error:
        print(f"nitido_train.label: {error}", file=sys.stderr)
        return 1
    for photo, why in labels.header.left_out.items():
        print(f"left out {photo}: {why}", file=sys.stderr)
    print(f"{args.out}: {labels.header.rows} rows of {len(labels.samples)} samples, ", end="")
    print(f"made now: {last.rows} in {time.perf_counter() - start:.1f} s, {last.rate:.1f} rows/s")
    print(f"content hash {labels.header.content_hash}")
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command line; its names are those of ``LabelConfig``."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m nitido_train.label", description=__doc__, formatter_class=form
    )
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos")
    parser.add_argument("-o", "--out", type=Path, required=True, help="Parquet file to write")
    parser.add_argument(
        "--enhancer", default=LabelConfig.enhancer, help="zoo name, bundle folder, or package.module:factory"
    )
    parser.add_argument("--upscaler", help="zoo name or bundle folder (default: sr-x2, or the factory's)")
    parser.add_argument(
        "--scorer",
        help="zoo name, bundle folder, or package.module:factory (default: only against the pristine photo)",
    )
    parser.add_argument("--samples-per-photo", type=int, default=LabelConfig.samples_per_photo)
    parser.add_argument("--side", type=int, default=LabelConfig.side, help="of the square crops, in pixels")
    parser.add_argument("--seed", type=int, default=LabelConfig.seed)
    parser.add_argument("--clean", type=float, default=LabelConfig.clean, help="share that is not degraded")
    parser.add_argument("--as-is", action="store_true", help="degrade nothing; needs a scorer")
    parser.add_argument("--split", choices=("train", "held-out", "all"), default=LabelConfig.split)
    parser.add_argument("--engine", choices=("local", "ray"), default=LabelConfig.engine)
    parser.add_argument(
        "--workers", type=int, default=LabelConfig.workers, help="processes of one thread each"
    )
    parser.add_argument("--photos-per-part", type=int, default=LabelConfig.photos_per_part)
    return parser


if __name__ == "__main__":
    sys.exit(main())
