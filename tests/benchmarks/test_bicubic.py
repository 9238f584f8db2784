"""The measuring tools: PSNR, SSIM and bicubic resampling, against published and committed values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from nitido_bench import testsets
from nitido_bench.bicubic import bicubic_scores
from nitido_train.resample import bicubic_downscale

SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.skipif(
    not (SHARED / "test" / "Set5").is_dir(), reason="the research sets are not in the repository"
)
@pytest.mark.parametrize("scale", testsets.SCALES)
def test_bicubic_on_set5_reproduces_the_published_tables(scale: int) -> None:
    published = testsets.published_bicubic(SHARED / "published_bicubic_tables", "Set5", scale)
    measured = [
        bicubic_scores(testsets.load(file), scale) for file in testsets.files(SHARED / "test", "Set5")
    ]
    apart = np.abs(np.subtract(measured, published))
    assert apart[:, 0].max() < 0.02, f"PSNR differs by {apart[:, 0]}"
    assert apart[:, 1].max() < 0.0005, f"SSIM differs by {apart[:, 1]}"


def test_bicubic_downscale_reproduces_matlab() -> None:
    # a step from 0 to 255, halved: Keys' kernel stretched to 8 taps overshoots at both sides
    step = np.repeat(np.array([[0, 0, 0, 0, 255, 255, 255, 255]], np.uint8), 8, axis=0)
    kernel = np.array([-3, -9, 29, 111, 111, 29, -9, -3]) / 256  # the taps at distances 1.75, 1.25, ... 0.25
    padded = np.pad(step[0].astype(float), 3, mode="symmetric")
    expected = [np.clip(np.floor(padded[2 * i : 2 * i + 8] @ kernel + 0.5), 0, 255) for i in range(4)]
    assert bicubic_downscale(step, 2)[0].tolist() == expected


@pytest.mark.parametrize(
    ("scale", "psnr", "ssim"), [(2, 30.5792, 0.88451), (3, 28.3969, 0.81203), (4, 27.2847, 0.76350)]
)
def test_scores_stay_what_they_were_when_the_published_tables_were_met(
    scale: int, psnr: float, ssim: float
) -> None:
    measured = bicubic_scores(skimage.data.coffee(), scale)
    assert measured == pytest.approx(
        (psnr, ssim), abs=2e-3
    )  # single rounded pixels may differ between processors


def test_a_grey_file_is_measured_without_conversion_to_luma(tmp_path: Path) -> None:
    (tmp_path / "Set14").mkdir()
    grey = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    for stem in ("img_002", "img_003"):
        grey.convert("RGB").save(tmp_path / "Set14" / f"{stem}.png")
    shapes = [testsets.load(file).shape for file in testsets.files(tmp_path, "Set14")]
    assert shapes == [(16, 16, 3), (16, 16)]
