"""Writing files so that they are there whole or not at all, and never over another file by accident."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nitido.errors import CannotWrite, DestinationExists, DestinationIsSource
from nitido.photo.opening import Times, open_file

TEMPORARY_PREFIX = ".nitido-"
"""How unfinished files begin; only a process that was killed leaves one behind, and it may be deleted."""

_BINARY = getattr(os, "O_BINARY", 0)


@contextlib.contextmanager
def atomic_write(
    path: str | Path, overwrite: bool = False, *, times: Times | None = None
) -> Iterator[BinaryIO]:
    """A file to write to, which appears under ``path`` when the block ends without an exception.

    Missing folders are made. The bytes are on the disk before the name is. Without ``overwrite`` nothing that
    has the name is replaced, even if it appears meanwhile: ``DestinationExists``. A symbolic link is
    replaced, not followed. An overwritten file's permissions are kept, and a write-protected file is not
    overwritten. ``CannotWrite`` for whatever the system refuses.
    """
    path = Path(path)
    if "\0" in str(path):
        raise CannotWrite(f"{str(path)!r} holds a null character: choose another name")
    with _told(path):
        mode = _mode_of(path)
        if mode is not None and not overwrite:
            raise _exists(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f"{TEMPORARY_PREFIX}{os.urandom(8).hex()}.tmp"
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    try:
        with _told(path):
            with os.fdopen(descriptor, "w+b") as file:
                yield file
                file.flush()
                if mode is not None and hasattr(os, "fchmod"):
                    os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            if times is not None:
                os.utime(temporary, ns=times)
            if overwrite:
                temporary.replace(path)
            else:
                _publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def copy_photo(source: str | Path, destination: str | Path, overwrite: bool = False) -> Path:
    """Copies a file byte for byte, with its times, as atomically as ``write_photo`` writes."""
    source, destination = Path(source), Path(destination)
    file, times = open_file(source)
    with file:
        if is_same_file(source, destination):
            if overwrite:
                return destination
            raise DestinationIsSource(f"{destination} is the photo itself: choose another destination")
        with atomic_write(destination, overwrite, times=times) as copy:
            while piece := file.read(1 << 20):
                copy.write(piece)
    return destination


def is_same_file(first: Path, second: Path) -> bool:
    """Whether two names lead to one file, through symbolic or hard links too; False if either is missing."""
    try:
        return first.samefile(second)
    except (OSError, ValueError):
        return False


def _publish(temporary: Path, path: Path) -> None:
    """Gives the file its name unless something has it."""
    try:
        os.link(temporary, path)
        return
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EACCES):
            raise
    # Memory cards (FAT, exFAT) have no hard links: an empty file, which only one can make, claims the name.
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except FileExistsError as error:
        raise _exists(path) from error
    try:
        temporary.replace(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _mode_of(path: Path) -> int | None:
    """Permissions that the file should have for replacing what has its name; None if nothing has it."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if path.is_dir():
        raise CannotWrite(f"{path} is a folder: give the name of a file in it")
    if path.is_symlink():
        return 0o644  # links have no permissions of their own
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is write-protected")
    return stat.S_IMODE(status.st_mode)


def _sync_folder(folder: Path) -> None:
    """Makes the new name survive a power cut, where the system can do that for folders."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):  # some file systems refuse; the file itself is already safe
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Says what the system refused and the way out."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        raise CannotWrite(f"{path} could not be written: {_way_out(path, error)}") from error


def _way_out(path: Path, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission in {path.parent}; choose another destination or change its permissions"
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "the disk is full or its quota reached; free some space or choose another disk"
    if number == errno.ENAMETOOLONG:
        return "the name is too long for this disk; choose a shorter one"
    if number in (errno.ENOTDIR, errno.EEXIST):
        return f"{path.parent} is not a folder; choose another destination"
    return f"{getattr(error, 'strerror', None) or error}; choose another destination"


def _exists(path: Path) -> DestinationExists:
    return DestinationExists(f"{path} exists: pass overwrite=True (--overwrite) or choose another name")
