"""Claims on photos, so that two processes that scan one folder share the work instead of doing it twice."""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from nitido.errors import GalleryError

try:
    import fcntl
except ImportError:  # Windows: there two scans at once do some photos twice, and lose nothing
    fcntl = None  # type: ignore[assignment]

_TAKEN = (errno.EACCES, errno.EAGAIN)


class Claims:
    """Locks on single bytes of a file beside the index, one byte per content.

    The system drops them when their process ends, a killed one too: nothing is left to clean up. They hold
    between processes, not within one. Where the file system knows no locks, every claim is granted.
    """

    def __init__(self, index: Path) -> None:
        """Raises GalleryError when the file cannot be made."""
        self._held: set[str] = set()
        path = index.with_name(f"{index.name}-claims")
        try:
            self._file = path.open("ab")
        except OSError as error:
            raise GalleryError(
                f"expected to make {path}, got: {error.strerror}; give another place for the index"
            ) from error

    def __enter__(self) -> Claims:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def take(self, content: str, *, wait: bool = False) -> bool:
        """Whether the content, a hash in hex, is now ours: not before, and not another process's."""
        if content in self._held or not self._lock(content, wait):
            return False
        self._held.add(content)
        return True

    def release(self, content: str) -> None:
        """Let others have it."""
        self._held.remove(content)
        if fcntl is not None:
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _offset(content))

    def _lock(self, content: str, wait: bool) -> bool:
        if fcntl is None:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), 1, _offset(content))
        except OSError as error:
            return error.errno not in _TAKEN
        return True


def _offset(content: str) -> int:
    """A byte of the file, which need not be that long; two contents that share one wait for each other."""
    return int(content[:12], 16)
