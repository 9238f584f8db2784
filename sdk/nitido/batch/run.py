"""Work through a folder of photos, one report per file, resumable after a kill at any moment."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from nitido.batch.journal import FileState, Journal, Record
from nitido.batch.resume import why_skip
from nitido.errors import CannotWrite, DestinationIsSource, InvalidOption, NotAPhoto
from nitido.photo.atomic import TEMPORARY_PREFIX, is_same_file
from nitido.walk import Found, find_photos

Status = Literal["enhanced", "left alone", "skipped", "failed"]


@dataclass(frozen=True)
class Done:
    """What work has made of one photo."""

    status: Status
    reason: str
    details: dict[str, Any] = field(default_factory=dict)
    """Whatever JSON can hold; kept in the journal, so that a resumed run can still report it."""


Work = Callable[[Path, Path, bool], Done]
"""(source, destination, overwrite): makes the destination, atomically, from the source."""


Names = Callable[[Sequence[Path]], Mapping[Path, Path]]
"""From the relative paths of all photos to those of their destinations, each once."""


@dataclass(frozen=True)
class FileReport:
    """What became of one file of a run."""

    source: Path
    destination: Path
    status: Status
    reason: str
    details: dict[str, Any] = field(default_factory=dict)
    """What the work told of it, now or, for a file skipped as done, in the run that did it."""
    is_photo: bool = True
    """False for the other files of a folder, all of which are skipped."""


@dataclass(frozen=True)
class FolderRun:
    """A run that is ready to go: iterate over it to do the work."""

    found: Found
    reports: Iterator[FileReport]

    def __iter__(self) -> Iterator[FileReport]:
        return self.reports

    def __len__(self) -> int:
        """How many reports there will be."""
        return len(self.found.photos) + len(self.found.others) + len(self.found.unreadable)


def run_folder(
    source: str | Path,
    destination: str | Path,
    work: Work,
    *,
    options: Mapping[str, object] | None = None,
    recursive: bool = False,
    overwrite: bool = False,
    again: bool = False,
    names: Names | None = None,
) -> FolderRun:
    """Prepare a run that gives every photo of ``source`` its counterpart of the same relative path.

    ``names`` gives counterparts other paths, as work needs that writes another format.
    ``options`` says what ``work`` does with which settings and models: a photo counts as done only for the
    same ones. Without ``overwrite`` nothing that exists is ever replaced; with it, still not what is done,
    nor what was enhanced in place whatever the options, unless ``again``.
    A photo that fails never stops the run. Raises InvalidOption, DestinationIsSource (in place takes
    ``overwrite``), CannotWrite.
    """
    source, destination = Path(source), Path(destination)
    if not source.is_dir():
        raise InvalidOption(f"expected a folder of photos, got {source}; give a folder that exists")
    if destination.exists() and not destination.is_dir():
        raise InvalidOption(
            f"expected a folder to write to, got the file {destination}; choose another destination"
        )
    in_place = is_same_file(destination, source)
    if in_place and not overwrite:
        raise DestinationIsSource(
            f"{destination} is the folder of the photos itself; "
            "choose another destination, or overwrite (--overwrite)"
        )
    try:
        destination.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(
            f"expected to make the folder {destination}, got: {error.strerror}; choose another destination"
        ) from error
    found = find_photos(source, recursive=recursive, leave_out=() if in_place else (destination,))
    key = json.dumps(dict(options or {}), sort_keys=True, default=str)
    chosen = names(found.photos) if names is not None else {file: file for file in found.photos}
    return FolderRun(found, _reports(found, chosen, destination, work, key, overwrite, again))


def run_file(
    source: str | Path, destination: str | Path, work: Work, *, overwrite: bool = False
) -> FileReport:
    """The same for a single photo, without a journal; raises InvalidOption and DestinationIsSource only."""
    source, destination = Path(source), Path(destination)
    try:
        done = work(source, destination, overwrite)
    except (InvalidOption, DestinationIsSource):
        raise
    except Exception as error:
        return _failed(source, destination, error)
    return FileReport(source, destination, done.status, done.reason, done.details)


def _reports(
    found: Found,
    names: Mapping[Path, Path],
    target: Path,
    work: Work,
    options: str,
    overwrite: bool,
    again: bool,
) -> Iterator[FileReport]:
    for file in found.others:
        reason = "not a photo in a format that Nitido reads"
        yield FileReport(found.folder / file, target / file, "skipped", reason, is_photo=False)
    for folder, why in found.unreadable:
        reason = f"the folder cannot be listed: {why}"
        yield FileReport(found.folder / folder, target / folder, "failed", reason)
    full = False
    with Journal(target) as journal:
        _remove_leftovers({target / file.parent for file in found.photos})
        for file in found.photos:
            source, destination = found.folder / file, target / names[file]
            if full:
                reason = "not tried: the disk is full; make room and run again"
                yield FileReport(source, destination, "failed", reason)
                continue
            try:
                name = file.as_posix()
                report = _one(journal, name, source, destination, work, options, overwrite, again)
            except InvalidOption:  # would be the same for every photo
                raise
            except Exception as error:
                full = _disk_full(error)
                report = _failed(source, destination, error)
            yield report


def _one(
    journal: Journal,
    file: str,
    source: Path,
    destination: Path,
    work: Work,
    options: str,
    overwrite: bool,
    again: bool,
) -> FileReport:
    """Skip a photo, or note that it is begun, do the work, and note that it is finished."""
    before, there = FileState.of(source), FileState.of(destination)
    if before is None:
        raise NotAPhoto(f"{source} leads nowhere: a broken link, or gone since it was listed; leave it out")
    known = journal.records.get(file)
    in_place = is_same_file(source, destination)
    reason = why_skip(
        known, before, there, in_place=in_place, options=options, overwrite=overwrite, again=again
    )
    if reason:
        if known and known.status is None:
            journal.write(file, replace(known, status="enhanced", output=there))
        return FileReport(source, destination, "skipped", reason, known.details if known else {})
    begun = Record(before, options, fresh=not os.path.lexists(destination))
    journal.write(file, begun)
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        done = work(source, destination, overwrite)
    except Exception:
        with suppress(CannotWrite):
            journal.write(file, replace(begun, status="failed"))
        raise
    output = FileState.of(destination)
    journal.write(
        file, replace(begun, status=done.status, reason=done.reason, details=done.details, output=output)
    )
    return FileReport(source, destination, done.status, done.reason, done.details)


def _remove_leftovers(folders: set[Path]) -> None:
    """Delete the unfinished files of a killed run; the journal's lock says that no other run is here."""
    for folder in folders:
        for leftover in folder.glob(f"{TEMPORARY_PREFIX}*.tmp"):
            with suppress(OSError):
                leftover.unlink()


def _disk_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__
    return False


def _failed(source: Path, destination: Path, error: Exception) -> FileReport:
    reason = str(error) or type(error).__name__
    if isinstance(error, MemoryError):
        reason = "not enough memory for this photo; lower --max-megapixels to leave such photos out"
    return FileReport(source, destination, "failed", reason, {"error": type(error).__name__})
