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
                found, more = _assess(trigger, file, args.max_megapixels)
            except (PhotoError, OSError) as error:
                progress.clear()
                output.failure(str(file), type(error).__name__, str(error))
            else:
                runtime = str(getattr(trigger, "info", "python function"))
                output.record({"file": str(file), **asdict(found), **more, "runtime": runtime})
                assessed.append((str(file), found))
            progress.update(number)
    _print_ranking(output, assessed)
    failed = len(files) - len(assessed)
    left_out = f"; {counted(others, 'file')} not a photo" if others else ""
    output.summary(f"{counted(len(assessed), 'photo')} assessed, {failed} failed{left_out}.")
    return failed > 0


def _assess(trigger: Trigger, file: Path, max_megapixels: float) -> tuple[Improvability, dict[str, object]]:
    """What the trigger says, and beside it: why the photo is left alone all the same, and the seconds."""
    from nitido.photo.read import read_photo
    from nitido.safeguards import why_untouchable

    start = time.perf_counter()
    photo = read_photo(file, max_megapixels=max_megapixels, at_least=getattr(trigger, "at_least", None))
    decoded = time.perf_counter()
    found = trigger(photo.pixels)
    timings = {"decode": decoded - start, "trigger": time.perf_counter() - decoded}
    untouchable = why_untouchable(photo.metadata)
    more: dict[str, object] = {"crossed": list(found.crossed), "untouchable": untouchable, "timings": timings}
    return replace(found, recommended=found.recommended and untouchable is None), more


def _print_ranking(output: Output, assessed: Sequence[tuple[str, Improvability]]) -> None:
    """The table of scores, best first: one column per factor."""
    factors = _all_factors(found for _, found in assessed)
    rows = [
        [
            f"{found.score:.2f}",
            _decision(found),
            *(f"{found.factors[factor]:.2f}" if factor in found.factors else "" for factor in factors),
            file,
        ]
        for file, found in sorted(assessed, key=lambda pair: (-pair[1].score, pair[0]))
    ]
    output.table(["score", "decision", *factors, "file"], rows)


def _decision(found: Improvability) -> str:
    """What ``nitido enhance`` would do, and to which factors where the trigger tells them apart."""
    if not found.recommended:
        return "leave alone"
    if not found.strengths:
        return "enhance"
    return "enhance: " + (", ".join(name for name, value in found.strengths.items() if value) or "all")


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
