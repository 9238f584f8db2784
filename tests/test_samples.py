"""The sample photos: what their script makes, licensed, small, and of every kind that the demo shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SAMPLES = Path(__file__).parent.parent / "samples"
PHOTOS = sorted(file for file in SAMPLES.iterdir() if file.suffix in {".jpg", ".png"})
KINDS = ("motion", "defocus", "noise", "jpeg", "night", "small")


@pytest.fixture(scope="module")
def made_again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    subprocess.run([sys.executable, SAMPLES / "make_samples.py", "--out", folder], check=True)
    return folder


def test_the_script_makes_every_sample_and_no_other(made_again: Path) -> None:
    assert sorted(file.name for file in made_again.iterdir()) == [file.name for file in PHOTOS]


@pytest.mark.parametrize("photo", PHOTOS, ids=lambda file: file.name)
def test_the_script_makes_the_committed_pixels_and_metadata(photo: Path, made_again: Path) -> None:
    with Image.open(photo) as committed, Image.open(made_again / photo.name) as made:
        apart = np.abs(np.asarray(committed).astype(int) - np.asarray(made))
        # FFTs round differently from processor to processor: by one level, a few after JPEG.
        assert apart.mean() < 0.05, f"max {apart.max()}, mean {apart.mean():.3f}"
        assert committed.info.get("exif") == made.info.get("exif")
        assert committed.info.get("icc_profile") == made.info.get("icc_profile")


def test_there_are_sharp_samples_and_one_of_each_kind_of_damage() -> None:
    names = [file.stem for file in PHOTOS]
    assert sum("sharp" in name for name in names) >= 3
    assert {kind: sum(kind in name.split("_") for name in names) for kind in KINDS} == dict.fromkeys(KINDS, 1)


def test_every_sample_has_its_licence_on_record() -> None:
    record = (SAMPLES / "LICENCES.md").read_text()
    assert [file.name for file in PHOTOS if record.count(f"`{file.name}`") != 2] == []


def test_samples_are_small() -> None:
    assert sum(file.stat().st_size for file in PHOTOS) < 4_000_000
    assert max(max(Image.open(file).size) for file in PHOTOS) <= 1024
