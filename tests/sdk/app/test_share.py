"""The share command, with a network that takes the mean, and real codecs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from nitido.cli import main, opening
from nitido.sharing import Downscaler


@pytest.fixture(autouse=True)
def plain_downscaler(monkeypatch: pytest.MonkeyPatch, halving_downscaler: Callable[[], Downscaler]) -> None:
    monkeypatch.setattr(opening, "open_downscaler", lambda args, bundle: halving_downscaler())


def textured(width: int, height: int, mode: str = "RGB") -> Image.Image:
    rng = np.random.default_rng(width)
    levels = rng.integers(0, 256, (height // 4 + 1, width // 4 + 1, 3), dtype=np.uint8)
    return Image.fromarray(levels).resize((width, height), Image.Resampling.BICUBIC).convert(mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "in"
    source.mkdir()
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769)[0xA002] = 400
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    textured(400, 300).save(source / "a.jpg", quality=95, exif=exif, icc_profile=profile)
    textured(301, 401).save(source / "b.png")
    textured(40, 30).save(source / "small.jpg", quality=30)
    return source


def run_json(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, dict[str, Any]]]:
    status = main(["share", *map(str, words), "--json"])
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return status, {Path(entry["file"]).name: entry for entry in entries}


def test_photos_become_small_files_with_their_metadata(folder, tmp_path, capsys):
    os.utime(folder / "a.jpg", ns=(10**18, 10**18))
    status, told = run_json(capsys, folder, "-o", tmp_path / "out", "--long-side", 200)
    assert status == 0
    assert told["a.jpg"]["status"] == told["b.png"]["status"] == "enhanced"
    with Image.open(tmp_path / "out" / "a.jpg") as image, Image.open(folder / "a.jpg") as original:
        assert image.size == (200, 150)
        assert image.getexif()[0x010F] == "Maker"
        assert image.getexif().get_ifd(0x8769)[0xA002] == 200
        assert image.info["icc_profile"] == original.info["icc_profile"]
        small = original.convert("L").resize((200, 150), Image.Resampling.BOX)
        assert np.abs(np.asarray(image.convert("L"), float) - np.asarray(small, float)).mean() < 6  # of 75
    assert (tmp_path / "out" / "a.jpg").stat().st_mtime_ns == 10**18
    with Image.open(tmp_path / "out" / "b.jpg") as image:
        assert image.size == (150, 200)
    assert told["a.jpg"]["bytes"] == (tmp_path / "out" / "a.jpg").stat().st_size


def test_what_is_small_enough_is_copied(folder, tmp_path, capsys):
    _, told = run_json(capsys, folder, "-o", tmp_path / "out", "--long-side", 200)
    assert told["small.jpg"]["status"] == "left alone"
    assert (tmp_path / "out" / "small.jpg").read_bytes() == (folder / "small.jpg").read_bytes()


@pytest.mark.parametrize("codec", ["jpeg", "webp", "avif"])
def test_a_budget_is_met_at_the_finest_quality_that_fits(folder, tmp_path, capsys, codec):
    suffix = {"jpeg": ".jpg"}.get(codec, f".{codec}")
    target = tmp_path / f"out{suffix}"
    words = (folder / "a.jpg", "-o", target, "--long-side", 200, "--codec", codec)
    free = run_json(capsys, *words)[1]["a.jpg"]
    status, told = run_json(capsys, *words, "--max-bytes", free["bytes"] * 2 // 3, "--overwrite")
    assert status == 0
    assert target.stat().st_size <= free["bytes"] * 2 // 3
    assert 10 <= told["a.jpg"]["quality"] < 75
    with Image.open(target) as image:
        assert image.format == codec.upper()
        assert image.size == (200, 150)


def test_a_budget_that_cannot_be_met_gives_the_smallest_file_and_an_exit_code(folder, tmp_path, capsys):
    status, told = run_json(
        capsys, folder / "a.jpg", "-o", tmp_path / "out.jpg", "--long-side", 200, "--max-bytes", "0.5k"
    )
    assert status == 1
    assert told["a.jpg"]["status"] == "failed"
    assert "more than the 500 asked for, even at a quality of 10" in told["a.jpg"]["reason"]
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.size == (200, 150)


def test_a_second_run_skips_what_is_done_in_another_format(folder, tmp_path, capsys):
    words = (folder, "-o", tmp_path / "out", "--long-side", 100, "--codec", "webp")
    assert {entry["status"] for entry in run_json(capsys, *words)[1].values()} == {"enhanced"}
    assert sorted(file.name for file in (tmp_path / "out").glob("[!.]*")) == [
        "a.webp",
        "b.webp",
        "small.webp",
    ]
    assert {entry["status"] for entry in run_json(capsys, *words)[1].values()} == {"skipped"}


def test_two_photos_of_one_name_stay_two_files(folder, tmp_path, capsys):
    textured(120, 80).save(folder / "a.png")
    status, _ = run_json(capsys, folder, "-o", tmp_path / "out", "--long-side", 100)
    assert status == 0
    names = sorted(file.name for file in (tmp_path / "out").glob("[!.]*"))
    assert names == ["a.jpg", "a.png.jpg", "b.jpg", "small.jpg"]


def test_transparency_is_kept_or_refused(folder, tmp_path, capsys):
    image = textured(100, 80, "RGBA")
    image.putalpha(Image.linear_gradient("L").resize((100, 80)))
    image.save(folder / "clear.png")
    words = (folder / "clear.png", "--long-side", 50)
    status, told = run_json(capsys, *words, "-o", tmp_path / "clear.jpg")
    assert status == 1
    assert "no transparency" in told["clear.png"]["reason"]
    assert not (tmp_path / "clear.jpg").exists()
    assert run_json(capsys, *words, "-o", tmp_path / "clear.webp", "--codec", "webp")[0] == 0
    with Image.open(tmp_path / "clear.webp") as shared:
        assert shared.mode == "RGBA"


def test_originals_are_never_overwritten_unasked(folder, capsys):
    before = (folder / "a.jpg").read_bytes()
    assert run_json(capsys, folder / "a.jpg", "-o", folder / "a.jpg", "--long-side", 100)[0] == 2
    assert (folder / "a.jpg").read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ("--long-side", "0"),
        ("--long-side", "100", "--max-bytes", "few"),
        ("--long-side", "100", "--codec", "gif"),
        ("--long-side", "100", "--quality", "101"),
        ("--long-side", "100", "--detail", "2"),
        ("--long-side", "100", "--codec", "webp"),  # into a .jpg
        (),
    ],
)
def test_nonsense_is_bad_usage(folder, tmp_path, words):
    assert main(["share", str(folder / "a.jpg"), "-o", str(tmp_path / "x.jpg"), *words]) == 2
