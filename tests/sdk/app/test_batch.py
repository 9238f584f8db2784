"""Folder runs: resumable, complete, and harmless to what is there."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from nitido.batch import Done, FileReport, enhancing, run_file, run_folder, upscaling
from nitido.batch.journal import NAME, FileState, Journal, Record
from nitido.enlarger import Enlarger
from nitido.errors import CannotWrite, DestinationIsSource, InvalidOption, PhotoDamaged
from nitido.photo.read import read_photo
from nitido.sizes import Size


def copy(source: Path, destination: Path, overwrite: bool) -> Done:
    """Work that takes any file."""
    if destination.exists() and not overwrite:
        raise AssertionError("asked to replace a file")
    destination.write_bytes(source.read_bytes())
    return Done("enhanced", "copied", {"score": 1.0})


def statuses(reports: list[FileReport]) -> dict[str, str]:
    return {report.source.name: report.status for report in reports}


@pytest.fixture
def folder(make_photo, tmp_path) -> Path:
    """Two photos worth it, one not."""
    make_photo(tmp_path / "in" / "a.png", 10)
    make_photo(tmp_path / "in" / "b.jpg", 20)
    make_photo(tmp_path / "in" / "c.png", 240)
    return tmp_path / "in"


def test_every_photo_has_a_counterpart_and_a_report(folder, enhancer, tmp_path):
    reports = list(run_folder(folder, tmp_path / "out", enhancing(enhancer)))
    assert statuses(reports) == {"a.png": "enhanced", "b.jpg": "enhanced", "c.png": "left alone"}
    assert (tmp_path / "out" / "c.png").read_bytes() == (folder / "c.png").read_bytes()
    assert (read_photo(tmp_path / "out" / "a.png").pixels == 250).all()
    assert "threshold" in reports[2].reason or "recommended" in reports[2].reason
    assert reports[0].details["factors"].keys() == {"denoise", "deblur"}


def test_second_run_skips_what_is_done_and_still_knows_its_scores(folder, enhancer, tmp_path):
    first = list(run_folder(folder, tmp_path / "out", enhancing(enhancer)))
    second = list(run_folder(folder, tmp_path / "out", enhancing(enhancer)))
    assert set(statuses(second).values()) == {"skipped"}
    assert second[0].reason == "already enhanced by an earlier run"
    assert second[2].reason == "already left alone by an earlier run"
    assert [report.details for report in second] == [report.details for report in first]


def test_overwrite_does_not_repeat_what_is_done(folder, tmp_path):
    list(run_folder(folder, tmp_path / "out", copy, options={"strength": 1}))
    again = list(run_folder(folder, tmp_path / "out", copy, options={"strength": 1}, overwrite=True))
    assert set(statuses(again).values()) == {"skipped"}


def test_other_options_do_it_again_only_with_overwrite(folder, tmp_path):
    list(run_folder(folder, tmp_path / "out", copy, options={"strength": 1}))
    other = list(run_folder(folder, tmp_path / "out", copy, options={"strength": 0.5}))
    assert {report.reason for report in other} == {
        "the options have changed since an earlier run made the destination; --overwrite makes it again"
    }
    other = list(run_folder(folder, tmp_path / "out", copy, options={"strength": 0.5}, overwrite=True))
    assert set(statuses(other).values()) == {"enhanced"}


def test_a_changed_photo_is_noticed(folder, make_photo, tmp_path):
    list(run_folder(folder, tmp_path / "out", copy))
    make_photo(folder / "a.png", 77)
    os.utime(folder / "a.png", (5, 5))
    report = next(iter(run_folder(folder, tmp_path / "out", copy)))
    assert (report.status, report.reason.partition(" since")[0]) == ("skipped", "the photo has changed")


def test_a_destination_that_was_deleted_is_made_again(folder, tmp_path):
    list(run_folder(folder, tmp_path / "out", copy))
    (tmp_path / "out" / "b.jpg").unlink()
    again = statuses(list(run_folder(folder, tmp_path / "out", copy)))
    assert again == {"a.png": "skipped", "b.jpg": "enhanced", "c.png": "skipped"}


def test_files_of_others_are_not_replaced_unless_asked(folder, make_photo, tmp_path):
    theirs = make_photo(tmp_path / "out" / "a.png", 99).read_bytes()
    report = next(iter(run_folder(folder, tmp_path / "out", copy)))
    assert (report.status, report.reason) == ("skipped", "the destination exists; --overwrite replaces it")
    assert (tmp_path / "out" / "a.png").read_bytes() == theirs
    assert next(iter(run_folder(folder, tmp_path / "out", copy, overwrite=True))).status == "enhanced"


def test_same_stem_with_two_suffixes_does_not_collide(enhancer, make_photo, tmp_path):
    make_photo(tmp_path / "in" / "photo.jpg", 10)
    make_photo(tmp_path / "in" / "photo.png", 10)
    list(run_folder(tmp_path / "in", tmp_path / "out", enhancing(enhancer)))
    formats = {suffix: Image.open(tmp_path / "out" / f"photo.{suffix}").format for suffix in ("jpg", "png")}
    assert formats == {"jpg": "JPEG", "png": "PNG"}


def test_destination_inside_the_source_is_not_read(folder, tmp_path):
    for _ in range(2):
        reports = list(run_folder(folder, folder / "out", copy, recursive=True))
        assert len(reports) == 3
    assert not (folder / "out" / "out").exists()


def test_in_place_takes_overwrite(folder, tmp_path):
    (tmp_path / "alias").symlink_to(folder, target_is_directory=True)
    for destination in (folder, tmp_path / "alias"):
        with pytest.raises(DestinationIsSource):
            run_folder(folder, destination, copy)


def test_in_place_never_enhances_twice(folder, enhancer):
    first = list(run_folder(folder, folder, enhancing(enhancer), overwrite=True))
    assert statuses(first)["a.png"] == "enhanced"
    for options in ({}, {"strength": 0.5}):
        again = list(run_folder(folder, folder, enhancing(enhancer), options=options, overwrite=True))
        assert again[0].reason == "already enhanced in place by an earlier run"


def test_a_file_as_destination_of_a_folder_is_bad_usage(folder, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InvalidOption, match="got the file"):
        run_folder(folder, tmp_path / "file", copy)
    with pytest.raises(CannotWrite):
        run_folder(folder, tmp_path / "file" / "out", copy)


def test_a_failing_photo_never_stops_the_run_and_is_tried_again(folder, enhancer, tmp_path):
    (folder / "a.png").write_bytes((folder / "a.png").read_bytes()[:40])
    (folder / "b.jpg").unlink()
    (folder / "b.jpg").symlink_to("gone.jpg")
    for _ in range(2):
        reports = list(run_folder(folder, tmp_path / "out", enhancing(enhancer)))
        assert statuses(reports)["a.png"] == "failed"
        assert reports[0].details["error"] == PhotoDamaged.__name__
        assert "leads nowhere" in reports[1].reason
    assert statuses(reports)["c.png"] == "skipped"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [NAME, "c.png"]


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), ZeroDivisionError(), MemoryError()]
)
def test_any_error_of_the_work_is_told_and_survived(folder, tmp_path, error):
    def work(source: Path, destination: Path, overwrite: bool) -> Done:
        if source.name == "a.png":
            raise error
        return copy(source, destination, overwrite)

    reports = list(run_folder(folder, tmp_path / "out", work))
    assert Counter(statuses(reports).values()) == {"failed": 1, "enhanced": 2}
    assert reports[0].reason


def test_a_wrong_option_stops_the_run(folder, tmp_path):
    def work(source: Path, destination: Path, overwrite: bool) -> Done:
        raise InvalidOption("expected a factor")

    with pytest.raises(InvalidOption):
        list(run_folder(folder, tmp_path / "out", work))


def test_full_disk_fails_the_rest_quickly_and_is_made_up_for_later(folder, tmp_path):
    tried = []

    def work(source: Path, destination: Path, overwrite: bool) -> Done:
        tried.append(source.name)
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise CannotWrite("expected room") from error

    reports = list(run_folder(folder, tmp_path / "out", work))
    assert tried == ["a.png"]
    assert set(statuses(reports).values()) == {"failed"}
    assert "disk is full" in reports[2].reason
    assert set(statuses(list(run_folder(folder, tmp_path / "out", copy))).values()) == {"enhanced"}


def test_disk_that_fills_in_the_journal_keeps_it_readable(folder, tmp_path, monkeypatch):
    list(run_folder(folder, tmp_path / "out", copy))
    before = (tmp_path / "out" / NAME).read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "out" / "b.jpg").unlink()
    monkeypatch.setattr(os, "fsync", full)
    report = list(run_folder(folder, tmp_path / "out", copy))[1]
    assert (report.status, report.details["error"]) == ("failed", "CannotWrite")
    assert (tmp_path / "out" / NAME).read_bytes() == before


def test_a_thousand_other_files_are_named_and_not_touched(make_photo, tmp_path):
    make_photo(tmp_path / "in" / "a.png", 10)
    for number in range(1000):
        (tmp_path / "in" / f"{number}.txt").touch()
    reports = list(run_folder(tmp_path / "in", tmp_path / "out", copy))
    others = [report for report in reports if not report.is_photo]
    assert len(others) == 1000
    assert {report.status for report in others} == {"skipped"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [NAME, "a.png"]


def test_any_file_name_survives_the_journal(make_photo, tmp_path):
    names = ["日本 📷.png", "quote\"'.png", "line\nbreak.png", os.fsdecode(b"caf\xe9.png")]
    for name in names:
        make_photo(tmp_path / "in" / "é" / "a.png", 10).rename(tmp_path / "in" / "é" / name)
    list(run_folder(tmp_path / "in", tmp_path / "out", copy, recursive=True))
    assert {path.name for path in (tmp_path / "out" / "é").iterdir()} == set(names)
    again = list(run_folder(tmp_path / "in", tmp_path / "out", copy, recursive=True))
    assert {report.reason for report in again} == {"already enhanced by an earlier run"}


def test_two_runs_into_one_folder_are_refused(folder, tmp_path):
    first = iter(run_folder(folder, tmp_path / "out", copy))
    next(first)
    with pytest.raises(CannotWrite, match="another run"):
        list(run_folder(folder, tmp_path / "out", copy))
    assert len(list(first)) == 2


def test_a_torn_line_of_the_journal_is_ignored_and_closed(tmp_path):
    state = FileState(1, 2, 3)
    with Journal(tmp_path) as journal:
        journal.write("a", Record(state, "{}", fresh=True, status="enhanced", output=state))
        journal.write("b", Record(state, "{}", fresh=True))
    torn = (tmp_path / NAME).read_bytes()[:-9]
    (tmp_path / NAME).write_bytes(torn)
    with Journal(tmp_path) as journal:
        assert journal.records.keys() == {"a"}
        journal.write("c", Record(state, "{}", fresh=False))
    with Journal(tmp_path) as journal:
        assert journal.records["a"] == Record(state, "{}", fresh=True, status="enhanced", output=state)
        assert journal.records["c"] == Record(state, "{}", fresh=False)


def test_a_journal_of_another_version_is_refused(tmp_path):
    (tmp_path / NAME).write_text(json.dumps({"journal": 99, "file": "a"}) + "\n")
    with pytest.raises(CannotWrite, match="another version"):
        Journal(tmp_path)


def test_single_file_reports_failures_and_refuses_itself(enhancer, make_photo, tmp_path):
    source = make_photo(tmp_path / "a.png", 10)
    assert run_file(source, tmp_path / "out" / "a.png", enhancing(enhancer)).status == "enhanced"
    again = run_file(source, tmp_path / "out" / "a.png", enhancing(enhancer))
    assert (again.status, again.details) == ("failed", {"error": "DestinationExists"})
    with pytest.raises(DestinationIsSource):
        run_file(source, source, enhancing(enhancer))


def test_upscaling_enlarges_photos_and_copies_animations(make_photo, bicubic_enlarger, tmp_path):
    make_photo(tmp_path / "in" / "a.png", 10)
    frames = [Image.new("RGB", (8, 6), (level, 0, 0)) for level in (0, 90)]
    frames[0].save(tmp_path / "in" / "b.gif", save_all=True, append_images=frames[1:])
    work = upscaling(bicubic_enlarger, Size(scale=2))
    reports = list(run_folder(tmp_path / "in", tmp_path / "out", work))
    assert statuses(reports) == {"a.png": "enhanced", "b.gif": "left alone"}
    assert reports[0].reason == "8x6 became 16x12"
    assert read_photo(tmp_path / "out" / "a.png").pixels.shape == (12, 16, 3)
    assert (tmp_path / "out" / "b.gif").read_bytes() == (tmp_path / "in" / "b.gif").read_bytes()


def test_upscaling_copies_what_is_as_large_already(make_photo, bicubic_enlarger, tmp_path):
    make_photo(tmp_path / "in" / "a.png", 10)
    Image.new("RGB", (40, 20), (90, 60, 30)).save(tmp_path / "in" / "b.jpg")
    reports = list(
        run_folder(tmp_path / "in", tmp_path / "out", upscaling(bicubic_enlarger, Size(to=(30, 20))))
    )
    assert statuses(reports) == {"a.png": "enhanced", "b.jpg": "left alone"}
    assert [report.reason for report in reports] == [
        "8x6 became 27x20",
        "40x20 is as large as asked for (30x15) already",
    ]
    assert reports[0].details["passes"] == (4,)
    assert (tmp_path / "out" / "b.jpg").read_bytes() == (tmp_path / "in" / "b.jpg").read_bytes()


def test_a_photo_too_small_for_the_size_fails_and_the_others_do_not(make_photo, bicubic_enlarger, tmp_path):
    make_photo(tmp_path / "in" / "a.png", 10)
    Image.new("RGB", (40, 20), (90, 60, 30)).save(tmp_path / "in" / "b.png")
    work = upscaling(bicubic_enlarger, Size(long_side=200))
    reports = list(run_folder(tmp_path / "in", tmp_path / "out", work))
    assert statuses(reports) == {"a.png": "failed", "b.png": "enhanced"}
    assert reports[0].details == {"error": "PhotoUnsupported"}


def test_a_size_that_the_format_does_not_hold_is_refused_before_the_work(make_photo, tmp_path):
    never = Enlarger({16: lambda: pytest.fail("worked in vain")})
    Image.new("RGB", (1200, 1)).save(tmp_path / "a.png")
    report = run_file(tmp_path / "a.png", tmp_path / "a.webp", upscaling(never, Size(scale=14)))
    assert (report.status, report.details) == ("failed", {"error": "CannotWrite"})
    assert "up to 16383 pixels a side, got 16800" in report.reason


KILLED = """
    import sys, time
    from pathlib import Path
    from nitido.batch import Done, run_folder
    from nitido.photo.atomic import atomic_write

    moment, source, target, overwrite = sys.argv[1], *sys.argv[2:4], sys.argv[4] == "overwrite"

    def hang():
        print("now", flush=True)
        time.sleep(600)

    def work(source, destination, overwrite):
        third = source.name == "c.png"
        if third and moment == "before":
            hang()
        with atomic_write(destination, overwrite=overwrite) as file:
            file.write(b"result of " + source.read_bytes())
            if third and moment == "within":
                hang()
        if third and moment == "after":
            hang()
        return Done("enhanced", "by the killed run", {"score": 1.0})

    for report in run_folder(source, target, work, overwrite=overwrite):
        pass
