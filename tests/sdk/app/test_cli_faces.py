"""``nitido upscale --faces``: the face network's faces are in the file, and the result says how many."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nitido
from nitido import zoo
from nitido.cli import main, opening
from nitido.enlarger import Enlarger
from nitido.faces import Face, FaceUpscaler
from nitido.photo.model import Pixels
from nitido.upscaler import Upscaler

FACE = Face((20.0, 20.0, 36.0, 36.0), ((28.0, 28.0),) * 5, 0.9)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.new("RGB", (64, 60), (100, 110, 120)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def run(
    photo: Path, out: Path, *words: str, capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, object]]:
    status = main(["upscale", str(photo), "-o", str(out), "--scale", "2", "--json", *words])
    lines = capsys.readouterr().out.splitlines()
    return status, json.loads(lines[-1]) if lines else {}


def test_small_faces_are_put_into_the_file(
    photo: Path,
    tiny_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def brighter(pixels: Pixels) -> Pixels:
        return pixels.repeat(8, 0).repeat(8, 1) + np.uint8(3)

    faces = FaceUpscaler(brighter, lambda pixels: (FACE,))
    enlarger = Enlarger({2: lambda: Upscaler.open(tiny_bundle)}, "enlarger")
    monkeypatch.setattr(opening, "open_enlarger", lambda *args: enlarger)
    monkeypatch.setattr(opening, "open_face_upscaler", lambda args: faces)
    status, entry = run(photo, tmp_path / "big.png", "--faces", capsys=capsys)
    assert (status, entry["faces"]) == (0, 1)
    assert str(entry["reason"]).endswith("small faces: 1")
    result = nitido.read_photo(tmp_path / "big.png").pixels
    assert result.shape == (120, 128, 3)
    assert (result[42:70, 42:70] == [103, 113, 123]).all()
    status, entry = run(photo, tmp_path / "plain.png", capsys=capsys)
    assert (status, "faces" in entry) == (0, False)
    plain = nitido.read_photo(tmp_path / "plain.png").pixels
    outside = np.ones(plain.shape, bool)
    outside[32:80, 32:80] = False
    assert np.array_equal(plain[outside], result[outside])


def test_a_zoo_without_the_face_network_is_bad_usage(
    photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    make_bundle: object,
) -> None:
    assert callable(make_bundle)
    make_bundle(tmp_path / "zoo" / "sr-x2", name="sr-x2")
    monkeypatch.setattr(zoo, "_ROOT", tmp_path / "zoo")
    assert main(["upscale", str(photo), "-o", str(tmp_path / "big.png"), "--scale", "2", "--faces"]) == 2
    assert "got 'face-x8'; the zoo has: sr-x2" in capsys.readouterr().err
    assert not (tmp_path / "big.png").exists()
