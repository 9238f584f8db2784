"""Run work over the file or folder that a command names, and print what became of every file."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nitido.cli.options import FolderCommand
from nitido.cli.output import Output, counted
from nitido.cli.progress import Progress
from nitido.errors import InvalidOption

if TYPE_CHECKING:
    from nitido.batch import FileReport, Names, Work


def check_paths(args: FolderCommand) -> None:
    """Refuse what cannot work before a model is opened."""
    source, destination = Path(args.source), Path(args.output)
    if not source.exists():
        raise InvalidOption(
            f"expected a photo or a folder, got {source}, which does not exist; check its name"
        )
    if source.is_dir() and destination.exists() and not destination.is_dir():
        raise InvalidOption(
            f"expected a folder to write to, got the file {destination}; choose another destination"
        )


def run_work(
    args: FolderCommand,
    work: Work,
    options: Mapping[str, object],
    output: Output,
    *,
    again: bool = False,
    names: Names | None = None,
) -> list[FileReport]:
    """Do the work on a file or a folder; the reports of all files that are photos.

    ``names`` says what the results in a folder are called, where not like the photos.
    """
    from nitido.batch import run_file, run_folder

    source = Path(args.source)
    start = time.monotonic()
    note = ""
    if source.is_dir():
        folder_run = run_folder(
            source,
            args.output,
            work,
            options=options,
            recursive=args.recursive,
            overwrite=args.overwrite,
            again=again,
            names=names,
        )
        total, reports = len(folder_run), iter(folder_run)
        if folder_run.found.unsearched:
            note = f" {counted(folder_run.found.unsearched, 'subfolder')} not entered (--recursive does)."
    else:
        destination = file_destination(source, args.output, names)
        total, reports = 1, iter([run_file(source, destination, work, overwrite=args.overwrite)])
    photos, others = _print_all(reports, total, output)
    counts = Counter(report.status for report in photos)
    told = ", ".join(
        f"{counts[status]} {status}" for status in ("enhanced", "left alone", "skipped", "failed")
    )
    others_told = f"; {counted(others, 'file')} not a photo" if others else ""
    output.summary(
        f"{counted(len(photos), 'photo')}: {told}{others_told}. {time.monotonic() - start:.1f} s.{note}"
    )
    return photos


def file_destination(source: Path, destination: str, names: Names | None = None) -> Path:
    """Where the result of a single photo goes: into a folder, or under a name that has a suffix."""
    path = Path(destination)
    is_folder = path.is_dir() or destination.endswith(("/", "\\")) or not path.suffix
    if not is_folder:
        return path
    own = Path(source.name)
    return path / (names([own])[own] if names is not None else own)


def _print_all(reports: Iterable[FileReport], total: int, output: Output) -> tuple[list[FileReport], int]:
    photos, others = [], 0
    with Progress(total, "working") as progress:
        for number, report in enumerate(reports, 1):
            output.record(
                {
                    "file": str(report.source),
                    "destination": str(report.destination),
                    "status": report.status,
                    "reason": report.reason,
                    **report.details,
                }
            )
            if report.is_photo:
                photos.append(report)
                progress.clear()
                _print(report, output)
            else:
                others += 1
            progress.update(number)
    return photos, others


def _print(report: FileReport, output: Output) -> None:
    line = f"{report.status:10}  {report.source}: {report.reason}"
    seconds = sum(report.details.get("timings", {}).values()) if report.status != "skipped" else 0.0
    line = f"{line} ({seconds:.1f} s)" if seconds else line
    if report.status == "failed":
        output.note(line)
    else:
        output.text(line)
