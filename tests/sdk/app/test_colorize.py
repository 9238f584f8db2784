"""The colorize command, with a plain function that paints everything blue."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from nitido.chroma import is_grey
from nitido.cli import main, opening
from nitido.errors import NotGreyscale
from nitido.photo.model import Pixels
from nitido.photo.read import read_photo


def paint(pixels: Pixels, strength: float = 1.0, *, force: bool = False) -> Pixels:
    if not force and not is_grey(pixels):
        raise NotGreyscale("has colours")
    result = pixels.copy()
    result[..., 2] = result[..., 2] + round(50 * strength)
    return result


@pytest.fixture(autouse=True)
def plain_colorizer(monkeypatch):
    monkeypatch.setattr(opening, "open_colorizer", lambda args: paint)


@pytest.fixture
def folder(tmp_path) -> Path:
    source = tmp_path / "in"
    source.mkdir()
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    grey = Image.new("L", (12, 10), 100)
    grey.save(source / "grey.png", exif=exif)
    grey.convert("RGB").save(source / "rgb.png")
    Image.new("RGB", (12, 10), (200, 40, 40)).save(source / "red.jpg")
    return source


def run_json(capsys, *words: object) -> tuple[int, dict[str, dict[str, object]]]:
    status = main(["colorize", *map(str, words), "--json"])
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return status, {Path(entry["file"]).name: entry for entry in entries}


def test_greyscale_photos_become_colour_files_and_the_others_are_copied(folder, tmp_path, capsys):
    status, told = run_json(capsys, folder, "-o", tmp_path / "out")
    assert status == 0
    assert {name: entry["status"] for name, entry in told.items()} == {
        "grey.png": "enhanced",
        "rgb.png": "enhanced",
        "red.jpg": "left alone",
    }
    with Image.open(tmp_path / "out" / "grey.png") as image:
        assert image.mode == "RGB"
        assert image.getpixel((3, 3)) == (100, 100, 150)
        assert image.getexif()[0x010F] == "Maker"
    assert (tmp_path / "out" / "red.jpg").read_bytes() == (folder / "red.jpg").read_bytes()


def test_force_colorizes_what_has_colours(folder, tmp_path, capsys):
    _, told = run_json(capsys, folder, "-o", tmp_path / "out", "--force")
    assert {entry["status"] for entry in told.values()} == {"enhanced"}


def test_strength_reaches_the_colorizer(folder, tmp_path, capsys):
    run_json(capsys, folder / "grey.png", "-o", tmp_path / "out.png", "--strength", "0.5")
    assert tuple(read_photo(tmp_path / "out.png").pixels[0, 0]) == (100, 100, 125)


def test_a_second_run_skips_what_is_done_unless_the_strength_changed(folder, tmp_path, capsys):
    words = (folder, "-o", tmp_path / "out")
    run_json(capsys, *words)
    assert {entry["status"] for entry in run_json(capsys, *words)[1].values()} == {"skipped"}
    changed = run_json(capsys, *words, "--strength", "0.5", "--overwrite")[1]
    assert changed["grey.png"]["status"] == "enhanced"


def test_sixteen_bits_stay_sixteen_bits(tmp_path, capsys):
    levels = np.arange(120, dtype=np.uint16).reshape(10, 12) * 300 + 77
    Image.fromarray(levels).save(tmp_path / "deep.png")
    run_json(capsys, tmp_path / "deep.png", "-o", tmp_path / "out.png")
    result = read_photo(tmp_path / "out.png")
    assert result.metadata.mode == "RGB"
    assert result.deep is not None
    assert np.array_equal(result.deep[..., 0], levels)


def test_a_profile_of_grey_is_left_out_and_another_stays(tmp_path, capsys):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grey = srgb[:16] + b"GRAY" + srgb[20:]
    for name, profile in (("grey", grey), ("srgb", srgb)):
        Image.new("RGB", (8, 8), (90, 90, 90)).save(tmp_path / f"{name}.png", icc_profile=profile)
        run_json(capsys, tmp_path / f"{name}.png", "-o", tmp_path / f"{name}-out.png")
    assert read_photo(tmp_path / "grey-out.png").metadata.icc_profile is None
    assert read_photo(tmp_path / "srgb-out.png").metadata.icc_profile == srgb


def test_an_animation_is_left_alone(tmp_path, capsys):
    frames = [Image.new("L", (8, 8), level) for level in (10, 90)]
    frames[0].save(tmp_path / "moving.webp", save_all=True, append_images=frames[1:])
    _, told = run_json(capsys, tmp_path / "moving.webp", "-o", tmp_path / "out.webp")
    assert told["moving.webp"]["status"] == "left alone"


def test_a_strength_out_of_range_is_bad_usage(folder, tmp_path, capsys):
    assert main(["colorize", str(folder), "-o", str(tmp_path / "out"), "--strength", "2"]) == 2
    assert "from 0 to 1" in capsys.readouterr().err
