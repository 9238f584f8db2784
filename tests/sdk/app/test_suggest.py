"""``nitido suggest``: its options, its JSON and its page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from nitido.cli import main, opening
from nitido.photo.model import Pixels
from nitido.trigger import Improvability

Run = Callable[..., tuple[int, list[dict[str, object]]]]


class DarkTrigger:
    """Dark photos would gain, from less noise above all; bright ones a little, from less blur."""

    id = "dark"
    threshold = 0.5
    thresholds: ClassVar[dict[str, float]] = {"denoise": 0.3, "deblur": 0.04}

    def __call__(self, pixels: Pixels) -> Improvability:
        score = 1.0 - float(pixels.mean()) / 255
        factors = {"denoise": score / 2, "deblur": 0.1 - score / 10}
        return Improvability.judged(score, factors, score >= self.threshold, self.thresholds)


@pytest.fixture(autouse=True)
def dark_trigger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "open_trigger", lambda args: DarkTrigger())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command with --json: its exit status and objects."""

    def run(*words: object) -> tuple[int, list[dict[str, object]]]:
        status = main(["suggest", *map(str, words), "--json"])
        return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


@pytest.fixture
def folder(make_photo, tmp_path: Path) -> Path:
    make_photo(tmp_path / "in" / "bright.png", 240)
    make_photo(tmp_path / "in" / "dark.png", 10)
    make_photo(tmp_path / "in" / "sub" / "grey.png", 120)
    return tmp_path / "in"


def test_json_says_how_much_why_and_what_to_do(folder: Path, run: Run) -> None:
    status, (best, second) = run(folder, "--workers", 1)
    assert status == 0
    assert [Path(str(entry["file"])).name for entry in (best, second)] == ["dark.png", "grey.png"]
    assert best["score"] == 1 - 10 / 255
    assert best["crossed"] == ["denoise"]
    assert best["strengths"] == {"denoise": 1.0, "deblur": 0.0}
    assert best["action"] in ("alert", "recommend", "automatic")
    assert "noisy" in str(best["reason"])
    assert second["crossed"] == ["deblur"]


def test_factor_lists_what_is_worth_it_for_that_factor_by_its_gain(folder: Path, run: Run, capsys) -> None:
    assert [Path(str(entry["file"])).name for entry in run(folder, "--factor", "deblur")[1]] == [
        "bright.png",
        "grey.png",
    ]
    assert [Path(str(entry["file"])).name for entry in run(folder, "--factor", "denoise")[1]] == ["dark.png"]
    assert len(run(folder, "--factor", "deblur", "--top", 1)[1]) == 1
    assert main(["suggest", str(folder), "--factor", "deblur"]) == 0
    head, first, second, summary = capsys.readouterr().out.splitlines()
    assert head.split() == ["score", "action", "reason", "file"]
    assert [Path(line.split()[-1]).name for line in (first, second)] == ["bright.png", "grey.png"]
    assert "2 of 3 photos suggested" in summary


def test_an_unknown_factor_is_refused_before_any_photo_is_read(folder: Path, run: Run, capsys, monkeypatch):
    monkeypatch.setattr("nitido.gallery.gallery.find_photos", None)
    assert main(["suggest", str(folder), "--factor", "denoize"]) == 2
    assert "denoise, deblur" in capsys.readouterr().err


def test_an_empty_folder_is_told_and_is_no_failure(tmp_path: Path, capsys) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").touch()
    page = tmp_path / "page.html"
    assert main(["suggest", str(tmp_path / "in"), "--html", str(page)]) == 0
    told = f"No photos below {tmp_path / 'in'}, so there is nothing to suggest; 1 file not a photo."
    assert told in capsys.readouterr().out
    assert told in page.read_text()


def test_html_writes_the_page_and_says_where(folder: Path, tmp_path: Path, capsys) -> None:
    page = tmp_path / "out" / "page.html"
    assert main(["suggest", str(folder), "--html", str(page), "--top", "1"]) == 0
    assert str(page) in capsys.readouterr().out
    text = page.read_text()
    assert "dark.png" in text
    assert "grey.png" not in text
    assert "1 of 3 photos suggested" in text


@pytest.mark.parametrize("words", [["--html", "in/dark.png"], ["--workers", "0"], ["--top", "none"]])
def test_bad_options_exit_2_and_write_nothing(
    folder: Path, tmp_path: Path, words, capsys, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = (folder / "dark.png").read_bytes()
    assert main(["suggest", str(folder), *words]) == 2
    assert capsys.readouterr().out == ""
    assert (folder / "dark.png").read_bytes() == before
