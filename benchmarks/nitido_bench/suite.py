"""What a benchmark suite is: options, a measurement that yields rows, tables of them, and what is better."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Row = dict[str, str | int | float]
"""One measurement: column name to value, the same columns in every row of a table.

A suite that measures several tables at once names a row's in its column ``table``."""


@dataclass(frozen=True)
class Gate:
    """A column that ``nitido-bench compare`` judges."""

    column: str
    better: Literal["lower", "higher"]
    tolerance: float
    """A change of no more than this is none."""
    interval: tuple[str, str] | None = None
    """Columns with the ends of the figure's confidence interval; None: it is exact."""
    ratio: bool = False
    """Whether changes count as a share of the earlier figure, as for times, or as differences."""


@dataclass(frozen=True)
class Suite:
    """One subcommand of ``nitido-bench``."""

    name: str
    """Also the name of its module, of its result file and of its tables' markers."""
    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    """Adds the suite's options."""
    measure: Callable[[argparse.Namespace], Iterable[Row]]
    """Yields rows as they are measured."""
    columns: Sequence[tuple[str, str, str]]
    """The Markdown table: (key in the row, heading, format specification)."""
    keys: Sequence[str] = ()
    """Columns that tell a row from all others, for comparing two results."""
    gates: Sequence[Gate] = ()
    """What must not become worse."""


def markdown(suite: Suite, rows: Iterable[Row]) -> str:
    """Rows as Markdown, one table after another; a table has those of the suite's columns that it fills."""
    return "\n\n".join(_table(suite, table) for table in by_table(rows).values())


def by_table(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by the name of their table, in their order; a suite's only table has no name."""
    tables: dict[str, list[Row]] = {}
    for row in rows:
        tables.setdefault(str(row.get("table", "")), []).append(row)
    return tables


def columns_of(suite: Suite, rows: Sequence[Row]) -> list[tuple[str, str, str]]:
    """Those of a suite's columns that some of these rows fill."""
    return [column for column in suite.columns if any(column[0] in row for row in rows)]


def shown(value: str | int | float | None, form: str) -> str:
    """A value as a table has it; empty where there is none."""
    if value is None:
        return ""
    return value if isinstance(value, str) else format(value, form)


def _table(suite: Suite, rows: Sequence[Row]) -> str:
    columns = columns_of(suite, rows)
    lines = [
        "| " + " | ".join(heading for _, heading, _ in columns) + " |",
        "|" + "|".join("---" if form == "" else "---:" for _, _, form in columns) + "|",
    ]
    lines += ["| " + " | ".join(shown(row.get(key), form) for key, _, form in columns) + " |" for row in rows]
    return "\n".join(lines)
