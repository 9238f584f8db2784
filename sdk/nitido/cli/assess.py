"""``nitido assess FILE...``: how much each photo would gain, and from what."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nitido.cli import opening
from nitido.cli.options import Command, Subparsers, add_common
from nitido.cli.output import Output, counted
from nitido.cli.progress import Progress
from nitido.errors import PhotoError

if TYPE_CHECKING:
    from nitido.trigger import Improvability, Trigger


class Args(Command):
    """The command's options."""

    files: list[str]


def add(commands: Subparsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "assess",
        help="score photos: how much each would gain",
        description="Score photos and list them, best first. A folder stands for the photos directly in it.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a photo, or a folder of photos")
    add_common(parser)
    parser.set_defaults(run=run)


def run(args: Args, output: Output) -> bool:
    """Assess all files; returns whether some failed."""
    files, others = _expand(args.files)
    trigger = opening.open_trigger(args)
    assessed: list[tuple[str, Improvability]] = []
    with Progress(len(files), "assessing") as progress:
        for number, file in enumerate(files, 1):
            try:
                found, timings = _assess(trigger, file, args.max_megapixels)
            except (PhotoError, OSError) as error:
                progress.clear()
                output.failure(str(file), type(error).__name__, str(error))
            else:
                runtime = str(getattr(trigger, "info", "python function"))
                output.record({"file": str(file), **asdict(found), "timings": timings, "runtime": runtime})
                assessed.append((str(file), found))
            progress.update(number)
    print_ranking(output, assessed)
    failed = len(files) - len(assessed)
    left_out = f"; {counted(others, 'file')} not a photo" if others else ""
    output.summary(f"{counted(len(assessed), 'photo')} assessed, {failed} failed{left_out}.")
    return failed > 0


def _assess(trigger: Trigger, file: Path, max_megapixels: float) -> tuple[Improvability, dict[str, float]]:
    """What the trigger says, and the seconds that it took."""
    from nitido.photo.read import read_photo
    from nitido.safeguards import why_untouchable

    start = time.perf_counter()
    photo = read_photo(file, max_megapixels=max_megapixels)
    decoded = time.perf_counter()
    found = trigger(photo.pixels)
    timings = {"decode": decoded - start, "trigger": time.perf_counter() - decoded}
    worth = found.recommended and why_untouchable(photo.metadata) is None
    return replace(found, recommended=worth), timings


def print_ranking(output: Output, assessed: Sequence[tuple[str, Improvability]]) -> None:
    """The table of scores, best first: one column per factor."""
    factors = _all_factors(found for _, found in assessed)
    rows = [
        [
            f"{found.score:.2f}",
            "enhance" if found.recommended else "leave alone",
            *(f"{found.factors[factor]:.2f}" if factor in found.factors else "" for factor in factors),
            file,
        ]
        for file, found in sorted(assessed, key=lambda pair: (-pair[1].score, pair[0]))
    ]
    output.table(["score", "decision", *factors, "file"], rows)


def _all_factors(found: Iterable[Improvability]) -> list[str]:
    return list(dict.fromkeys(factor for improvability in found for factor in improvability.factors))


def _expand(names: list[str]) -> tuple[list[Path], int]:
    """The photos that were meant, and how many files of the folders are none."""
    from nitido.walk import find_photos

    files, others = [], 0
    for name in names:
        if Path(name).is_dir():
            found = find_photos(name, recursive=False)
            files += [found.folder / photo for photo in found.photos]
            others += len(found.others)
        else:
            files.append(Path(name))
    return files, others
