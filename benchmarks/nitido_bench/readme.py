"""Tables of measured figures inside Markdown documents, between markers, written from the result files.

A document asks for a table with two comment lines; what stands between them is replaced:

    <!-- figures: quality-sr scale=2 -->
    <!-- end figures -->

``column=value`` keeps the rows whose value is that; of a suite with several tables, ``table=name`` keeps one.
``columns=model,scale`` keeps these columns of the table.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from nitido_bench import results
from nitido_bench.errors import MarkerError
from nitido_bench.results import Result
from nitido_bench.suite import Suite, markdown
from nitido_bench.suites import NAMES, open_suite

Table = Callable[[Mapping[str, str]], str]
"""The text of a table, given the filter ``{column: value}``."""

_MARKED = re.compile(r"(<!-- figures: (\S+)((?: \S+=\S+)*) -->\n)(.*?)(<!-- end figures -->)", re.DOTALL)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--results", type=Path, default=results.FOLDER)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when a table is out of date"
    )


def run(args: argparse.Namespace) -> tuple[int, str]:
    """Bring the marked tables of all documents up to date, or only say which are not."""
    measured = results.collected(args.results)
    tables = {name: table(open_suite(name), result) for name, result in measured.items() if name in NAMES}
    changed = update(documents(Path()), tables, write=not args.check)
    told = [f"{'out of date: ' if args.check else 'updated '}{document}" for document in changed]
    return int(args.check and bool(changed)), "\n".join(told)


def documents(root: Path) -> list[Path]:
    """Every document of the repository that may hold tables."""
    places = ("*.md", "docs/**/*.md", "sdk/nitido/zoo/*/*.md")
    return sorted(file for place in places for file in root.glob(place))


def table(suite: Suite, result: Result) -> Table:
    """The table of one result, with a line that says where it was measured and how."""

    def make(conditions: Mapping[str, str]) -> str:
        wanted = dict(conditions)
        keys = dict.fromkeys(key for row in result.rows for key in row)
        kept = wanted.pop("columns", ",".join(keys)).split(",")
        if unknown := [key for key in (*wanted, *kept) if key not in keys]:
            raise MarkerError(
                f"expected columns of {suite.name} ({', '.join(keys)}) in a marker, got {unknown}"
            )
        shown = replace(suite, columns=[column for column in suite.columns if column[0] in kept])
        rows = [
            row for row in result.rows if all(str(row.get(key)) == value for key, value in wanted.items())
        ]
        origin = (
            f"`{result.command}` · {result.measured} · {result.machine.cpu}, {result.machine.cores} cores"
        )
        return f"{markdown(shown, rows)}\n\n{origin}\n"

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
