"""``nitido suggest DIR``: the photos of a folder that are worth enhancing, best first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nitido.cli import opening
from nitido.cli.options import Command, Subparsers, add_common, html_page, positive_int
from nitido.cli.output import Output, counted
from nitido.cli.progress import Progress

if TYPE_CHECKING:
    from nitido.gallery import Scan
    from nitido.suggestion import Suggestion


class Args(Command):
    """The command's options."""

    folder: str
    top: int | None
    factor: str | None
    workers: int | None
    html: str | None


def add(commands: Subparsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "suggest",
        help="list the photos of a folder that are worth enhancing",
        description="List the photos below a folder that are worth enhancing, best first. Scores are "
        "remembered in the cache folder: a second run reads only what is new.",
    )
    parser.add_argument("folder", metavar="DIR", help="a folder of photos, subfolders included")
    parser.add_argument("--top", type=positive_int, metavar="N", help="only the best N")
    parser.add_argument(
        "--factor",
        metavar="NAME",
        help="only photos worth removing this from (denoise, deblur, ...), the largest gain first",
    )
    parser.add_argument(
        "--html", type=html_page, metavar="PAGE", help="write a page with pictures too, for a browser"
    )
    parser.add_argument(
        "--workers",
        type=positive_int,
        metavar="N",
        help="photos to decode at once, each in memory (default: one per core, at most 4)",
    )
    add_common(parser)
    parser.set_defaults(run=run)


def run(args: Args, output: Output) -> bool:
    """Scan and suggest; returns whether some files failed. A folder without photos is no failure."""
    from nitido.gallery import Gallery

    trigger = opening.open_trigger(args)
    with Gallery(args.folder, trigger, max_megapixels=args.max_megapixels) as gallery:
        if args.factor is not None:
            gallery.threshold(args.factor)  # refuses an unknown one before the work
        with Progress(2, "scanning") as progress:
            scan = gallery.scan(workers=args.workers, progress=progress.update)
        suggestions = gallery.suggest(args.top, args.factor)
    _print(suggestions, scan, output)
    summary = _summary(args.folder, suggestions, scan)
    if args.html is not None:
        from nitido.gallery.page import write_suggestions

        output.summary(f"Page: {write_suggestions(suggestions, args.html, summary=summary)}")
    output.summary(summary)
    return bool(scan.failed)


def _print(suggestions: list[Suggestion], scan: Scan, output: Output) -> None:
    for suggestion in suggestions:
        found = suggestion.improvability
        output.record(
            {
                "file": str(suggestion.path),
                "score": found.score,
                "action": suggestion.action,
                "reason": suggestion.reason,
                "factors": found.factors,
                "crossed": found.crossed,
                "strengths": found.strengths,
            }
        )
    for path, why in scan.failed.items():
        output.failure(str(path), "unreadable", why)
    output.table(
        ["score", "action", "reason", "file"],
        [
            [
                f"{suggestion.improvability.score:.2f}",
                suggestion.action or "leave alone",
                suggestion.reason,
                str(suggestion.path),
            ]
            for suggestion in suggestions
        ],
    )


def _summary(folder: str, suggestions: list[Suggestion], scan: Scan) -> str:
    others = f"{counted(scan.others, 'file')} not a photo."
    if not scan.photos and not scan.failed:
        return f"No photos below {folder}, so there is nothing to suggest; {others}"
    return (
        f"{len(suggestions)} of {counted(scan.photos, 'photo')} suggested ({scan.assessed} newly assessed), "
        f"{len(scan.failed)} failed; {others}"
    )
