"""Suite quality-color measures what it says: with colorizers whose result is known beforehand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image

import nitido
from nitido.chroma import is_grey
from nitido.photo.model import Pixels
from nitido_bench import quality_color
from nitido_bench.cli import make_parser
from nitido_bench.suite import Row

PHOTO = np.ascontiguousarray(skimage.data.coffee()[100:160, 200:280])


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """BSD100 of one photo in colour and one without."""
    (tmp_path / "BSD100").mkdir()
    Image.fromarray(PHOTO).save(tmp_path / "BSD100" / "a.png")
    Image.fromarray(PHOTO[..., 1]).save(tmp_path / "BSD100" / "b.png")
    return tmp_path


def rows(monkeypatch: pytest.MonkeyPatch, sets: Path, function: Any, *words: str) -> list[Row]:
    class Model:
        info = SimpleNamespace(target="function")

        def __call__(self, pixels: Pixels, strength: float) -> Pixels:
            assert is_grey(pixels)
            result: Pixels = function(pixels, strength)
            return result

    monkeypatch.setattr(nitido, "Colorizer", SimpleNamespace(open=lambda *args, **options: Model()))
    args = make_parser().parse_args(["quality-color", "--data", str(sets), *words])
    return list(quality_color.measure(args))


def test_a_colorizer_that_knows_the_truth_is_closer_than_grey_and_as_colourful(
    sets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def almost(pixels: Pixels, strength: float) -> Pixels:
        return PHOTO // 2 * 2  # equal photos would have infinite PSNR

    (row,) = rows(monkeypatch, sets, almost, "--strength", "1")
    assert (row["photos"], row["closer"]) == (1, 1)
    assert float(row["psnr"]) > 45
    assert float(row["colourfulness"]) == pytest.approx(float(row["colourfulness_true"]), rel=0.05)
    assert float(row["colourfulness_true"]) > 20


def test_a_colorizer_that_leaves_photos_grey_is_no_closer(
    sets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = rows(monkeypatch, sets, lambda pixels, strength: pixels)
    assert [row["strength"] for row in found] == [1.0, 0.5]
    assert all(row["psnr"] == row["psnr_grey"] and row["closer"] == 0 for row in found)
    assert all(row["colourfulness"] == 0 for row in found)
