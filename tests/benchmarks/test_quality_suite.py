"""Suite ``quality``: its figures on pictures whose figures are known, and its grids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image
from skimage.metrics import structural_similarity

from nitido.errors import InvalidOption
from nitido.photo.model import Pixels
from nitido_bench import quality
from nitido_bench.cli import make_parser
from nitido_bench.quality_figures import EQUAL, figures, flip, ms_ssim
from nitido_bench.suite import markdown

PHOTO: Pixels = skimage.data.coffee()[100:300, 200:420]


def test_equal_pictures_are_perfect_by_every_figure() -> None:
    found = figures(PHOTO, PHOTO, 2)
    assert (found["psnr_y"], found["psnr_rgb"]) == (EQUAL, EQUAL)
    assert [found[name] for name in ("ssim_y", "ssim_rgb", "ms_ssim")] == pytest.approx([1, 1, 1])
    assert found["flip"] == 0


def test_a_known_error_has_the_known_psnr() -> None:
    lifted = (np.clip(PHOTO, 0, 250) + 5).astype(np.uint8)
    found = figures(lifted, np.clip(PHOTO, 0, 250), 0)
    assert found["psnr_rgb"] == pytest.approx(20 * np.log10(255 / 5))
    # luma of studio range: five grey levels are 5 x 219 / 255, rounded to 4 or 5
    assert 20 * np.log10(255 / 5) < found["psnr_y"] < 20 * np.log10(255 / 4)


def test_a_border_is_left_out_of_every_figure() -> None:
    framed = PHOTO.copy()
    framed[:3], framed[-3:], framed[:, :3], framed[:, -3:] = 0, 0, 0, 0
    assert figures(framed, PHOTO, 3)["flip"] == 0
    assert figures(framed, PHOTO, 3)["psnr_rgb"] == EQUAL
    assert figures(framed, PHOTO, 2)["psnr_rgb"] < 40


def test_ssim_of_rgb_is_the_mean_over_channels_of_an_independent_implementation() -> None:
    noisy = np.clip(PHOTO + np.random.default_rng(0).normal(0, 12, PHOTO.shape), 0, 255).astype(np.uint8)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    expected = structural_similarity(noisy, PHOTO, channel_axis=2, **options)
    # it averages over the border too, where windows reach beyond the picture
    assert figures(noisy, PHOTO, 0)["ssim_rgb"] == pytest.approx(expected, abs=0.005)


def test_more_damage_is_further_off_by_every_figure() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, PHOTO.shape)
    little, much = (np.clip(PHOTO + s * noise, 0, 255).astype(np.uint8) for s in (4, 20))
    assert ms_ssim(little, PHOTO) > ms_ssim(much, PHOTO)
    assert flip(little, PHOTO) < flip(much, PHOTO) < 1


def test_pictures_too_small_for_five_scales_have_no_ms_ssim() -> None:
    assert "ms_ssim" not in figures(PHOTO[:100], PHOTO[:100], 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(2):
        Image.fromarray(PHOTO[: 60 + 2 * number, :70]).save(tmp_path / f"{number}.png")
    return tmp_path


def test_upscalers_are_beside_the_floors(folder: Path) -> None:
    args = make_parser(["quality"]).parse_args(["quality", "--folder", str(folder), "--bundle", "sr-x2"])
    rows = list(quality.SUITE.measure(args))
    assert [row["model"] for row in rows] == ["sr-x2", "Pillow bicubic", "Pillow lanczos"]
    assert {row["border"] for row in rows} == {2}
    assert float(rows[0]["psnr_y"]) > float(rows[1]["psnr_y"])


def test_restorers_are_beside_the_damage_that_they_got(folder: Path) -> None:
    words = ["--folder", str(folder), "--bundle", "restore", "--grid", "noise sigma", "--limit", "1"]
    rows = list(quality.SUITE.measure(make_parser(["quality"]).parse_args(["quality", *words])))
    levels = list(quality.GRIDS["noise sigma"])
    assert [(row["model"], row["level"]) for row in rows] == [
        (model, level) for level in levels for model in ("none", "restore")
    ]
    damaged = [float(row["psnr_rgb"]) for row in rows if row["model"] == "none"]
    assert damaged == sorted(damaged, reverse=True)
    assert damaged[3] == pytest.approx(20 * np.log10(255 / 25), abs=0.8)  # clipping makes noise smaller
    assert "| none | " in markdown(quality.SUITE, rows)


def test_a_bundle_that_makes_no_picture_is_refused(folder: Path) -> None:
    words = ["quality", "--folder", str(folder), "--bundle", "trigger"]
    with pytest.raises(InvalidOption, match="whose task is trigger"):
        list(quality.SUITE.measure(make_parser(["quality"]).parse_args(words)))
