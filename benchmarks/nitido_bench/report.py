"""The command ``report``: results as Markdown with plots beside it, and as one HTML page."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from nitido_bench import results
from nitido_bench.errors import PackageMissing, ResultError
from nitido_bench.results import Result
from nitido_bench.suite import Row, Suite, by_table, columns_of, markdown, shown
from nitido_bench.suites import NAMES, open_suite


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--results", type=Path, default=results.FOLDER, help=f"(default: {results.FOLDER})")
    parser.add_argument("--out", type=Path, default=Path("runs/report"), help="folder (default: runs/report)")


def run(args: argparse.Namespace) -> tuple[int, str]:
    """Write ``report.md``, its plots, and ``report.html``. Raises ResultError, PackageMissing."""
    measured = results.collected(args.results)
    found = [(open_suite(name), measured[name]) for name in NAMES if name in measured]
    if not found:
        raise ResultError(f"expected results in {args.results}, found none; measure a suite first")
    args.out.mkdir(parents=True, exist_ok=True)
    page, text = [], ["# Measured"]
    for suite, result in found:
        drawn = _plots(suite.name, result.rows)
        for title, svg in drawn:
            (args.out / _file(title)).write_text(svg, encoding="utf-8")
        pictures = [f"![{title}]({_file(title)})" for title, _ in drawn]
        tables = markdown(suite, result.rows)
        text += [f"## {suite.name}", f"{suite.help}.", origin(result), tables, *pictures]
        page.append(section(suite, result, drawn))
    markdown_file, html_file = args.out / "report.md", args.out / "report.html"
    markdown_file.write_text("\n\n".join(text) + "\n", encoding="utf-8")
    template = Template(resources.files("nitido_bench").joinpath("report.html").read_text(encoding="utf-8"))
    links = "".join(f'<a href="#{suite.name}">{suite.name}</a> ' for suite, _ in found)
    html_file.write_text(template.substitute(links=links, sections="\n".join(page)), encoding="utf-8")
    return 0, f"{markdown_file}\n{html_file}"


def _plots(suite: str, rows: Sequence[Row]) -> list[tuple[str, str]]:
    try:
        from nitido_bench.plots import plots
    except ImportError as error:
        raise PackageMissing(
            f"expected the package {error.name} for plots; pip install 'nitido[bench]'"
        ) from error
    return list(plots(suite, rows))


def _file(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") + ".svg"


def origin(result: Result) -> str:
    """Where and how a suite was measured."""
    machine = result.machine
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    return (
        f"`{result.command}` · {result.measured} · commit {result.commit} · {machine.cpu}, "
        f"{machine.cores} cores, governor {machine.governor}, {machine.memory_gib:g} GiB, {machine.system}, "
        f"Python {machine.python} · {versions}"
    )


def section(suite: Suite, result: Result, plots: Iterable[tuple[str, str]]) -> str:
    """A suite as HTML: its plots, its tables, and where it was measured."""
    pictures = "".join(
        f"<figure><figcaption>{escape(title)}</figcaption>{svg[svg.index('<svg') :]}</figure>"
        for title, svg in plots
    )
    tables = "".join(_table(suite, rows) for rows in by_table(result.rows).values())
    return (
        f'<section id="{suite.name}"><h2>{suite.name}</h2><p>{escape(suite.help)}.</p>{pictures}{tables}'
        f'<p class="quiet">{escape(origin(result)).replace("`", "")}</p></section>'
    )


def _table(suite: Suite, rows: Sequence[Row]) -> str:
    columns = columns_of(suite, rows)
    head = "".join(f"<th>{escape(heading)}</th>" for _, heading, _ in columns)
    body = "".join(f"<tr>{''.join(_cells(columns, row))}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _cells(columns: Sequence[tuple[str, str, str]], row: Row) -> Iterator[str]:
    for key, _, form in columns:
        kind = ' class="number"' if form else ""
        yield f"<td{kind}>{escape(shown(row.get(key), form))}</td>"
