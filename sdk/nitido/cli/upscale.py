"""``nitido upscale SRC -o DST --scale N``: enlarge photos two, three or four times."""

from __future__ import annotations

from nitido.cli import opening
from nitido.cli.options import FolderCommand, Subparsers, add_common, add_folder_run
from nitido.cli.output import Output
from nitido.cli.running import check_paths, run_work


class Args(FolderCommand):
    """The command's options."""

    scale: int


def add(commands: Subparsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "upscale",
        help="enlarge photos",
        description="Enlarge photos. A run that was stopped goes on where it was when started again.",
    )
    add_folder_run(parser)
    parser.add_argument(
        "--scale", type=int, choices=(2, 3, 4), required=True, help="how many times as wide and high"
    )
    add_common(parser)
    parser.set_defaults(run=run)


def run(args: Args, output: Output) -> bool:
    """Upscale a file or folder; returns whether some files failed."""
    check_paths(args)
    from nitido.batch import upscaling

    upscaler = opening.open_upscaler(args, args.scale)
    options = {"command": "upscale", "scale": args.scale, "model": getattr(upscaler, "id", None)}
    reports = run_work(args, upscaling(upscaler, max_megapixels=args.max_megapixels), options, output)
    return any(report.status == "failed" for report in reports)
