"""``nitido suggest DIR``: the photos of a folder that are worth enhancing, best first."""

from __future__ import annotations

from nitido.cli import opening
from nitido.cli.assess import print_ranking
from nitido.cli.options import Command, Subparsers, add_common, positive_int
from nitido.cli.output import Output, counted
from nitido.cli.progress import Progress


class Args(Command):
    """The command's options."""

    folder: str
    top: int | None


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
    add_common(parser)
    parser.set_defaults(run=run)


def run(args: Args, output: Output) -> bool:
    """Scan and suggest; returns whether some files failed."""
    from nitido.gallery import Gallery

    trigger = opening.open_trigger(args)
    with Gallery(args.folder, trigger, max_megapixels=args.max_megapixels) as gallery:
        with Progress(2, "scanning") as progress:
            scan = gallery.scan(progress=progress.update)
        suggestions = gallery.suggest(args.top)
    for suggestion in suggestions:
        found = suggestion.improvability
        output.record({"file": str(suggestion.path), "score": found.score, "factors": dict(found.factors)})
    for path, why in scan.failed.items():
        output.failure(str(path), "unreadable", why)
    print_ranking(output, [(str(suggestion.path), suggestion.improvability) for suggestion in suggestions])
    output.summary(
        f"{len(suggestions)} of {counted(scan.photos, 'photo')} suggested ({scan.assessed} newly assessed), "
        f"{len(scan.failed)} failed; {counted(scan.others, 'file')} not a photo."
    )
    return bool(scan.failed)
