"""Starts a proof as a process and makes an answer of what it printed, or a reason of how it failed."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MINUTES = 30
_PATHS = re.compile(r"(?<![\w./:])(?:/[\w.+-]+)+/([\w.+-]+)")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Answer:
    """What a proof said of itself."""

    said: Mapping[str, Any] | None
    """Its JSON, or None when it failed."""
    words: str
    """All that it and the runtime's libraries printed."""
    reason: str
    """Why it failed; empty when it did not."""


def ask(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Answer:
    """Run a command to its end; its last line is JSON when it went well."""
    try:
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60 * MINUTES,
            check=False,
            env=os.environ | (environment or {}),
        )
    except subprocess.TimeoutExpired:
        return Answer(None, "", f"it took more than {MINUTES} minutes")
    except OSError as error:
        return Answer(None, "", f"it could not be started: {error.strerror}")
    words = _COLOURS.sub("", f"{ran.stdout}\n{ran.stderr}")
    if ran.returncode == 0:
        return Answer(json.loads(ran.stdout.strip().splitlines()[-1]), words, "")
    if ran.returncode < 0:
        return Answer(None, words, f"the runtime crashed with signal {-ran.returncode}")
    lines = ran.stderr.strip().splitlines() or ["it printed nothing"]
    errors = [
        line for line in lines if re.match(r"[\w.]+(Error|Mismatch|Unavailable|Invalid|Exception)\b", line)
    ]
    return Answer(None, words, without_paths((errors or lines)[-1]))


def without_paths(text: str) -> str:
    """Files by their names alone: reasons go into published tables."""
    return _PATHS.sub(r"\1", text)
