"""``nitido upscale SRC -o DST``: enlarge photos by a factor or to a size."""

from __future__ import annotations

from dataclasses import asdict

from nitido.cli import opening
from nitido.cli.options import (
    FolderCommand,
    Subparsers,
    add_common,
    add_folder_run,
    finite_float,
    positive_int,
    width_and_height,
)
from nitido.cli.output import Output
from nitido.cli.running import check_paths, run_work


class Args(FolderCommand):
    """The command's options."""

    scale: float | None
    to: tuple[int, int] | None
    long_side: int | None
    tier: str
    sharp: bool
    faces: bool


def add(commands: Subparsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "upscale",
        help="enlarge photos",
        description="Enlarge photos, by a factor or to a size, in their proportions; those that are as large "
        "already are copied byte for byte. A run that was stopped goes on where it was when started again.",
    )
    add_folder_run(parser)
    sizes = parser.add_mutually_exclusive_group(required=True)
    sizes.add_argument(
        "--scale", type=finite_float, metavar="N", help="so many times as wide and high, such as 2 or 2.5"
    )
    sizes.add_argument(
        "--to",
        type=width_and_height,
        metavar="WxH",
        help="as large as fits into WxH pixels, such as 3000x2000",
    )
    sizes.add_argument(
        "--long-side", type=positive_int, metavar="N", help="so many pixels along the longer side"
    )
    parser.add_argument(
        "--tier", default="base", metavar="TIER", help="fast, base or quality networks (default: base)"
    )
    parser.add_argument("--sharp", action="store_true", help="networks that prefer crispness to fidelity")
    parser.add_argument(
        "--faces", action="store_true", help="enlarge small faces with a network that knows faces"
    )
    add_common(parser)
    parser.set_defaults(run=run)


def run(args: Args, output: Output) -> bool:
    """Upscale a file or folder; returns whether some files failed."""
    check_paths(args)
    from nitido.batch import upscaling
    from nitido.sizes import Size

    size = Size(args.scale, args.to, args.long_side)
    enlarger = opening.open_enlarger(args, args.tier, args.sharp)
    faces = opening.open_face_upscaler(args) if args.faces else None
    options = {"command": "upscale", **asdict(size), "models": enlarger.id, "faces": faces and faces.id}
    work = upscaling(enlarger, size, faces=faces, max_megapixels=args.max_megapixels)
    reports = run_work(args, work, options, output)
    return any(report.status == "failed" for report in reports)
