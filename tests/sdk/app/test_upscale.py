"""``nitido upscale`` on files: sizes, folders, and what of a photo must survive."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nitido import zoo
from nitido.cli import main, opening
from nitido.photo import Metadata, Photo, read_photo, write_photo
from nitido.photo.depth import to_8_bits

Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def upscale(bicubic_enlarger, monkeypatch, capsys) -> Run:
    """``nitido upscale SRC -o DST OPTION...``, which must succeed: its JSON objects."""
    monkeypatch.setattr(opening, "open_enlarger", lambda args, tier, sharp: bicubic_enlarger)

    def run(source: Path, destination: Path, *options: str) -> list[dict[str, Any]]:
        assert main(["upscale", str(source), "-o", str(destination), *options, "--json"]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


@pytest.fixture
def photo(tmp_path) -> Path:
    """30x20 of smooth colour."""
    rows, columns = np.indices((20, 30))
    pixels = np.stack([rows * 10, columns * 8, rows + columns], axis=2).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.mark.parametrize(
    ("options", "size", "passes"),
    [
        (["--scale", "2"], (60, 40), [2]),
        (["--scale", "2.5"], (75, 50), [3]),
        (["--scale", "7"], (210, 140), [2, 4]),
        (["--to", "100x100"], (100, 67), [4]),
        (["--to", "300X50"], (75, 50), [3]),
        (["--long-side", "61"], (61, 41), [3]),
    ],
)
def test_photos_come_out_in_the_size_asked_for(upscale, photo, tmp_path, options, size, passes):
    (entry,) = upscale(photo, tmp_path / "big.png", *options)
    assert (entry["width"], entry["height"]) == size
    assert entry["passes"] == passes
    assert entry["runtime"].startswith("onnx-fp32")
    with Image.open(tmp_path / "big.png") as image:
        assert image.size == size


@pytest.mark.parametrize(
    "options", [["--long-side", "30"], ["--to", "30x30"], ["--to", "25x99"], ["--scale", "1"]]
)
def test_a_photo_as_large_already_is_copied_byte_for_byte(upscale, photo, tmp_path, options):
    (entry,) = upscale(photo, tmp_path / "same.png", *options)
    assert entry["status"] == "left alone"
    assert "30x20 is as large as asked for" in entry["reason"]
    assert (tmp_path / "same.png").read_bytes() == photo.read_bytes()


def test_a_folder_run_goes_on_where_it_was_and_notices_another_size(upscale, photo, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "in" / name).write_bytes(photo.read_bytes())
    places = tmp_path / "in", tmp_path / "out"

    def statuses(*options: str) -> list[str]:
        return [entry["status"] for entry in upscale(*places, *options)]

    assert statuses("--long-side", "50") == ["enhanced"] * 2
    (tmp_path / "out" / "b.png").unlink()
    assert statuses("--long-side", "50") == ["skipped", "enhanced"]
    for entry in upscale(*places, "--long-side", "60"):
        assert entry["reason"].startswith("the options have changed")
    assert statuses("--long-side", "60", "--overwrite") == ["enhanced"] * 2
    assert not list((tmp_path / "out").glob("*.tmp"))
    assert read_photo(tmp_path / "out" / "a.png").pixels.shape == (40, 60, 3)


@pytest.mark.parametrize("mode", ["L", "I;16"])
@pytest.mark.parametrize("options", [["--scale", "2"], ["--long-side", "50"]])
def test_greyscale_files_stay_greyscale(upscale, tmp_path, mode, options):
    levels = np.random.default_rng(0).integers(0, 65536, (20, 30), dtype=np.uint16)
    Image.fromarray(levels if mode == "I;16" else to_8_bits(levels)).save(tmp_path / "grey.png")
    upscale(tmp_path / "grey.png", tmp_path / "big.png", *options)
    with Image.open(tmp_path / "big.png") as image:
        assert image.mode == mode
    pixels = read_photo(tmp_path / "big.png").finest
    assert (pixels == pixels[..., :1]).all()


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_with_transparency_stay_and_are_real(upscale, tmp_path, suffix):
    """Levels between those of 8 bits, of a ramp that 8 bits would show as one flat level."""
    ramp = (20000 + 4 * np.arange(30))[None, :, None].repeat(20, 0).repeat(3, 2).astype(np.uint16)
    alpha = np.full((20, 30), 65535, np.uint16)
    alpha[:, 15:] = 1234
    colour, opacity = to_8_bits(ramp), to_8_bits(alpha)
    source = Photo(colour, Metadata("PNG"), opacity, bit_depth=16, deep=ramp, deep_alpha=alpha)
    path = write_photo(source, tmp_path / f"deep{suffix}")
    upscale(path, tmp_path / f"big{suffix}", "--scale", "1.5")
    big = read_photo(tmp_path / f"big{suffix}")
    assert big.bit_depth == 16
    assert big.deep is not None
    assert big.deep_alpha is not None
    steps = np.diff(big.deep[15, 8:-8, 0].astype(int))
    assert set(steps) <= {2, 3, 4}  # 4 / 1.5, rounded on the way
    assert np.unique(big.deep_alpha[:, :20]).tolist() == [65535]
    assert np.unique(big.deep_alpha[:, 25:]).tolist() == [1234]


def test_a_tier_that_is_not_there_is_bad_usage_that_names_what_is(
    photo, tmp_path, make_bundle, monkeypatch, capsys
):
    monkeypatch.setattr(zoo, "_ROOT", tmp_path / "zoo")
    make_bundle(tmp_path / "zoo" / "sr-x2-fast")
    words = ["upscale", str(photo), "-o", str(tmp_path / "big.png"), "--long-side", "50"]
    assert main([*words, "--tier", "quality", "--sharp"]) == 2
    told = capsys.readouterr().err
    assert "sr-x2-quality-sharp" in told
    assert "the zoo has: sr-x2-fast" in told
    assert main([*words, "--tier", "best"]) == 2
    assert "fast, base, quality" in capsys.readouterr().err
    assert not (tmp_path / "big.png").exists()
    assert main([*words, "--tier", "fast"]) == 0
    assert read_photo(tmp_path / "big.png").pixels.shape == (33, 50, 3)
