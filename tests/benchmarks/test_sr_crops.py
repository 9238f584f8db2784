"""The picture of crops: it shows where models differ, on photos and text, for bundles and checkpoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido_bench import sr_crops
from nitido_bench.cli import main
from nitido_train.resample import bicubic_upscale

ROOT = Path(__file__).parents[2]


class Bicubic:
    """An upscaler that needs no network; it may spoil a square."""

    def __init__(self, scale: int, spoilt: tuple[slice, slice] | None = None) -> None:
        self.scale, self.spoilt = scale, spoilt

    def __call__(self, pixels: sr_crops.Pixels) -> sr_crops.Pixels:
        result = bicubic_upscale(pixels, self.scale)
        if self.spoilt is not None:
            result[self.spoilt] = 255 - result[self.spoilt]
        return result


def test_the_part_shown_is_where_the_models_differ() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (125, 130, 3), np.uint8)
    spoilt = Bicubic(2, (slice(48, 72), slice(96, 120)))
    original, bicubic, first, last = sr_crops.versions(photo, [Bicubic(4), spoilt], 24)
    assert np.array_equal(original, photo[48:72, 96:120])
    assert np.array_equal(bicubic, first)
    assert np.abs(last.astype(int) - bicubic).mean() > 20


def test_small_photos_are_enlarged_as_they_are() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    spoilt = Bicubic(2, (slice(12, 36), slice(48, 72)))
    bicubic, first, last = sr_crops.enlarged(photo, [Bicubic(2), spoilt], 24)
    assert np.array_equal(bicubic, bicubic_upscale(photo, 2)[12:36, 48:72])
    assert np.array_equal(bicubic, first)
    assert np.abs(last.astype(int) - bicubic).mean() > 20


def test_a_photo_smaller_than_the_part_is_shown_whole() -> None:
    photo = np.zeros((24, 36, 3), np.uint8)
    assert [image.shape for image in sr_crops.versions(photo, [Bicubic(2)], 100)] == [(24, 36, 3)] * 3


def test_rendered_text_is_dark_on_light_and_light_on_dark() -> None:
    page = sr_crops.rendered_text().astype(int).mean(2)
    for half, background in ((page[:180], 244), (page[180:], 39)):
        assert abs(np.median(half) - background) < 3
        assert 0.02 < (np.abs(half - background) > 60).mean() < 0.4  # letters


def test_the_command_draws_a_row_per_photo_and_one_of_text(tmp_path: Path) -> None:
    photo = tmp_path / "small.png"
    Image.open(ROOT / "samples" / "coffee_sharp.jpg").crop((100, 100, 196, 172)).save(photo)
    out = tmp_path / "figures" / "crops.png"
    models = ["--model", "sr-x2", str(ROOT / "training" / "checkpoints" / "sr-x3.safetensors")]
    words = ["sr-crops", *models, "--photo", str(photo), "--text", "--side", "48", "--zoom", "2"]
    assert main([*words, "--out", str(out)]) == 0
    columns, rows, part = 4, 2, 96
    width = sr_crops.GAP + columns * (part + sr_crops.GAP)
    assert Image.open(out).size == (width, sr_crops.CAPTION + sr_crops.GAP + rows * (part + sr_crops.GAP))


def test_nothing_to_show_and_missing_captions_are_refused(tmp_path: Path) -> None:
    for words in (["--text", "--label", "one", "two"], []):
        with pytest.raises(ValueError, match="as many labels as models"):
            main(["sr-crops", "--model", "sr-x2", *words, "--out", str(tmp_path / "a.png")])
