"""``nitido enhance SRC -o DST``: enhance the photos that are worth it, copy the others as they are."""

from __future__ import annotations

from nitido.cli import opening
from nitido.cli.options import (
    FolderCommand,
    Subparsers,
    add_common,
    add_folder_run,
    finite_float,
    html_page,
    strength,
)
from nitido.cli.output import Output
from nitido.cli.running import check_paths, run_work
from nitido.errors import InvalidOption


class Args(FolderCommand):
    """The command's options."""

    threshold: float | None
    strength: float | dict[str, float]
    again: bool
    report: str | None


def add(commands: Subparsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "enhance",
        help="enhance the photos that are worth it",
        description="Enhance the photos whose score reaches the threshold; copy the others byte for byte. "
        "A run that was stopped goes on where it was when started again.",
    )
    add_folder_run(parser)
    parser.add_argument(
        "--threshold",
        type=finite_float,
        metavar="T",
        help="enhance from this score on (default: the trigger's)",
    )
    parser.add_argument(
        "--strength",
        type=strength,
        default=1.0,
        metavar="S",
        help="0 to 1, or factor=S,... with what is not named off; scales what the trigger found (default: 1)",
    )
    parser.add_argument(
        "--again", action="store_true", help="enhance photos that Nitido has enhanced before, too"
    )
    parser.add_argument(
        "--report", type=html_page, metavar="HTML", help="write a page with before and after, for a browser"
    )
    add_common(parser)
    parser.set_defaults(run=run)


def run(args: Args, output: Output) -> bool:
    """Enhance a file or folder; returns whether some files failed."""
    check_paths(args)
    from nitido.batch import enhancing

    enhancer = opening.open_enhancer(args, args.threshold)
    _check_factors(args.strength, getattr(enhancer.restore, "factors", None))
    options = {
        "command": "enhance",
        "threshold": args.threshold,
        "strength": args.strength,
        "again": args.again,
        "trigger": getattr(enhancer.trigger, "id", None),
        "restorer": getattr(enhancer.restore, "id", None),
    }
    work = enhancing(enhancer, strength=args.strength, again=args.again, max_megapixels=args.max_megapixels)
    reports = run_work(args, work, options, output, again=args.again)
    if args.report is not None:
        from nitido.report import write_report

        output.summary(f"Report: {write_report(reports, args.report)}")
    return any(report.status == "failed" for report in reports)


def _check_factors(chosen: float | dict[str, float], known: tuple[str, ...] | None) -> None:
    unknown = sorted(set(chosen) - set(known)) if known and isinstance(chosen, dict) else []
    if unknown:
        raise InvalidOption(
            f"expected factors among {', '.join(known or ())}, got {', '.join(unknown)}; check --strength"
        )
