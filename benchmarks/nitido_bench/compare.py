"""The command ``compare``: what became worse between two results, as far as the noise lets tell."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nitido_bench import results
from nitido_bench.errors import NothingToCompare
from nitido_bench.results import Result
from nitido_bench.suite import Gate, Row, Suite
from nitido_bench.suites import open_suite

Verdict = Literal["same", "worse", "better", "unclear", "missing", "new"]
TELLS_TWICE = 2.0
"""A comparison whose noise is larger than this many tolerances would miss what it is there to catch."""


@dataclass(frozen=True)
class Judged:
    """One figure of one row, before and after."""

    row: str
    column: str
    before: float | None
    after: float | None
    change: float
    """Of a ratio gate a share of the figure before, else a difference; positive is worse."""
    noise: float
    """Half of the interval in which the change of two runs of the same code lies."""
    verdict: Verdict


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("before", type=Path, help="result file")
    parser.add_argument("after", type=Path, help="result file of the same suite")


def run(args: argparse.Namespace) -> tuple[int, str]:
    """Exit status 1 when a figure is worse or a row is missing."""
    before, after = results.read(args.before), results.read(args.after)
    suite = open_suite(before.suite)
    judged = list(compare(suite, before, after))
    lines = [*remarks(before, after), table(judged)]
    counts = {verdict: sum(j.verdict == verdict for j in judged) for verdict in _MEANING}
    lines += [f"{count} {verdict}: {_MEANING[verdict]}" for verdict, count in counts.items() if count]
    return int(counts["worse"] + counts["missing"] > 0), "\n".join(lines)


_MEANING: dict[Verdict, str] = {
    "worse": "by more than the tolerance and the noise",
    "missing": "measured before, but not now",
    "unclear": "too noisy to tell; measure both again, with more --launches or on a machine that does less",
    "better": "by more than the tolerance and the noise",
    "new": "not measured before",
    "same": "within the tolerance or the noise",
}


def compare(suite: Suite, before: Result, after: Result) -> Iterator[Judged]:
    """Every gate of every row, in the order of ``before``. Raises NothingToCompare."""
    if before.suite != after.suite or not suite.gates:
        raise NothingToCompare(
            f"expected two results of one suite that has gates, got {before.suite} and {after.suite}; "
            "docs/benchmarks.md lists the suites that compare judges"
        )
    old, new = (_by_key(suite, result.rows) for result in (before, after))
    if not old.keys() & new.keys():
        raise NothingToCompare(
            f"expected rows in common, got {len(old)} and {len(new)} others; "
            "measure both with the same options"
        )
    for key in dict.fromkeys((*old, *new)):
        for gate in suite.gates:
            figures = [rows[key].get(gate.column) if key in rows else None for rows in (old, new)]
            if any(figure is not None for figure in figures):
                yield judge(key, gate, old.get(key), new.get(key))


def judge(key: str, gate: Gate, old: Row | None, new: Row | None) -> Judged:
    """One figure; where a row or its figure is missing on one side, that is the verdict."""
    if old is None or new is None or gate.column not in old or gate.column not in new:
        gone = None if old is None else old.get(gate.column)
        come = None if new is None else new.get(gate.column)
        shown = [None if value is None else float(value) for value in (gone, come)]
        return Judged(key, gate.column, shown[0], shown[1], 0.0, 0.0, "new" if gone is None else "missing")
    before, after = float(old[gate.column]), float(new[gate.column])
    sign = 1 if gate.better == "lower" else -1
    (a, noise_a), (b, noise_b) = (_figure(gate, row) for row in (old, new))
    change, noise = sign * (b - a), math.hypot(noise_a, noise_b)
    verdict: Verdict = "same"
    if abs(change) > max(gate.tolerance, noise):
        verdict = "worse" if change > 0 else "better"
    elif noise > TELLS_TWICE * gate.tolerance:
        verdict = "unclear"
    return Judged(key, gate.column, before, after, change, noise, verdict)


def _figure(gate: Gate, row: Row) -> tuple[float, float]:
    """The figure and half the width of its interval; logarithms of ratios, whose differences are shares."""
    scale = math.log if gate.ratio else float
    value = scale(float(row[gate.column]))
    if gate.interval is None:
        return value, 0.0
    low, high = (scale(float(row[column])) for column in gate.interval)
    return value, (high - low) / 2


def _by_key(suite: Suite, rows: Sequence[Row]) -> dict[str, Row]:
    """Rows that a gate judges, by the columns that name them."""
    gated = [row for row in rows if any(gate.column in row for gate in suite.gates)]
    return {" ".join(str(row[key]) for key in suite.keys if key in row): row for row in gated}


def remarks(before: Result, after: Result) -> Iterator[str]:
    """What else differs than the code, and what makes figures doubtful."""
    for name, one, other in (
        ("processor", before.machine.cpu, after.machine.cpu),
        ("cores", before.machine.cores, after.machine.cores),
        *((name, version, after.versions.get(name)) for name, version in before.versions.items()),
    ):
        if one != other:
            yield f"note: {name}: {one} before, {other} after"
    for result in (before, after):
        load = max((float(row.get("load_average", 0)) for row in result.rows), default=0.0)
        if load > result.machine.cores / 2:
            yield f"note: at commit {result.commit} the machine was busy (load {load:g})"


def table(judged: Sequence[Judged]) -> str:
    """As Markdown, what matters first."""
    lines = [
        "| verdict | row | figure | before | after | change | noise |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    for j in sorted(judged, key=lambda j: list(_MEANING).index(j.verdict)):
        shown = ["" if value is None else f"{value:.4g}" for value in (j.before, j.after)]
        words = [j.verdict, j.row, j.column, *shown, f"{j.change:+.3f}", f"{j.noise:.3f}"]
        lines.append(f"| {' | '.join(words)} |")
    return "\n".join(lines)
