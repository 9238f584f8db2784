"""Files of real cameras, where they are at hand: everything beside the pixels survives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from nitido.photo import read_photo, write_photo

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "camera_jpegs"
PATHS = sorted(FOLDER.glob("*.jpg")) if FOLDER.is_dir() else []

pytestmark = pytest.mark.skipif(not PATHS, reason=f"no camera files in {FOLDER}")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_camera_file_survives(tmp_path: Path, path: Path) -> None:
    photo = read_photo(path)
    with Image.open(path) as image:
        exif = image.info.get("exif")
        profile = image.info.get("icc_profile")
        assert np.array_equal(photo.pixels, np.asarray(ImageOps.exif_transpose(image).convert("RGB")))
    copy = write_photo(photo, tmp_path / path.name)
    again = read_photo(copy)
    with Image.open(copy) as image:
        assert image.info.get("icc_profile") == profile
        saved = image.info.get("exif")
    assert (saved is None) == (exif is None)
    if exif is not None and saved is not None:
        changed = [at for at, (old, new) in enumerate(zip(exif, saved, strict=True)) if old != new]
        assert len(changed) <= 1, "nothing but the orientation may change"
    assert again.metadata.extra == photo.metadata.extra
    assert again.metadata.xmp == photo.metadata.xmp
    assert copy.stat().st_mtime_ns == path.stat().st_mtime_ns
    assert np.abs(again.pixels[::4, ::4].astype(int) - photo.pixels[::4, ::4]).mean() < 2


@pytest.mark.parametrize("path", PATHS[::6], ids=lambda path: path.stem)
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_camera_file_is_lossless_as_png_and_tiff(tmp_path: Path, path: Path, suffix: str) -> None:
    photo = read_photo(path)
    again = read_photo(write_photo(photo, tmp_path / f"photo{suffix}"))
    assert np.array_equal(again.pixels, photo.pixels)
    assert again.metadata.icc_profile == photo.metadata.icc_profile
    if suffix == ".png":
        assert again.metadata.exif == photo.metadata.exif
