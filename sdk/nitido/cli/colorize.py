"""``nitido colorize SRC -o DST``: give greyscale photos colours."""

from __future__ import annotations

from nitido.cli import opening
from nitido.cli.options import FolderCommand, Subparsers, add_common, add_folder_run, share
from nitido.cli.output import Output
from nitido.cli.running import check_paths, run_work


class Args(FolderCommand):
    """The command's options."""

    strength: float
    force: bool


def add(commands: Subparsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "colorize",
        help="give greyscale photos colours",
        description="Colorize greyscale photos; copy photos that have colours byte for byte. "
        "A run that was stopped goes on where it was when started again.",
    )
    add_folder_run(parser)
    parser.add_argument(
        "--strength",
        type=share,
        default=1.0,
        metavar="S",
        help="0 to 1: how much colour, unsure colours fade first (default: 1)",
    )
    parser.add_argument("--force", action="store_true", help="replace the colours of photos that have some")
    add_common(parser)
    parser.set_defaults(run=run)


def run(args: Args, output: Output) -> bool:
    """Colorize a file or folder; returns whether some files failed."""
    check_paths(args)
    from nitido.batch import colorizing

    colorizer = opening.open_colorizer(args)
    options = {
        "command": "colorize",
        "strength": args.strength,
        "force": args.force,
        "model": getattr(colorizer, "id", None),
    }
    work = colorizing(colorizer, strength=args.strength, force=args.force, max_megapixels=args.max_megapixels)
    reports = run_work(args, work, options, output)
    return any(report.status == "failed" for report in reports)
