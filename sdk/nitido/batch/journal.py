"""The journal of a folder run: what was begun and what was finished, safe against a kill at any moment."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from nitido.errors import CannotWrite

NAME = ".nitido-journal.jsonl"
VERSION = 1


@dataclass(frozen=True)
class FileState:
    """Tells whether a file is still the one that was seen."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> FileState | None:
        """The state of a file, None when there is none."""
        try:
            status = path.stat()
        except OSError:
            return None
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)

    def same_content(self, other: FileState | None) -> bool:
        """Equal size and time; the inode may differ, as after copying a folder elsewhere."""
        return other is not None and (self.size, self.mtime_ns) == (other.size, other.mtime_ns)


@dataclass(frozen=True)
class Record:
    """What is known of one photo: begun, and once ``status`` is set, finished."""

    source: FileState
    options: str
    fresh: bool
    """Nothing was at the destination when it was begun."""
    status: str | None = None
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    output: FileState | None = None


class Journal:
    """``records`` by relative path, kept beside the results: one JSON object a line, the last one counts.

    A line that a kill or a full disk has torn is ignored: its photo is then begun but not finished.
    Holds a lock as long as it is open: a second run into the same folder is refused (CannotWrite).
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.records: dict[str, Record] = {}
        try:
            self._file = self.path.open("ab+", buffering=0)
        except OSError as error:
            raise self._cannot_write(error) from error
        try:
            self._lock()
            self._read()
        except OSError as error:
            self._file.close()
            raise self._cannot_write(error) from error
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, file: str, record: Record) -> None:
        """Note a record and wait until it is on the disk; raises CannotWrite, and then nothing was noted."""
        line = json.dumps({"journal": VERSION, "file": file, **asdict(record)}).encode() + b"\n"
        end = os.fstat(self._file.fileno()).st_size
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # a short write is how that begins
            os.fsync(self._file.fileno())
        except OSError as error:
            self._file.truncate(end)
            raise self._cannot_write(error) from error
        self.records[file] = record

    def _cannot_write(self, error: OSError) -> CannotWrite:
        return CannotWrite(
            f"expected to note progress in {self.path}, got: {error.strerror}; "
            "make room, or choose another destination"
        )

    def _lock(self) -> None:
        try:
            import fcntl
        except ImportError:  # Windows has no flock: there two runs into one folder are not noticed
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotWrite(
                f"another run is writing to {self.path.parent}; wait for it, or choose another destination"
            ) from error
        except OSError:  # some network file systems know no locks
            return

    def _read(self) -> None:
        self._file.seek(0)
        text = self._file.readall()
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                version = entry.pop("journal")
                file = entry.pop("file")
            except (ValueError, KeyError, AttributeError):
                continue
            if version != VERSION:
                raise CannotWrite(
                    f"{self.path} was written by another version of Nitido (journal {version}, this one "
                    f"writes {VERSION}); choose another destination, or delete it"
                )
            self.records[file] = _record(entry)
        if text and not text.endswith(b"\n"):
            self._file.write(b"\n")


def _record(entry: dict[str, Any]) -> Record:
    output = entry.pop("output")
    return Record(
        source=FileState(**entry.pop("source")), output=FileState(**output) if output else None, **entry
    )
