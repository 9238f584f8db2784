"""``nitido video IN -o OUT --to 720p``: enlarge a video clip."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from nitido.cli import opening
from nitido.cli.options import Command, Subparsers, add_json, add_runtime
from nitido.cli.output import Output, counted
from nitido.cli.progress import Progress


class Args(Command):
    """The command's options."""

    source: str
    output: str
    to: int
    fast: bool
    bundle: str | None
    crf: int
    overwrite: bool


def add(commands: Subparsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "video",
        help="enlarge a video clip",
        description="Enlarge a video clip; audio, times, rotation and colour tags are kept. A run that was "
        "stopped goes on where it was when started again.",
    )
    parser.add_argument("source", metavar="IN", help="a clip")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="a .mp4, .mov or .mkv file")
    parser.add_argument(
        "--to", type=_height, required=True, metavar="N", help="shorter side of the result, such as 720p"
    )
    parser.add_argument("--fast", action="store_true", help="the faster network: smaller, less sharp")
    parser.add_argument("--bundle", metavar="DIR", help="another video bundle than the zoo's")
    parser.add_argument(
        "--crf", type=int, default=18, metavar="N", help="of H.264: less is better (default: %(default)s)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    add_json(parser)
    add_runtime(parser)
    parser.set_defaults(run=run)


def run(args: Args, output: Output) -> bool:
    """Enlarge the clip; returns whether frames were missing."""
    from nitido.clips import Encoding
    from nitido.video.clip import enlarge_clip

    upscaler = opening.open_video_upscaler(args, args.to, args.fast, args.bundle)
    encoding = Encoding(crf=args.crf, preset="veryfast" if args.fast else "medium")
    start = time.monotonic()
    with Progress(0, Path(args.source).name) as progress:
        done = enlarge_clip(
            args.source,
            args.output,
            upscaler,
            encoding=encoding,
            overwrite=args.overwrite,
            on_frame=lambda count, total: progress.update(count, max(count, total)),
        )
    seconds = time.monotonic() - start
    record = {"file": args.source, "destination": args.output, "frames": done.frames, "resumed": done.resumed}
    output.record({**record, "damaged": done.damaged, "truncated": done.truncated, "seconds": seconds})
    before = f", {done.resumed} of them by an earlier run" if done.resumed else ""
    rate = (done.frames - done.resumed) / seconds
    frames = f"{counted(done.frames, 'frame')}{before}, {rate:.1f} a second"
    output.summary(f"{args.output}: {frames}. {upscaler.info}")
    if done.damaged:
        output.note(f"{args.source}: {counted(done.damaged, 'frame')} damaged: left out, or shown as decoded")
    if done.truncated:
        output.note(f"{args.source}: the file ends early; the result has what could be read")
    return done.damaged > 0 or done.truncated


def _height(text: str) -> int:
    """``720p`` or ``720``."""
    number = text.lower().removesuffix("p")
    if not number.isdigit() or int(number) < 2:
        raise argparse.ArgumentTypeError(f"expected a height, as in 720p, got {text!r}")
    return int(number)
