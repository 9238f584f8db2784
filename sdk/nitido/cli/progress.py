"""A progress bar on stderr, on a terminal only."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType

_INTERVAL = 0.1
"""Seconds between two drawings."""


class Progress:
    """Draws ``done`` of ``total``; prints nothing where stderr is a file or a pipe."""

    def __init__(self, total: int, what: str) -> None:
        self.total = total
        self.what = what
        self._visible = sys.stderr.isatty() and total != 1
        self._start = time.monotonic()
        self._drawn = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def update(self, done: int, total: int | None = None) -> None:
        """Say how far it is."""
        self.total = self.total if total is None else total
        now = time.monotonic()
        if not self._visible or (now - self._drawn < _INTERVAL and done < self.total):
            return
        self._drawn = now
        share = done / max(self.total, 1)
        filled = round(share * 24)
        left = (now - self._start) * (1 - share) / share if share else 0.0
        line = (
            f"{self.what} [{'#' * filled}{'.' * (24 - filled)}] {done}/{self.total}, {_duration(left)} left"
        )
        sys.stderr.write("\r\x1b[K" + line[: shutil.get_terminal_size().columns - 1])
        sys.stderr.flush()

    def clear(self) -> None:
        """Make way for a line of text; the next ``update`` draws again."""
        if self._visible:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = 0.0


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
