"""``nitido share SRC -o DST --long-side N``: small files of photos that look as good as their bytes allow."""

from __future__ import annotations

import argparse
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from nitido.cli import opening
from nitido.cli.options import (
    FolderCommand,
    Subparsers,
    add_common,
    add_folder_run,
    positive_int,
    share,
    width_and_height,
)
from nitido.cli.output import Output
from nitido.cli.running import check_paths, run_work

if TYPE_CHECKING:
    from nitido.sharing.budget import FileCodec
    from nitido.sharing.downscaler import Receiver


class Args(FolderCommand):
    """The command's options."""

    to: tuple[int, int] | None
    long_side: int | None
    max_bytes: int | None
    codec: FileCodec
    quality: int
    detail: float
    receiver: Receiver


def add(commands: Subparsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "share",
        help="make small files of photos, to be sent",
        description="Make photos small and compress them, by a network that knows the codec and that someone "
        "enlarges them again. EXIF and colour profile stay. A run that was stopped goes on where it was when "
        "started again.",
    )
    add_folder_run(parser)
    sizes = parser.add_mutually_exclusive_group(required=True)
    sizes.add_argument(
        "--long-side", type=positive_int, metavar="N", help="at most so many pixels along the longer side"
    )
    sizes.add_argument("--to", type=width_and_height, metavar="WxH", help="as large as fits into WxH pixels")
    parser.add_argument(
        "--max-bytes",
        type=byte_count,
        metavar="N",
        help="budget of each file, such as 300k or 1.5M; the quality is lowered until it is met",
    )
    parser.add_argument("--codec", choices=("jpeg", "webp", "avif"), default="jpeg", help="default: jpeg")
    parser.add_argument(
        "--quality", type=positive_int, default=75, metavar="Q", help="10 to 100, at most (default: 75)"
    )
    parser.add_argument(
        "--detail",
        type=share,
        default=0.5,
        metavar="D",
        help="0 (true to the photo, few bits) to 1 (crisp, more bits) (default: 0.5)",
    )
    parser.add_argument(
        "--receiver",
        choices=("classic", "nitido"),
        default="classic",
        help="what enlarges it where it is seen: an app's filter, or nitido upscale (default: classic)",
    )
    add_common(parser)
    parser.set_defaults(run=run)


def run(args: Args, output: Output) -> bool:
    """Share a file or folder; returns whether some files failed or a budget was not met."""
    check_paths(args)
    from nitido.batch.sharing import Sharing, shared_names, sharing
    from nitido.sizes import Size

    size = Size(to=args.to, long_side=args.long_side)
    wanted = Sharing(size, args.codec, args.quality, args.max_bytes, args.detail, args.receiver)
    downscaler = opening.open_downscaler(args)
    options = {"command": "share", **asdict(wanted), "model": getattr(downscaler, "id", None)}
    work = sharing(downscaler, wanted, max_megapixels=args.max_megapixels)
    reports = run_work(args, work, options, output, names=lambda photos: shared_names(photos, args.codec))
    return any(report.status == "failed" for report in reports)


def byte_count(text: str) -> int:
    """``300k``, ``1.5M`` or ``200000``: thousands and millions of bytes."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKmM]?)[bB]?", text.strip())
    count = int(float(found[1]) * {"": 1, "k": 1000, "m": 1_000_000}[found[2].lower()]) if found else 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"expected bytes, as in 300k or 1.5M, got {text!r}")
    return count
