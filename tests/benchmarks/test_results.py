"""Result files and the tables that documents take from them."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from nitido_bench import cli, readme, results
from nitido_bench.cli import make_parser
from nitido_bench.suite import Row, Suite, markdown
from nitido_bench.suites import NAMES, open_suite

SUITE = Suite(
    name="example",
    help="",
    arguments=lambda parser: None,
    measure=lambda args: iter(()),
    columns=(("set", "set", ""), ("psnr", "PSNR", ".2f"), ("gain", "gain", "+.1f")),
)
ROWS: list[Row] = [
    {"set": "Set5", "scale": 2, "psnr": 37.251, "gain": -0.04},
    {"set": "Set5", "scale": 4, "psnr": 31},
]


def test_a_result_survives_writing_and_reading(tmp_path: Path) -> None:
    result = results.collect("example", "nitido-bench example", ROWS)
    assert results.read(results.write(result, tmp_path)) == result


def test_a_result_says_on_what_it_was_measured() -> None:
    result = results.collect("example", "nitido-bench example", ROWS)
    assert result.machine.cpu
    assert result.machine.cores >= 1
    assert {"numpy", "pillow", "onnxruntime"} <= result.versions.keys()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 99}, "expected schema 1"),
        ({"surprise": 1}, "surprise"),
        ({"machine": {"cpu": "x"}}, "in machine: 'cores' is a required property"),
        ({"rows": [{"psnr": [1, 2]}]}, "in rows/0/psnr"),
        ({"measured": "yesterday"}, "in measured"),
    ],
)
def test_a_result_of_another_schema_is_refused(tmp_path: Path, change: dict[str, object], words: str) -> None:
    file = tmp_path / "example.json"
    file.write_text(json.dumps(asdict(results.collect("example", "", ROWS)) | change))
    with pytest.raises(results.ResultError, match=words):
        results.read(file)


def test_a_result_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "example.json").write_text("{")
    with pytest.raises(results.ResultError, match="expected JSON"):
        results.read(tmp_path / "example.json")


def test_what_no_one_could_read_is_not_written(tmp_path: Path) -> None:
    rows: list[Row] = [{"psnr": [1]}]  # type: ignore[dict-item]  # what a careless suite would yield
    with pytest.raises(results.ResultError, match="rows/0/psnr"):
        results.write(results.collect("example", "", rows), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_finished_result_takes_the_place_of_an_unfinished_one(tmp_path: Path) -> None:
    result = results.collect("example", "", ROWS)
    unfinished = results.write(result, tmp_path, partial=True)
    assert unfinished.name == "example.partial.json"
    finished = results.write(result, tmp_path)
    assert list(tmp_path.iterdir()) == [finished]


def test_committed_results_follow_the_schema() -> None:
    assert results.collected(Path(__file__).parents[2] / "benchmarks" / "results")


def test_a_suite_that_fails_keeps_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(args: argparse.Namespace) -> Iterator[Row]:
        yield ROWS[0]
        raise results.ResultError("expected better weather")

    monkeypatch.setattr(cli, "open_suite", lambda name: replace(SUITE, name=name, measure=measure))
    assert cli.main(["import-time", "--out", str(tmp_path)]) == 1
    assert "expected better weather" in capsys.readouterr().err
    (file,) = tmp_path.iterdir()
    assert results.read(file).rows == ROWS[:1]


def test_a_board_without_torch_can_measure_latency() -> None:
    code = """
import sys
for name in ("torch", "litert_torch", "skimage", "pyarrow"):
    sys.modules[name] = None
from nitido_bench.cli import make_parser, main
for name in ("latency", "pipeline", "devices", "memory", "import-time", "gate"):
    make_parser([name])
assert main(["peers"]) == 1
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "expected the package torch for the suite peers" in done.stderr


def test_a_table_has_the_columns_of_its_suite_and_leaves_missing_values_empty() -> None:
    assert markdown(SUITE, ROWS).splitlines() == [
        "| set | PSNR | gain |",
        "|---|---:|---:|",
        "| Set5 | 37.25 | -0.0 |",
        "| Set5 | 31.00 |  |",
    ]


def test_each_named_table_has_the_columns_that_it_fills() -> None:
    named: list[Row] = [{"table": "a", "set": "x"}, {"table": "b", "psnr": 1.0}, {"table": "a", "gain": 2.0}]
    first, second = markdown(SUITE, named).split("\n\n")
    assert first.splitlines() == ["| set | gain |", "|---|---:|", "| x |  |", "|  | +2.0 |"]
    assert second.splitlines() == ["| PSNR |", "|---:|", "| 1.00 |"]


def test_a_marker_may_name_a_column_that_not_every_row_has(tmp_path: Path) -> None:
    document = tmp_path / "README.md"
    document.write_text("<!-- figures: example gain=-0.04 -->\n<!-- end figures -->\n")
    result = results.collect("example", "", list(reversed(ROWS)))
    readme.update([document], {"example": readme.table(SUITE, result)})
    assert "| 37.25 |" in document.read_text()
    assert "| 31.00 |" not in document.read_text()


def test_markers_are_filled_and_filled_again_without_change(tmp_path: Path) -> None:
    document = tmp_path / "README.md"
    document.write_text("before\n<!-- figures: example scale=4 -->\nold\n<!-- end figures -->\nafter\n")
    tables = {"example": readme.table(SUITE, results.collect("example", "nitido-bench example", ROWS))}
    assert readme.update([document], tables) == [document]
    text = document.read_text()
    assert "| Set5 | 31.00 |" in text
    assert "37.25" not in text
    assert "old" not in text
    assert text.startswith("before\n<!-- figures: example scale=4 -->\n|")
    assert text.endswith("<!-- end figures -->\nafter\n")
    assert readme.update([document], tables) == []


def test_a_marker_whose_suite_was_not_measured_keeps_its_text(tmp_path: Path) -> None:
    document = tmp_path / "README.md"
    document.write_text("<!-- figures: example -->\nold\n<!-- end figures -->\n")
    assert readme.update([document], {}) == []
    assert "old" in document.read_text()


def test_a_marker_keeps_the_columns_that_it_names(tmp_path: Path) -> None:
    document = tmp_path / "README.md"
    document.write_text("<!-- figures: example scale=2 columns=gain,set -->\n<!-- end figures -->\n")
    readme.update([document], {"example": readme.table(SUITE, results.collect("example", "", ROWS))})
    assert "| set | gain |\n|---|---:|\n| Set5 | -0.0 |\n" in document.read_text()


@pytest.mark.parametrize("marker", ["example size=4", "example columns=set,size"])
def test_a_marker_that_names_an_unknown_column_is_an_error(tmp_path: Path, marker: str) -> None:
    document = tmp_path / "README.md"
    document.write_text(f"<!-- figures: {marker} -->\n<!-- end figures -->\n")
    tables = {"example": readme.table(SUITE, results.collect("example", "", ROWS))}
    with pytest.raises(readme.MarkerError, match="size"):
        readme.update([document], tables)


def test_every_suite_writes_its_own_result_file() -> None:
    assert all(open_suite(name).name == name for name in NAMES)
    parsed = make_parser().parse_args(["import-time", "--runs", "2"])
    assert parsed == argparse.Namespace(suite="import-time", out=None, runs=2)
