"""The quality suites measure what they say: with models whose result is known beforehand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image

import nitido
from nitido.photo.model import Pixels
from nitido_bench import quality_restore, quality_sr
from nitido_bench.cli import make_parser
from nitido_bench.suite import Row
from nitido_train.resample import bicubic_upscale

INFO = SimpleNamespace(target="function")


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """A folder laid out as the research sets, with two small photos in each."""
    coffee = skimage.data.coffee()
    for name in ("Set5", "Set14", "BSD100"):
        (tmp_path / name).mkdir()
        for index in range(2):
            crop = coffee[120 * index : 120 * index + 101, 200:307]
            Image.fromarray(crop).save(tmp_path / name / f"img_00{index + 1}.png")
    return tmp_path


class Model:
    """A stand-in for an opened model."""

    info = INFO
    scale = 2

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, pixels: Pixels) -> Pixels:
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] == 3
        result: Pixels = self.function(pixels)
        return result


def rows_of(suite: Any, words: list[str]) -> list[Row]:
    return list(suite.measure(make_parser().parse_args(words)))


def pretend(monkeypatch: pytest.MonkeyPatch, kind: str, function: Any) -> None:
    opened = SimpleNamespace(open=lambda *args, **options: Model(function))
    monkeypatch.setattr(nitido, kind, opened)


def test_an_upscaler_that_is_bicubic_scores_as_bicubic(sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "Upscaler", lambda pixels: bicubic_upscale(pixels, 2))
    rows = rows_of(quality_sr, ["quality-sr", "--data", str(sets), "--scale", "2"])
    assert [(row["set"], row["photos"]) for row in rows] == [("Set5", 2), ("Set14", 2), ("BSD100", 2)]
    assert all(row["psnr"] == row["bicubic_psnr"] and row["ssim"] == row["bicubic_ssim"] for row in rows)


def test_a_restorer_that_does_nothing_gains_nothing(sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "Restorer", lambda pixels: pixels)
    *degraded, clean = rows_of(quality_restore, ["quality-restore", "--data", str(sets)])
    assert [row["gain"] for row in degraded] == [0.0] * 4
    assert [row["worse"] for row in degraded] == [0] * 4
    assert clean["psnr"] == 99.0  # stands for "equal"


def test_the_noise_is_of_sigma_25(sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "Restorer", lambda pixels: pixels)
    noise = rows_of(quality_restore, ["quality-restore", "--data", str(sets)])[0]
    # 20 log10(255 / 25) = 20.17 dB; clipping at black and white takes a little of the noise away
    assert 20.1 < float(noise["psnr_before"]) < 21.5


def test_a_restorer_that_spoils_photos_is_seen(sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "Restorer", lambda pixels: 255 - pixels)
    *degraded, clean = rows_of(quality_restore, ["quality-restore", "--data", str(sets)])
    assert [row["worse"] for row in degraded] == [2] * 4
    assert all(float(row["worst_gain"]) <= float(row["gain"]) < 0 for row in degraded)
    assert float(clean["psnr"]) < 15
