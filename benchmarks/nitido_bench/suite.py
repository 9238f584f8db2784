"""What a benchmark suite is: options, a measurement that yields rows, and a table of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Row = dict[str, str | int | float]
"""One measurement: column name to value, the same columns in every row of a suite."""


@dataclass(frozen=True)
class Suite:
    """One subcommand of ``nitido-bench``."""

    name: str
    """Also the name of its result file and of its tables' markers."""
    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    """Adds the suite's options."""
    measure: Callable[[argparse.Namespace], Iterable[Row]]
    """Yields rows as they are measured."""
    columns: Sequence[tuple[str, str, str]]
    """The Markdown table: (key in the row, heading, format specification)."""


def markdown(suite: Suite, rows: Iterable[Row]) -> str:
    """Rows as a Markdown table with the suite's columns."""
    lines = [
        "| " + " | ".join(heading for _, heading, _ in suite.columns) + " |",
        "|" + "|".join("---" if form == "" else "---:" for _, _, form in suite.columns) + "|",
    ]
    lines += [
        "| " + " | ".join(_cell(row.get(key), form) for key, _, form in suite.columns) + " |" for row in rows
    ]
    return "\n".join(lines)


def _cell(value: str | int | float | None, form: str) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else format(value, form)
