"""A folder of tiny photos, and someone else's enhancer where workers can import it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido_train.label import LabelConfig

SIDE = 32
COUNT = 12

sys.path.insert(0, str(Path(__file__).parent))  # for label_fakes, here and in processes started from here


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve photos of 48 x 40 pixels, two of them in a folder below."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "trip").mkdir()
    for index in range(COUNT):
        coarse = np.random.default_rng(index).integers(0, 256, (6, 5, 3), dtype=np.uint8)
        name = f"{'trip/' if index < 2 else ''}photo{index}.png"
        Image.fromarray(coarse).resize((48, 40), Image.Resampling.BICUBIC).save(folder / name)
    return folder


@pytest.fixture
def config(photos: Path, tmp_path: Path) -> Callable[..., LabelConfig]:
    """Configurations for these photos; options as named."""

    def make(**options: object) -> LabelConfig:
        usual = {
            "enhancer": "label_fakes:make",
            "scorer": "label_fakes:make_calm",
            "out": tmp_path / "labels.parquet",
            "side": SIDE,
            "samples_per_photo": 2,
            "split": "all",
            "photos_per_part": 2,
            "seed": 5,
        }
        return LabelConfig(photos=photos, **{**usual, **options})

    return make
