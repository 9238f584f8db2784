"""``nitido share SRC -o DST --long-side N``: small files of photos, or of a clip, that look their best."""

from __future__ import annotations

import argparse
import re
import time
from dataclasses import asdict
from pathlib import Path
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
from nitido.cli.output import Output, counted
from nitido.cli.progress import Progress
from nitido.cli.running import check_paths, file_destination, run_work
from nitido.errors import InvalidOption

if TYPE_CHECKING:
    from nitido.sharing.budget import FileCodec
    from nitido.sharing.downscaler import Receiver


CLIPS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".3gp", ".ts", ".264", ".h264")
"""Suffixes of what is shared as a clip."""


class Args(FolderCommand):
    """The command's options."""

    to: tuple[int, int] | int | None
    """Width and height, or lines of a clip."""
    long_side: int | None
    max_bytes: int | None
    codec: FileCodec
    quality: int
    crf: int
    adapt: bool
    fast: bool
    detail: float | None
    receiver: Receiver


def add(commands: Subparsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "share",
        help="make small files of photos, or of a clip, to be sent",
        description="Make photos small and compress them, by a network that knows the codec and that someone "
        "enlarges them again. EXIF and colour profile stay. A run that was stopped goes on where it was when "
        "started again. A clip becomes H.264; its audio, times and colours stay.",
    )
    add_folder_run(parser)
    sizes = parser.add_mutually_exclusive_group(required=True)
    sizes.add_argument(
        "--long-side", type=positive_int, metavar="N", help="at most so many pixels along the longer side"
    )
    sizes.add_argument(
        "--to", type=box_or_lines, metavar="WxH", help="as large as fits into WxH pixels; of a clip 540p"
    )
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
        "--crf", type=int, default=28, metavar="N", help="of a clip, 0 to 51, fewer is better (default: 28)"
    )
    parser.add_argument(
        "--adapt", action="store_true", help="tune the network's wish to a clip, on a few of its frames first"
    )
    parser.add_argument(
        "--fast",
        action="store_true",
        help="of a clip, the faster network and a faster encoder, which makes less of the bits",
    )
    parser.add_argument(
        "--detail",
        type=share,
        metavar="D",
        help="0 (true to the photo, few bits) to 1 (crisp, more bits) (default: 0.5; of a clip 0, which "
        "flickers least)",
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
    if Path(args.source).suffix.lower() in CLIPS and Path(args.source).is_file():
        return _clip(args, output)
    if isinstance(args.to, int):
        raise InvalidOption(
            f"expected --to WxH or --long-side for photos, got {args.to}p; lines are for a clip"
        )
    if args.fast:
        raise InvalidOption("expected --fast with a clip, got photos; leave it out")
    from nitido.batch.sharing import Sharing, shared_names, sharing
    from nitido.sizes import Size

    size = Size(to=args.to, long_side=args.long_side)
    detail = 0.5 if args.detail is None else args.detail
    wanted = Sharing(size, args.codec, args.quality, args.max_bytes, detail, args.receiver)
    downscaler = opening.open_downscaler(args, "share")
    options = {"command": "share", **asdict(wanted), "model": getattr(downscaler, "id", None)}
    work = sharing(downscaler, wanted, max_megapixels=args.max_megapixels)
    reports = run_work(args, work, options, output, names=lambda photos: shared_names(photos, args.codec))
    return any(report.status == "failed" for report in reports)


def _clip(args: Args, output: Output) -> bool:
    if not isinstance(args.to, int) or args.max_bytes is not None:
        raise InvalidOption(
            "expected --to with lines, as in --to 540p, and --crf for a clip, got another size or a budget"
        )
    from nitido.sharing.clip import ClipSharing, share_clip

    detail = ClipSharing.detail if args.detail is None else args.detail
    preset = "veryfast" if args.fast else ClipSharing.preset
    options = ClipSharing(args.to, args.crf, detail, args.receiver, preset=preset)
    source = Path(args.source)
    destination = file_destination(source, args.output)
    start = time.monotonic()
    downscaler = opening.open_downscaler(args, "share-fast" if args.fast else "share")
    if args.adapt:
        from nitido.sharing.adapt import adapt

        adapted = adapt(source, downscaler, options)
        options = adapted.options
        output.text(f"adapted to the clip: {-adapted.saved:+.1f} % of bits at equal quality, on a sample")
    with Progress(0, "sharing") as progress:
        done = share_clip(
            source,
            destination,
            downscaler,
            options,
            overwrite=args.overwrite,
            on_frame=progress.update,
        )
    before, after = source.stat().st_size, destination.stat().st_size
    seconds = time.monotonic() - start
    output.record(
        {
            "file": str(source),
            "destination": str(destination),
            "frames": done.frames,
            "damaged": done.damaged,
            "truncated": done.truncated,
            "bytes": after,
            "told_crf": options.told_crf,
            "detail": options.detail,
            "seconds": round(seconds, 2),
        }
    )
    broken = f", {counted(done.damaged, 'damaged frame')} left out" if done.damaged else ""
    broken += ", broken off before its end" if done.truncated else ""
    output.summary(
        f"{counted(done.frames, 'frame')}{broken}: {before:,} bytes became {after:,}. {seconds:.1f} s."
    )
    return bool(broken)


def box_or_lines(text: str) -> tuple[int, int] | int:
    """``1280x720``, or ``540p``."""
    return positive_int(text[:-1]) if text.lower().endswith("p") else width_and_height(text)


def byte_count(text: str) -> int:
    """``300k``, ``1.5M`` or ``200000``: thousands and millions of bytes."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKmM]?)[bB]?", text.strip())
    count = int(float(found[1]) * {"": 1, "k": 1000, "m": 1_000_000}[found[2].lower()]) if found else 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"expected bytes, as in 300k or 1.5M, got {text!r}")
    return count
