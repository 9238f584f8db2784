"""Where a tool runs: on an Android phone through adb, or on this machine."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from nitido_bench.errors import PhoneGone, ToolFailed

FOLDER = "/data/local/tmp/nitido"
"""On the phone: the one place where files that adb pushed may be run."""
_GONE = re.compile(
    r"no devices/emulators found|device '[^']*' not found|device not found|device offline|device unauthorized"
    r"|error: closed|protocol fault|connection reset",
    re.IGNORECASE,
)
_LAST_WORDS = 500


class Shell(Protocol):
    """Puts files somewhere and runs them there."""

    def put(self, file: Path) -> str:
        """Make a file available; returns the path by which ``run`` knows it."""

    def run(self, words: Sequence[str]) -> str:
        """What a command printed. Raises PhoneGone, ToolFailed."""


class Adb:
    """An Android phone. What was pushed stays on it, in ``FOLDER``."""

    def __init__(self, serial: str | None = None, seconds: float = 900) -> None:
        """``serial`` names one of several phones; a command may take so many ``seconds``."""
        self._start = ["adb", *(["-s", serial] if serial else [])]
        self._seconds = seconds
        self._made = False

    def put(self, file: Path) -> str:
        """Push a file and let it be run."""
        if not self._made:
            self.run(["mkdir", "-p", FOLDER])
            self._made = True
        there = f"{FOLDER}/{file.name}"
        _call([*self._start, "push", str(file), there], self._seconds)
        self.run(["chmod", "755", there])
        return there

    def run(self, words: Sequence[str]) -> str:
        """Libraries that were pushed are found, too."""
        command = f"cd {FOLDER} 2>/dev/null; LD_LIBRARY_PATH={FOLDER} {shlex.join(words)}"
        return _call([*self._start, "shell", command], self._seconds)


class Here:
    """This machine, for a tool that was built for it."""

    def __init__(self, seconds: float = 900) -> None:
        self._seconds = seconds

    def put(self, file: Path) -> str:
        """Nothing to do: the file is here."""
        return str(file.resolve())

    def run(self, words: Sequence[str]) -> str:
        """Run it."""
        return _call(list(words), self._seconds)


def _call(words: list[str], seconds: float) -> str:
    """Both streams together, as tools write figures to either."""
    if shutil.which(words[0]) is None:
        raise ToolFailed(
            f"expected to run {words[0]}, which is not here or not executable; "
            "adb is in Android's platform-tools, a tool must be built for the machine it runs on"
        )
    try:
        process = subprocess.run(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise PhoneGone(
            f"expected an answer to {shlex.join(words)} within {seconds:g} s; "
            "see whether the phone is still connected and awake"
        ) from error
    if process.returncode == 0:
        return process.stdout
    said = process.stdout.strip()[-_LAST_WORDS:]
    if _GONE.search(said):
        raise PhoneGone(f"lost the phone during {shlex.join(words)}: {said}; connect it and run this again")
    raise ToolFailed(
        f"expected {shlex.join(words)} to succeed, but it ended with {process.returncode} and said: "
        f"{said or 'nothing'}"
    )


def describe(shell: Shell) -> str:
    """Model, system on chip and Android version of a phone."""
    keys = ("ro.product.model", "ro.soc.model", "ro.build.version.release")
    model, chip, version = (shell.run(["getprop", key]).strip() for key in keys)
    return f"{model or 'a phone'} ({chip or 'unknown chip'}, Android {version or '?'})"


def battery_celsius(shell: Shell) -> float | None:
    """How warm the phone is, where it tells."""
    found = re.search(r"temperature:\s*(\d+)", shell.run(["dumpsys", "battery"]))
    return int(found[1]) / 10 if found else None
