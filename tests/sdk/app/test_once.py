"""A photo that Nitido has enhanced is recognised by its mark and not enhanced a second time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido.batch import enhancing, run_folder, upscaling
from nitido.batch.journal import NAME
from nitido.cli import main, opening
from nitido.enhancer import Enhancer
from nitido.photo.mark import mark_of
from nitido.photo.model import Pixels
from nitido.photo.read import read_photo
from nitido.sizes import Size
from nitido.trigger import Improvability


@pytest.fixture
def dimming(trigger: Callable[[Pixels], Improvability]) -> Enhancer:
    """Its result would be enhanced again by its score alone."""
    return Enhancer(trigger, lambda pixels, strength: pixels // 2)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif"])
def test_an_enhanced_photo_is_copied_byte_for_byte_and_says_why(dimming, make_photo, tmp_path, suffix):
    first = dimming.file(make_photo(tmp_path / f"a.{suffix}", 20), tmp_path / f"b.{suffix}")
    second = dimming.file(tmp_path / f"b.{suffix}", tmp_path / f"c.{suffix}")
    assert (first.applied, second.applied) == (True, False)
    assert second.improvability.recommended
    assert second.reason.startswith("already enhanced (nitido ")
    assert (tmp_path / f"c.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_again_enhances_once_more_and_leaves_one_mark(dimming, make_photo, tmp_path):
    source = make_photo(tmp_path / "a.png", 20)
    dimming.file(source, source, overwrite=True)
    once = mark_of(read_photo(source).metadata.exif)
    assert dimming.file(source, source, overwrite=True, again=True).applied
    assert (read_photo(source).pixels == 5).all()
    assert mark_of(read_photo(source).metadata.exif) == once


def test_the_mark_names_the_restorer(trigger, make_photo, tmp_path):
    class Restore:
        id = "0123456789abcdef"

        def __call__(self, pixels: Pixels, strength: object) -> Pixels:
            return pixels

    Enhancer(trigger, Restore()).file(make_photo(tmp_path / "a.jpg", 20), tmp_path / "b.jpg")
    mark = mark_of(read_photo(tmp_path / "b.jpg").metadata.exif)
    assert mark is not None
    assert mark.endswith(" restore 0123456789abcdef")


def test_a_photo_left_alone_is_not_marked(dimming, make_photo, tmp_path):
    dimming.file(make_photo(tmp_path / "a.png", 240), tmp_path / "b.jpg")
    assert read_photo(tmp_path / "b.jpg").metadata.exif is None


def test_a_format_without_exif_is_enhanced_and_said_to_be_unmarked(dimming, make_photo, tmp_path):
    outcome = dimming.file(make_photo(tmp_path / "a.bmp", 20), tmp_path / "b.bmp")
    assert outcome.applied
    assert outcome.reason.endswith("; not marked as enhanced, since BMP holds no EXIF")


def test_an_exif_block_as_large_as_jpeg_allows_stays_as_it_is(dimming, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "x" * 65_480
    Image.fromarray(np.full((6, 8, 3), 20, np.uint8)).save(tmp_path / "a.jpg", exif=exif)
    outcome = dimming.file(tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert outcome.applied
    assert outcome.reason.endswith(
        "; not marked as enhanced, since its EXIF block is as large as JPEG allows"
    )
    before, after = (read_photo(tmp_path / name).metadata.exif for name in ("a.jpg", "b.jpg"))
    assert before == after
    assert dimming.file(tmp_path / "a.jpg", tmp_path / "b.png").reason.endswith("all factors")


def test_a_broken_exif_block_stays_as_it_is(dimming, tmp_path):
    Image.fromarray(np.full((6, 8, 3), 20, np.uint8)).save(tmp_path / "a.png", exif=b"Exif\0\0MM\0*no")
    outcome = dimming.file(tmp_path / "a.png", tmp_path / "b.png")
    assert outcome.applied
    assert "not marked as enhanced, since its EXIF block is broken" in outcome.reason
    assert read_photo(tmp_path / "b.png").metadata.exif == b"Exif\0\0MM\0*no"


def run(folder: Path, target: Path, enhancer: Enhancer, *, again: bool = False) -> list[tuple[str, str]]:
    work = enhancing(enhancer, again=again)
    reports = run_folder(folder, target, work, options={"again": again}, overwrite=True, again=again)
    return [(report.status, report.reason) for report in reports]


def test_a_folder_in_place_is_enhanced_once_even_without_its_journal(dimming, make_photo, tmp_path):
    photo = make_photo(tmp_path / "a.png", 20)
    assert [status for status, _ in run(tmp_path, tmp_path, dimming)] == ["enhanced"]
    (tmp_path / NAME).unlink()
    ((status, reason),) = run(tmp_path, tmp_path, dimming)
    assert (status, reason.partition(" (")[0]) == ("left alone", "already enhanced")
    assert (read_photo(photo).pixels == 10).all()


def test_again_enhances_a_folder_in_place_once_more_and_only_once(dimming, make_photo, tmp_path):
    photo = make_photo(tmp_path / "a.png", 80)
    assert [run(tmp_path, tmp_path, dimming)[0][0] for _ in range(2)] == ["enhanced", "skipped"]
    again = [run(tmp_path, tmp_path, dimming, again=True)[0][0] for _ in range(2)]
    assert again == ["enhanced", "skipped"]
    assert (read_photo(photo).pixels == 20).all()


def test_an_enhanced_photo_can_still_be_enlarged(dimming, make_photo, bicubic_enlarger, tmp_path):
    dimming.file(make_photo(tmp_path / "a.png", 20), tmp_path / "b.png")
    done = upscaling(bicubic_enlarger, Size(scale=2))(tmp_path / "b.png", tmp_path / "c.png", False)
    assert done.status == "enhanced"
    assert mark_of(read_photo(tmp_path / "c.png").metadata.exif) is not None


def test_commands_leave_an_enhanced_photo_alone_unless_asked(
    dimming, make_photo, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(opening, "open_trigger", lambda args: dimming.trigger)
    monkeypatch.setattr(opening, "open_enhancer", lambda args, threshold: dimming)
    dimming.file(make_photo(tmp_path / "a.png", 20), tmp_path / "b.png")

    def told(*words: str) -> dict[str, object]:
        assert main([*words, "--json"]) == 0
        entry: dict[str, object] = json.loads(capsys.readouterr().out)
        return entry

    assessed = told("assess", str(tmp_path / "b.png"))
    assert assessed["recommended"] is False
    assert str(assessed["untouchable"]).startswith("already enhanced")
    command = ("enhance", str(tmp_path / "b.png"), "-o")
    assert told(*command, str(tmp_path / "c.png"))["status"] == "left alone"
    assert told(*command, str(tmp_path / "d.png"), "--again")["status"] == "enhanced"
