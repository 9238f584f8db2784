"""The suite ``faces`` measures what it says: models and a detector whose results are known beforehand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import skimage.data
from PIL import Image

import nitido
from nitido.photo.model import Pixels
from nitido_bench import faces
from nitido_bench.cli import make_parser
from nitido_bench.suite import Row
from nitido_train.face_crops import HELD_OUT
from nitido_train.resample import bicubic_upscale


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """Two pictures of 144 pixels, in which the detector sees a face of 96, and one that is too small."""
    (tmp_path / HELD_OUT).mkdir()
    coffee = skimage.data.coffee()
    for index, side in enumerate((144, 150, 100)):
        Image.fromarray(coffee[100 : 100 + side, 150 : 150 + side]).save(tmp_path / HELD_OUT / f"{index}.png")
    return tmp_path


def detect(pixels: Pixels) -> tuple[nitido.Face, ...]:
    """A face in the middle, its landmarks as far right as the picture is bright; none in a black picture."""
    if pixels.max() == 0:
        return ()
    side = len(pixels) / 1.5
    box = (side / 4, side / 4, side * 5 / 4, side * 5 / 4)
    return (nitido.Face(box, ((float(pixels[..., 1].mean()), 60.0),) * 5, 0.9),)


def measured(monkeypatch: pytest.MonkeyPatch, crops: Path, network: object) -> dict[str, Row]:
    opened = {
        "Upscaler": lambda *args, **options: network,
        "Enlarger": lambda **options: lambda pixels, size: bicubic_upscale(pixels, int(size.scale)),
        "FaceDetector": lambda *args, **options: detect,
    }
    for name, function in opened.items():
        monkeypatch.setattr(nitido, name, SimpleNamespace(open=function))
    args = make_parser().parse_args(["faces", "--data", str(crops), "--side", "12"])
    return {str(row["model"]): row for row in faces.measure(args)}


def test_equal_models_get_equal_figures_and_small_crops_are_left_out(
    crops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = measured(monkeypatch, crops, lambda pixels: bicubic_upscale(pixels, 8))
    assert list(rows) == ["bicubic", "sr", "face-x8"]
    figures = [{k: v for k, v in row.items() if k != "model"} for row in rows.values()]
    assert figures[0] == figures[1] == figures[2]
    assert (figures[0]["crops"], figures[0]["found"]) == (2, 1.0)
    assert 0 <= float(figures[0]["landmarks"]) < 1  # bicubic keeps the mean brightness


def test_a_face_that_is_lost_and_one_that_moved_are_seen(
    crops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = measured(monkeypatch, crops, lambda pixels: np.zeros((144, 144, 3), np.uint8))["face-x8"]
    assert lost["found"] == 0
    assert "landmarks" not in lost
    rows = measured(monkeypatch, crops, lambda pixels: np.maximum(bicubic_upscale(pixels, 8), 48) - 48)
    assert float(rows["face-x8"]["landmarks"]) > 10  # up to 48 of 96 pixels to the left
    assert float(rows["face-x8"]["psnr"]) < float(rows["bicubic"]["psnr"])


def test_crops_without_faces_of_the_size_are_an_error(crops: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "_truths", lambda *args: iter(()))
    with pytest.raises(FileNotFoundError, match="leave out --side 12"):
        measured(monkeypatch, crops, None)
