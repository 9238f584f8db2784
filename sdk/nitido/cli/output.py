"""What commands print: JSON lines for programs, or aligned text for people; all else goes to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from typing import Any


class Output:
    """With ``as_json`` stdout carries one JSON object a line and nothing else."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        for stream in (sys.stdout, sys.stderr):
            if isinstance(
                stream, TextIOWrapper
            ):  # file names need not be text, terminals need not know all of it
                stream.reconfigure(errors="backslashreplace")

    def record(self, entry: Mapping[str, Any]) -> None:
        """A result for programs."""
        if self.as_json:
            print(json.dumps(entry), flush=True)

    def text(self, line: str = "") -> None:
        """A result for people."""
        if not self.as_json:
            print(line, flush=True)

    def summary(self, line: str) -> None:
        """How it went, for people; on stderr where stdout belongs to JSON."""
        if self.as_json:
            self.note(line)
        else:
            self.text(line)

    def note(self, line: str) -> None:
        """A warning or an error."""
        print(line, file=sys.stderr, flush=True)

    def failure(self, file: str, error: str, message: str) -> None:
        """A file that failed: for programs on stdout, for people on stderr."""
        self.record({"file": file, "error": error, "message": message})
        if not self.as_json:
            self.note(f"{file}: {message}")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Aligned columns; numbers to the right, by what the first row holds."""
        if self.as_json or not rows:
            return
        right = [_is_number(cell) for cell in rows[0]]
        lines = [list(heads), *map(list, rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
        for line in lines:
            cells = zip(line, widths, right, strict=True)
            self.text("  ".join(cell.rjust(w) if r else cell.ljust(w) for cell, w, r in cells).rstrip())


def counted(number: int, one: str, many: str = "") -> str:
    """``1 photo``, ``2 photos``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
