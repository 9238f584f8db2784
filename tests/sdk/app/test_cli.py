"""The commands, with plain functions in place of models."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from nitido.cli import main, opening, options
from nitido.enhancer import Enhancer
from nitido.errors import BundleNotFound, GoldenMismatch, NitidoError
from nitido.photo.model import Pixels
from nitido.photo.read import read_photo


@pytest.fixture(autouse=True)
def plain_models(trigger, enhancer, bicubic_enlarger, monkeypatch):
    """No command opens a bundle here."""

    def open_enhancer(args: options.Command, threshold: float | None) -> Enhancer:
        return Enhancer(enhancer.trigger, enhancer.restore, threshold=threshold)

    monkeypatch.setattr(opening, "open_trigger", lambda args: trigger)
    monkeypatch.setattr(opening, "open_enhancer", open_enhancer)
    monkeypatch.setattr(opening, "open_enlarger", lambda args, tier, sharp: bicubic_enlarger)


@pytest.fixture
def folder(make_photo, tmp_path) -> Path:
    make_photo(tmp_path / "in" / "bright.png", 240)
    make_photo(tmp_path / "in" / "dark.png", 10)
    make_photo(tmp_path / "in" / "sub" / "deep.png", 10)
    (tmp_path / "in" / "notes.txt").touch()
    return tmp_path / "in"


@pytest.fixture
def run_json(capsys) -> Callable[..., tuple[int, list[dict[str, object]]]]:
    """Run a command with --json: its exit status and its objects, nothing else being on stdout."""

    def run(*words: object) -> tuple[int, list[dict[str, object]]]:
        status = main([*map(str, words), "--json"])
        return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_assess_prints_every_photo_by_score(folder, capsys):
    assert main(["assess", str(folder / "bright.png"), str(folder / "dark.png")]) == 0
    head, first, second, summary = capsys.readouterr().out.splitlines()
    assert head.split() == ["score", "decision", "denoise", "deblur", "file"]
    assert first.split() == ["0.96", "enhance", "0.48", "0.00", str(folder / "dark.png")]
    assert second.split() == ["0.06", "leave", "alone", "0.03", "0.00", str(folder / "bright.png")]
    assert first.index("0.48") == second.index("0.03")
    assert summary == "2 photos assessed, 0 failed."


def test_assess_json_has_one_object_a_photo(folder, run_json):
    status, entries = run_json("assess", folder)
    assert status == 0
    assert [Path(entry["file"]).name for entry in entries] == ["bright.png", "dark.png"]
    assert [entry["recommended"] for entry in entries] == [False, True]
    assert entries[1]["factors"].keys() == {"denoise", "deblur"}


def test_assess_tells_which_factors_are_worth_it(folder, trigger_by_factor, run_json, monkeypatch, capsys):
    monkeypatch.setattr(opening, "open_trigger", lambda args: trigger_by_factor)
    _, (entry,) = run_json("assess", folder / "dark.png")
    assert entry["strengths"] == {"denoise": 1.0, "deblur": 0.0}
    assert entry["crossed"] == ["denoise"]
    assert main(["assess", str(folder / "dark.png")]) == 0
    assert "  enhance: denoise  " in capsys.readouterr().out


def test_enhance_tells_what_it_removed(folder, enhancer, trigger_by_factor, run_json, monkeypatch, tmp_path):
    monkeypatch.setattr(
        opening, "open_enhancer", lambda args, threshold: Enhancer(trigger_by_factor, enhancer.restore)
    )
    words = ("enhance", folder, "-o", tmp_path / "out", "--strength", "0.5")
    entries = {Path(entry["file"]).name: entry for entry in run_json(*words)[1]}
    assert entries["dark.png"]["strength"] == {"denoise": 0.5, "deblur": 0.0}
    assert entries["dark.png"]["crossed"] == ["denoise"]
    assert entries["dark.png"]["reason"].endswith(": denoise at 0.5")
    assert entries["bright.png"]["strength"] is None


def test_assess_goes_on_after_a_failure_and_says_which(folder, run_json, capsys):
    status, entries = run_json("assess", folder / "notes.txt", folder / "gone.png", folder / "dark.png")
    assert status == 1
    assert [entry.get("error") for entry in entries] == ["NotAPhoto", "NotAPhoto", None]
    assert main(["assess", str(folder / "notes.txt")]) == 1
    assert "notes.txt" in capsys.readouterr().err


def test_suggest_lists_only_what_is_worth_it(folder, run_json, capsys):
    status, entries = run_json("suggest", folder)
    assert status == 0
    assert {Path(entry["file"]).name for entry in entries} == {"dark.png", "deep.png"}
    assert len(run_json("suggest", folder, "--top", "1")[1]) == 1
    assert main(["suggest", str(folder)]) == 0
    captured = capsys.readouterr().out
    assert "bright.png" not in captured
    assert "2 of 3 photos suggested (0 newly assessed), 0 failed; 1 file not a photo." in captured


def test_suggest_fails_on_damaged_photos_by_name(folder, run_json):
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\0")
    status, entries = run_json("suggest", folder)
    assert status == 1
    assert [Path(entry["file"]).name for entry in entries if "error" in entry] == ["broken.jpg"]


def test_enhance_reports_every_file_of_a_folder(folder, run_json, tmp_path):
    status, entries = run_json("enhance", folder, "-o", tmp_path / "out", "--recursive")
    assert status == 0
    told = {Path(entry["file"]).name: entry["status"] for entry in entries}
    assert told == {
        "notes.txt": "skipped",
        "bright.png": "left alone",
        "dark.png": "enhanced",
        "deep.png": "enhanced",
    }
    assert all(entry["reason"] for entry in entries)
    assert (read_photo(tmp_path / "out" / "sub" / "deep.png").pixels == 250).all()


def test_enhance_tells_of_subfolders_and_other_files(folder, tmp_path, capsys):
    assert main(["enhance", str(folder), "-o", str(tmp_path / "out")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "notes.txt" not in "".join(lines[:-1])
    assert lines[-1].startswith(
        "2 photos: 1 enhanced, 1 left alone, 0 skipped, 0 failed; 1 file not a photo."
    )
    assert lines[-1].endswith("1 subfolder not entered (--recursive does).")


def test_enhance_again_skips_with_the_reason(folder, run_json, tmp_path):
    run_json("enhance", folder, "-o", tmp_path / "out")
    status, entries = run_json("enhance", folder, "-o", tmp_path / "out")
    assert status == 0
    assert {entry["status"] for entry in entries} == {"skipped"}
    assert {entry["reason"] for entry in entries if "score" in entry} == {
        "already enhanced by an earlier run",
        "already left alone by an earlier run",
    }


def test_threshold_decides(folder, run_json, tmp_path):
    _, entries = run_json("enhance", folder, "-o", tmp_path / "out", "--threshold", "-1")
    assert {entry["status"] for entry in entries if "score" in entry} == {"enhanced"}


def test_failed_photos_make_exit_status_1_and_are_named(folder, tmp_path, capsys):
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\0")
    assert main(["enhance", str(folder), "-o", str(tmp_path / "out")]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"failed      {folder / 'broken.jpg'}: ")
    assert "1 failed" in captured.out
    assert (tmp_path / "out" / "dark.png").exists()


@pytest.mark.parametrize("target", ["out", "out/", "out/dark.png"])
def test_single_file_goes_into_a_folder_or_under_a_name(folder, run_json, tmp_path, target):
    status, (entry,) = run_json("enhance", folder / "dark.png", "-o", f"{tmp_path}/{target}")
    assert (status, entry["status"]) == (0, "enhanced")
    assert (tmp_path / "out" / "dark.png").is_file()


def test_existing_destination_of_a_single_file_fails_unless_overwritten(folder, run_json, tmp_path):
    words = ("enhance", folder / "dark.png", "-o", tmp_path / "out.png")
    assert run_json(*words)[0] == 0
    status, (entry,) = run_json(*words)
    assert (status, entry["error"]) == (1, "DestinationExists")
    assert run_json(*words, "--overwrite")[0] == 0


def test_upscale_enlarges(folder, run_json, tmp_path):
    status, entries = run_json("upscale", folder, "-o", tmp_path / "out", "--scale", "2")
    assert status == 0
    assert {(entry["width"], entry["height"]) for entry in entries if "width" in entry} == {(16, 12)}
    assert read_photo(tmp_path / "out" / "dark.png").pixels.shape == (12, 16, 3)


def test_models_of_an_empty_zoo_is_no_error(run_json, monkeypatch):
    from nitido import zoo

    monkeypatch.setattr(zoo, "names", list)
    assert run_json("models") == (0, [])


def test_strength_is_read_per_factor():
    assert options.strength("0.5") == 0.5
    assert options.strength("denoise=0.8, deblur=0") == {"denoise": 0.8, "deblur": 0.0}


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["paint", "a.png"],
        ["assess"],
        ["enhance", "IN"],
        ["enhance", "gone.png", "-o", "OUT"],
        ["enhance", "IN", "-o", "IN"],
        ["enhance", "IN/dark.png", "-o", "IN/dark.png"],
        ["enhance", "IN", "-o", "IN/dark.png"],
        ["enhance", "IN", "-o", "OUT", "--strength", "2"],
        ["enhance", "IN", "-o", "OUT", "--strength", "denoise=1,denoise=0"],
        ["enhance", "IN", "-o", "OUT", "--threshold", "nan"],
        ["enhance", "IN", "-o", "OUT", "--report", "IN/dark.png"],
        ["enhance", "IN", "-o", "OUT", "--threads", "0"],
        ["assess", "IN", "--max-megapixels", "-1"],
        ["suggest", "gone"],
        ["suggest", "IN/dark.png"],
        ["suggest", "IN", "--top", "0"],
        ["upscale", "IN", "-o", "OUT"],
        ["upscale", "IN", "-o", "OUT", "--scale", "0.5"],
        ["upscale", "IN", "-o", "OUT", "--scale", "17"],
        ["upscale", "IN", "-o", "OUT", "--scale", "nan"],
        ["upscale", "IN", "-o", "OUT", "--scale", "2", "--long-side", "100"],
        ["upscale", "IN", "-o", "OUT", "--to", "3000"],
        ["upscale", "IN", "-o", "OUT", "--to", "0x20"],
        ["upscale", "IN", "-o", "OUT", "--long-side", "2.5"],
    ],
)
def test_bad_usage_exits_2_says_why_and_writes_nothing(words, folder, tmp_path, capsys):
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    places = {"IN": str(folder), "OUT": str(tmp_path / "out")}
    filled = [word.replace("IN", places["IN"]).replace("OUT", places["OUT"]) for word in words]
    assert main(filled) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err
    assert "Traceback" not in captured.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()} == before


def test_unknown_factor_is_refused_before_any_work(folder, trigger, monkeypatch, tmp_path, capsys):
    class Restore:
        factors = ("deblur", "denoise")

        def __call__(self, pixels: Pixels, strength: object) -> Pixels:
            raise AssertionError("worked in vain")

    monkeypatch.setattr(opening, "open_enhancer", lambda args, threshold: Enhancer(trigger, Restore()))
    assert main(["enhance", str(folder), "-o", str(tmp_path / "out"), "--strength", "colour=1"]) == 2
    assert "deblur, denoise" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status"), [(BundleNotFound("no such bundle"), 2), (GoldenMismatch("computes otherwise"), 1)]
)
def test_models_that_cannot_be_used_are_told_in_one_line(folder, monkeypatch, capsys, error, status):
    def fail(args: options.Command) -> None:
        raise error

    monkeypatch.setattr(opening, "open_trigger", fail)
    assert isinstance(error, NitidoError)
    assert main(["assess", str(folder)]) == status
    assert capsys.readouterr().err == f"nitido assess: {error}\n"


def test_ctrl_c_exits_130_and_keeps_what_is_done(folder, trigger, monkeypatch, tmp_path, capsys):
    def interrupted(pixels: Pixels, strength: object) -> Pixels:
        raise KeyboardInterrupt

    monkeypatch.setattr(opening, "open_enhancer", lambda args, threshold: Enhancer(trigger, interrupted))
    assert main(["enhance", str(folder), "-o", str(tmp_path / "out")]) == 130
    assert "run the same command again" in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "out").glob("*.*")} == {".nitido-journal.jsonl", "bright.png"}


def test_version_and_help_exit_0(capsys):
    assert main(["--version"]) == 0
    assert main(["enhance", "--help"]) == 0
    assert "nitido 0" in capsys.readouterr().out


def test_names_that_no_terminal_can_show_are_printed(make_photo, tmp_path, monkeypatch, run_json):
    odd = os.fsdecode(b"caf\xe9 \xf0\x9f\x93\xb7.png")
    make_photo(tmp_path / "in" / "a.png", 10).rename(tmp_path / "in" / odd)
    _, (entry,) = run_json("assess", tmp_path / "in")
    assert Path(entry["file"]).name == odd
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["assess", str(tmp_path / "in")]) == 0
    stream.flush()
    assert rb"caf\udce9" in stream.buffer.getvalue()


def test_a_reader_that_leaves_early_is_no_crash(make_photo, tmp_path):
    for number in range(5):
        make_photo(tmp_path / "in" / f"{number}.png", 10)
    script = """
        import sys
        from nitido.cli import main, opening
        from nitido.trigger import Improvability

        opening.open_trigger = lambda args: lambda pixels: Improvability(0.0, {}, False)
        sys.stdin.readline()
        sys.exit(main(["assess", sys.argv[1], "--json"]))
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "in")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        process.stdout.close()
        process.stdin.write(b"\n")
        process.stdin.close()
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode == 1


def test_importing_the_commands_imports_no_runtime_and_no_pixels():
    script = (
        "import sys, nitido.cli; print(sorted({'onnxruntime', 'PIL', 'numpy', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", script]) == b"[]\n"


def test_progress_is_drawn_on_a_terminal_only(monkeypatch, capsys):
    from nitido.cli.progress import Progress

    with Progress(2, "working") as progress:
        progress.update(1)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Progress(2, "working") as progress:
        progress.update(1)
        progress.update(2)
    assert "2/2" in capsys.readouterr().err
