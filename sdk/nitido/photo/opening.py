"""Opening a photo's file: everything that can be wrong with a name, before a byte is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from nitido.errors import NotAPhoto

Times = tuple[int, int]
"""Access and modification time in nanoseconds."""


def open_file(path: Path) -> tuple[BinaryIO, Times]:
    """The open file and its times; ``NotAPhoto`` when there is none, or something else has the name."""
    try:
        # Asked before opening: opening a named pipe waits for somebody to write into it.
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise NotAPhoto(f"{path} is a folder, not a photo: name a file in it")
        if not stat.S_ISREG(kind):
            raise NotAPhoto(f"{path} is not an ordinary file: copy the photo to one first")
        file = path.open("rb")
    except FileNotFoundError as error:
        raise NotAPhoto(f"{path}: no such file; check the name") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NotAPhoto(f"{path} cannot be opened ({reason}): check its name and permissions") from error
    status = os.fstat(file.fileno())
    return file, (status.st_atime_ns, status.st_mtime_ns)