"""


def run_until_killed(moment: str, source: Path, target: Path, overwrite: bool) -> None:
    """Kill -9 at a known moment of the work on the third photo of five."""
    script = [sys.executable, "-c", textwrap.dedent(KILLED), moment, str(source), str(target)]
    with subprocess.Popen([*script, "overwrite" if overwrite else "keep"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"now\n"
        process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("moment", ["before", "within", "after"])
@pytest.mark.parametrize("in_place", [False, True])
def test_kill_9_loses_nothing_and_the_next_run_finishes(moment, in_place, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for name in "abcde":
        (source / f"{name}.png").write_bytes(name.encode())
    target = source if in_place else tmp_path / "out"
    run_until_killed(moment, source, target, overwrite=in_place)
    assert not in_place or all(
        (source / f"{name}.png").read_bytes().endswith(name.encode()) for name in "abcde"
    )

    def work(source: Path, destination: Path, overwrite: bool) -> Done:
        destination.write_bytes(b"result of " + source.read_bytes())
        return Done("enhanced", "by the second run")

    reports = list(run_folder(source, target, work, overwrite=in_place))
    third = "skipped" if moment == "after" else "enhanced"
    assert [report.status for report in reports] == ["skipped", "skipped", third, "enhanced", "enhanced"]
    assert moment != "after" or reports[2].reason == "written just before an earlier run was stopped"
    assert {path.name: path.read_bytes() for path in target.glob("*.png")} == {
        f"{name}.png": b"result of " + name.encode() for name in "abcde"
    }
    assert {path.name for path in target.iterdir()} == {NAME, *(f"{name}.png" for name in "abcde")}
    assert {report.status for report in run_folder(source, target, work, overwrite=in_place)} == {"skipped"}
