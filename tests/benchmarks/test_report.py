"""The report holds every table and plot, and its page needs nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nitido_bench import results
from nitido_bench.cli import main
from nitido_bench.plots import MAKERS, plots
from nitido_bench.suite import Row
from nitido_bench.suites import NAMES

RELATIVE: Row = {"relative": 1.0, "relative_low": 0.9, "relative_high": 1.1}
ROWS: dict[str, list[Row]] = {
    "latency": [
        {
            "table": "latency",
            "model": "<sr>",
            "graph": "main",
            "target": "onnx-fp32",
            "threads": 1,
            "size": "8x8",
            **RELATIVE,
        }
    ],
    "memory": [
        {"model": "restore", "megapixels": mp, "peak_mb": 200 + mp, "beside_mb": 190.0} for mp in (1, 12, 48)
    ],
    "peers": [
        {"table": "x2", "model": "sr-x2", "target": "onnx-fp32", "median_ms": 9.0, "psnr": 32.8},
        {"table": "x2", "model": "espcn", "target": "onnx-fp32", "median_ms": 4.0},
        {"table": "x2", "model": "xlsr", "target": "onnx-fp32", "median_ms": 5.0, "psnr": 32.5},
    ],
    "pipeline": [
        {"table": "steps", "step": step, "megapixels": 12.0, "median_ms": 10.0, "share": 0.5}
        for step in ("decode", "enhance", "all")
    ],
    "quality": [
        {"table": "restore", "model": m, "damage": "noise sigma", "level": level, "psnr_y": 30.0}
        for m in ("none", "restore")
        for level in ("5", "25")
    ],
    "trigger": [
        {"table": "value", "way": "trigger", "saved": 0.6, "gain_kept": 0.95},
        {
            "table": "curves",
            "predictor": "trigger",
            "share": 0.5,
            "precision": 0.9,
            "recall": 0.8,
            "saved": 0.5,
            "gain_kept": 0.95,
        },
        {"table": "reliability", "predictor": "trigger", "bin": 1, "predicted": 0.1, "true": 0.2},
        {"table": "reliability", "predictor": "trigger", "bin": 2, "predicted": 0.5, "true": 0.4},
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for suite, rows in ROWS.items():
        results.write(results.collect(suite, f"nitido-bench {suite} --a 'b & c'", rows), tmp_path / "in")
    return tmp_path / "in"


def test_every_suite_with_plots_draws_some() -> None:
    assert ROWS.keys() == MAKERS.keys()
    assert MAKERS.keys() <= set(NAMES)
    for suite, rows in ROWS.items():
        drawn = list(plots(suite, rows))
        assert drawn, suite
        assert all(svg.rstrip().endswith("</svg>") for _, svg in drawn)
    assert list(plots("bicubic", [])) == []


def test_the_same_rows_are_the_same_bytes() -> None:
    assert list(plots("peers", ROWS["peers"])) == list(plots("peers", ROWS["peers"]))


def test_who_is_not_in_the_plot_is_named_in_it() -> None:
    ((_, svg),) = plots("peers", ROWS["peers"])
    assert "no published figure: espcn" in svg
    assert "sr-x2" in svg


def test_the_page_needs_no_other_file(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["report", "--results", str(folder), "--out", str(out)]) == 0
    page = (out / "report.html").read_text()
    assert page.count("<svg") == len(list(out.glob("*.svg"))) == 9
    assert (
        re.findall(r"""(?:src|href)=["'](?!#)[^"']*""", re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL))
        == []
    )
    assert "&lt;sr&gt;" in page
    assert "<sr>" not in page
    assert "b &amp; c" in page


def test_the_markdown_shows_tables_and_plots_of_every_suite(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    main(["report", "--results", str(folder), "--out", str(out)])
    text = (out / "report.md").read_text()
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [
        n for n in NAMES if n in ROWS
    ]
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text):
        assert (out / picture).is_file()


def test_no_results_at_all_is_a_named_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--results", str(tmp_path)]) == 1
    assert "expected results in" in capsys.readouterr().err


def test_results_that_are_not_finished_stay_out(folder: Path) -> None:
    results.write(results.collect("latency", "", ROWS["latency"]), folder, partial=True)
    assert set(results.collected(folder)) == set(ROWS)
