"""Tables of measured figures inside Markdown documents, between markers, written from the result files.

A document asks for a table with two comment lines; what stands between them is replaced:

    <!-- figures: quality-sr scale=2 -->
    <!-- end figures -->

``column=value`` keeps the rows whose value is that; of a suite with several tables, ``table=name`` keeps one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from nitido_bench.results import Result
from nitido_bench.suite import Suite, markdown

Table = Callable[[Mapping[str, str]], str]
"""The text of a table, given the filter ``{column: value}``."""

_MARKED = re.compile(r"(<!-- figures: (\S+)((?: \S+=\S+)*) -->\n)(.*?)(<!-- end figures -->)", re.DOTALL)


class MarkerError(Exception):
    """A marker that names a suite or a column that is not there."""


def documents(root: Path) -> list[Path]:
    """Every document of the repository that may hold tables."""
    places = ("*.md", "docs/**/*.md", "sdk/nitido/zoo/*/*.md")
    return sorted(file for place in places for file in root.glob(place))


def table(suite: Suite, result: Result) -> Table:
    """The table of one result, with a line that says where it was measured and how."""

    def make(wanted: Mapping[str, str]) -> str:
        keys = dict.fromkeys(key for row in result.rows for key in row)
        if unknown := [key for key in wanted if key not in keys]:
            raise MarkerError(
                f"expected columns of {suite.name} ({', '.join(keys)}) in a marker, got {unknown}"
            )
        rows = [
            row for row in result.rows if all(str(row.get(key)) == value for key, value in wanted.items())
        ]
        origin = (
            f"`{result.command}` · {result.measured} · {result.machine.cpu}, {result.machine.cores} cores"
        )
        return f"{markdown(suite, rows)}\n\n{origin}\n"

    return make


def update(files: Iterable[Path], tables: Mapping[str, Table], write: bool = True) -> list[Path]:
    """Fill the markers of ``files`` and return those that changed; a suite without a result is left alone."""
    changed = []
    for file in files:
        old = file.read_text(encoding="utf-8")
        new = _MARKED.sub(lambda match: _fill(match, tables), old)
        if new != old:
            changed.append(file)
            if write:
                file.write_text(new, encoding="utf-8")
    return changed


def _fill(match: re.Match[str], tables: Mapping[str, Table]) -> str:
    start, suite, conditions, _, end = match.groups()
    if suite not in tables:
        return match.group()
    wanted = dict(condition.split("=", 1) for condition in conditions.split())
    return f"{start}{tables[suite](wanted)}{end}"
