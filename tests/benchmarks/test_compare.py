"""``compare`` catches what became worse, and leaves the same code alone; times are simulated."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from nitido_bench import gate, latency, results
from nitido_bench.cli import main
from nitido_bench.compare import compare, judge, remarks
from nitido_bench.errors import NothingToCompare
from nitido_bench.results import Result
from nitido_bench.suite import Gate, Row
from nitido_bench.suites import open_suite
from nitido_bench.timing.spread import ratio
from nitido_bench.timing.stopwatch import Turns

TIMES = Gate("relative", "lower", 0.05, ("relative_low", "relative_high"), ratio=True)
DECIBELS = Gate("psnr", "higher", 0.02)
FIGURES = 12


def times(rng: np.random.Generator, seconds: float, effort: tuple[int, int]) -> Turns:
    """As on a machine whose launches differ by 1 % and whose turns differ by 4 %."""
    launches, rounds = effort
    return [
        [[seconds * float(np.exp(rng.normal(place, 0.04)))] for _ in range(rounds)]
        for place in rng.normal(0, 0.01, launches)
    ]


def simulated(seed: int, slow: float = 0.0) -> Result:
    """A run of ``latency`` on such a machine, which is faster or slower on the whole each time."""
    rng = np.random.default_rng(seed)
    effort = (latency.QUICK.launches, latency.QUICK.rounds)
    busy = rng.uniform(1, 2)
    rows: list[Row] = []
    for number in range(FIGURES):
        own, convolution = times(rng, busy * (1 + slow) * (1 + number), effort), times(rng, busy, effort)
        who: Row = {"table": "latency", "model": f"model {number}", "threads": 2}
        rows.append({**who, **ratio(own, convolution).row("relative")})
    return results.collect("latency", "", rows)


def test_twenty_runs_of_the_same_code_raise_at_most_one_false_alarm() -> None:
    first = simulated(0)
    flagged = [gate.judged(first, simulated(seed))["flagged"] for seed in range(1, 21)]
    assert flagged.count("yes") <= 1


def test_a_slowdown_of_a_tenth_is_caught_every_time() -> None:
    first = simulated(0)
    for seed in range(1, 21):
        found = gate.judged(first, simulated(seed, slow=0.1))
        assert found["flagged"] == "yes"
        assert int(found["worse"]) >= FIGURES - 2  # of twelve figures, all but the noisiest


def test_noise_that_hides_what_is_looked_for_is_not_called_the_same() -> None:
    noisy: Row = {"relative": 1.0, "relative_low": 0.8, "relative_high": 1.25}
    assert judge("row", TIMES, noisy, noisy).verdict == "unclear"
    assert (
        judge("row", TIMES, noisy, {"relative": 2.0, "relative_low": 1.8, "relative_high": 2.2}).verdict
        == "worse"
    )


def test_better_and_worse_depend_on_the_figure() -> None:
    low, high = {"psnr": 30.0}, {"psnr": 30.5}
    assert judge("row", DECIBELS, low, high).verdict == "better"
    assert judge("row", DECIBELS, high, low).verdict == "worse"
    assert judge("row", DECIBELS, low, {"psnr": 29.99}).verdict == "same"
    quick, slow = ({"relative": v, "relative_low": v, "relative_high": v} for v in (1.0, 1.1))
    assert judge("row", TIMES, quick, slow).verdict == "worse"
    assert judge("row", TIMES, slow, quick).verdict == "better"


def sr_result(**psnr: float) -> Result:
    rows: list[Row] = [
        {"model": name, "scale": 2, "set": "Set5", "psnr": value} for name, value in psnr.items()
    ]
    return results.collect("quality-sr", "nitido-bench quality-sr", rows)


def test_rows_are_matched_by_what_names_them_and_those_that_vanish_are_told() -> None:
    suite = open_suite("quality-sr")
    found = list(compare(suite, sr_result(a=30, b=31), sr_result(b=31, c=32)))
    assert [(one.row, one.verdict) for one in found] == [
        ("a 2 Set5", "missing"),
        ("b 2 Set5", "same"),
        ("c 2 Set5", "new"),
    ]


def test_results_that_cannot_be_compared_are_refused() -> None:
    suite = open_suite("quality-sr")
    with pytest.raises(NothingToCompare, match="rows in common"):
        list(compare(suite, sr_result(a=30), sr_result(b=30)))
    with pytest.raises(NothingToCompare, match="one suite that has gates"):
        list(compare(suite, sr_result(a=30), replace(sr_result(a=30), suite="int8")))
    with pytest.raises(NothingToCompare, match="one suite that has gates"):
        list(compare(open_suite("labels"), *[replace(sr_result(a=30), suite="labels")] * 2))


def test_a_result_of_a_suite_that_is_not_known_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = results.write(replace(sr_result(a=30), suite="nonsense"), tmp_path)
    assert main(["compare", str(file), str(file)]) == 1
    assert "expected a suite among" in capsys.readouterr().err


def test_the_exit_status_is_for_ci(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, old = (tmp_path / name for name in ("good", "bad", "old"))
    before, after = results.write(sr_result(a=30), good), results.write(sr_result(a=29.5), bad)
    assert main(["compare", str(before), str(before)]) == 0
    assert main(["compare", str(before), str(after)]) == 1
    assert "| worse | a 2 Set5 | psnr | 30 | 29.5 | +0.500 |" in capsys.readouterr().out
    old.mkdir()
    (old / "old.json").write_text(json.dumps(asdict(sr_result(a=30)) | {"schema": 0}))
    assert main(["compare", str(before), str(old / "old.json")]) == 1
    assert "expected schema 1" in capsys.readouterr().err


def test_what_else_changed_between_two_results_is_said() -> None:
    before = sr_result(a=30)
    versions = before.versions | {"numpy": "0"}
    rows: list[Row] = [{"load_average": 9.0}]
    after = replace(
        before, versions=versions, machine=replace(before.machine, cpu="another", cores=2), rows=rows
    )
    said = "\n".join(remarks(before, after))
    assert "processor: " in said
    assert "another after" in said
    assert "numpy: " in said
    assert "the machine was busy (load 9)" in said


def test_every_gate_judges_columns_that_its_suite_shows() -> None:
    for name in (
        "latency",
        "peers",
        "pipeline",
        "devices",
        "quality",
        "quality-sr",
        "int8",
        "parity",
        "memory",
    ):
        suite = open_suite(name)
        columns = {key for key, _, _ in suite.columns}
        assert suite.gates, name
        assert suite.keys, name
        for one in suite.gates:
            assert one.column in columns | {"relative"}, name


def test_the_planted_run_is_slower_and_the_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    import argparse

    seeds = iter(range(100))
    asked: list[float] = []

    def measure(args: argparse.Namespace) -> list[Row]:
        asked.append(args.slow)
        return simulated(next(seeds), args.slow).rows

    monkeypatch.setattr(latency, "measure", measure)
    rows = list(gate.measure(argparse.Namespace(runs=3, planted=0.1, slow=0.0)))
    assert asked == [0.0] * 4 + [0.1] * 2
    assert Counter(row["flagged"] for row in rows[-2:]) == {"yes": 2}
    assert [row["run"] for row in rows][-1] == "10% slower, 2"
