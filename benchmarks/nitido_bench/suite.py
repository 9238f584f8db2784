"""What a benchmark suite is: options, a measurement that yields rows, and a table of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Row = dict[str, str | int | float]
"""One measurement: column name to value, the same columns in every row of a table.

A suite that measures several tables at once names a row's in its column ``table``."""


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
    """Rows as Markdown, one table after another; a table has those of the suite's columns that it fills."""
    tables: dict[str | int | float, list[Row]] = {}
    for row in rows:
        tables.setdefault(row.get("table", ""), []).append(row)
    return "\n\n".join(_table(suite, table) for table in tables.values())


def _table(suite: Suite, rows: Sequence[Row]) -> str:
    columns = [column for column in suite.columns if any(column[0] in row for row in rows)]
    lines = [
        "| " + " | ".join(heading for _, heading, _ in columns) + " |",
        "|" + "|".join("---" if form == "" else "---:" for _, _, form in columns) + "|",
    ]
    lines += ["| " + " | ".join(_cell(row.get(key), form) for key, _, form in columns) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: str | int | float | None, form: str) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else format(value, form)
