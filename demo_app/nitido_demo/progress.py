"""How far a job is, and whether it is to go on."""

from __future__ import annotations

import time
from collections.abc import Callable

from nitido_demo.jobs import Jobs

_NOTICE = 0.2
"""Seconds between two notes of a job's progress."""


class Stopped(Exception):
    """The job was cancelled, has taken too long, or the server stops."""


class Progress:
    """Tells how far a job is, and stops it where it was cancelled or takes too long."""

    def __init__(self, jobs: Jobs, id_: str, most_seconds: float, stopping: Callable[[], bool]) -> None:
        self._jobs = jobs
        self._id = id_
        self._most = most_seconds
        self._stopping = stopping
        self._begun = time.monotonic()
        self._told = 0.0
        self._total = 1
        self._doing = ""

    def say(self, message: str) -> None:
        """What is being done, before its parts can be counted."""
        self._jobs.progress(self._id, 0.05, message)

    def started(self, total: int, doing: str = "restoring, part") -> None:
        """It has so many parts."""
        self._total, self._doing = total, doing
        self.say(doing.partition(",")[0])

    def step(self, done: int) -> None:
        """So many of them are done."""
        self.check(done)
        now = time.monotonic()
        if now - self._told >= _NOTICE:
            self._told = now
            share = 0.05 + 0.9 * done / max(self._total, done)
            self._jobs.progress(self._id, share, f"{self._doing} {done} of {self._total}")

    def check(self, done: int) -> None:
        """Raise Stopped where the work is to end."""
        if self._stopping():
            raise Stopped("the server stops")
        if time.monotonic() - self._begun > self._most:
            raise Stopped(f"expected the job to take at most {self._most:.0f} s; try a smaller photo")
        if self._jobs.is_cancelled(self._id):
            raise Stopped("cancelled")
