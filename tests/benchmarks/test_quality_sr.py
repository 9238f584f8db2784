"""The suite of super-resolution: any bundle, figures that are known beforehand, and the ones that ship."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import skimage.data
from PIL import Image

import nitido
from nitido.photo.model import Pixels
from nitido_bench import quality_sr
from nitido_bench.cli import make_parser
from nitido_bench.suite import Row, markdown
from nitido_train.metrics import gradient_error
from nitido_train.resample import bicubic_downscale, bicubic_upscale

SAMPLE = Path(__file__).parents[2] / "samples" / "coffee_sharp.jpg"


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """A folder laid out as the research sets, with two small photos in each."""
    for name in ("Set5", "Set14", "BSD100"):
        (tmp_path / name).mkdir()
        for index in range(2):
            crop = Image.open(SAMPLE).crop((200, 60 * index, 307, 60 * index + 101))
            crop.save(tmp_path / name / f"img_00{index + 1}.png")
    return tmp_path


def rows_of(*words: str) -> list[Row]:
    return list(quality_sr.SUITE.measure(make_parser().parse_args(["quality-sr", *words])))


def test_an_upscaler_that_is_bicubic_scores_as_bicubic(sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Bicubic:
        info, scale = SimpleNamespace(target="function"), 2

        def __call__(self, pixels: Pixels) -> Pixels:
            return bicubic_upscale(pixels, 2)

    monkeypatch.setattr(nitido, "Upscaler", SimpleNamespace(open=lambda *args, **options: Bicubic()))
    rows = rows_of("--data", str(sets), "--bundle", "sr-x2")
    assert [(row["set"], row["photos"]) for row in rows] == [("Set5", 2), ("Set14", 2), ("BSD100", 2)]
    assert all(row["psnr"] == row["bicubic_psnr"] and row["ssim"] == row["bicubic_ssim"] for row in rows)
    assert all(float(row["gradient_error"]) > 1 for row in rows)


def test_the_shipped_models_are_measured_by_scale_and_size(sets: Path) -> None:
    rows = rows_of("--data", str(sets), "--scale", "2", "3", "--limit", "1")
    # A checkpoint whose recipe did not count its parameters has none.
    sizes = [(int(row["scale"]), int(row.get("parameters", 0))) for row in rows]
    assert sizes == sorted(sizes)
    assert {row["scale"] for row in rows} == {2, 3}
    assert {row["model"] for row in rows} >= {"sr-x2", "sr-x3"}
    plain = [row for row in rows if row["model"] == "sr-x2"]
    assert all(float(row["psnr"]) > float(row["bicubic_psnr"]) for row in plain)
    assert f"| {plain[0]['parameters']:,} |" in markdown(quality_sr.SUITE, plain)


def test_any_folder_of_a_bundle_can_be_measured(sets: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(nitido.zoo.folder("sr-x3"), folder)
    rows = rows_of("--data", str(sets), "--bundle", str(folder), "--limit", "1", "--runtime", "onnx")
    assert [row["model"] for row in rows] == ["sr-x3"] * 3
    assert rows[0]["target"] == "onnx-fp32"


def test_feature_distance_is_a_column_where_the_network_is_given(sets: Path, squeezenet: Path) -> None:
    words = ("--data", str(sets), "--bundle", "sr-x2", "--limit", "1")
    with_it = rows_of(*words, "--squeezenet", str(squeezenet))
    assert all(0 < float(row["feature_distance"]) < 1 for row in with_it)
    assert "feature distance" in markdown(quality_sr.SUITE, with_it)
    assert "feature distance" not in markdown(quality_sr.SUITE, rows_of(*words))


def test_error_of_gradients_sees_blur_and_not_brightness() -> None:
    photo = skimage.data.coffee()[100:196, 200:296]
    errors = [
        gradient_error(bicubic_upscale(bicubic_downscale(photo, scale), scale), photo, 4)
        for scale in (2, 3, 4)
    ]
    assert errors == sorted(errors)
    grey = photo[..., 1] // 2
    assert gradient_error(grey, grey + np.uint8(20)) < 1e-9
