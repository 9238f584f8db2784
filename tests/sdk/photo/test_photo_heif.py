"""HEIC: read and written when the extra is installed, which errors name; never registered with Pillow."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido.errors import CannotWrite, PhotoDamaged, PhotoUnsupported
from nitido.photo import Metadata, Photo, Pixels, read_photo, write_photo

HEADER = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def test_without_the_extra_the_error_names_it(
    tmp_path: Path, pixels: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "photo.heic").write_bytes(HEADER)
    with pytest.raises(PhotoUnsupported, match=r"pip install 'nitido\[heif\]'"):
        read_photo(tmp_path / "photo.heic")
    with pytest.raises(CannotWrite, match=r"pip install 'nitido\[heif\]'"):
        write_photo(Photo(pixels, Metadata("PNG")), tmp_path / "new.heic")
    assert not (tmp_path / "new.heic").exists()


def test_a_photo_survives_heic_with_its_metadata(
    tmp_path: Path,
    pixels: Pixels,
    make_exif: Callable[[int], bytes],
    make_icc: Callable[[str], bytes],
    xmp: Callable[[int], bytes],
) -> None:
    pytest.importorskip("pillow_heif", reason="the extra 'heif' is not installed")
    about = Metadata(
        "JPEG", exif=make_exif(1), icc_profile=make_icc("Display P3"), xmp=xmp(1), times=(10**18, 10**18)
    )
    known_before = set(Image.OPEN)  # other libraries of this process may have registered theirs
    path = write_photo(Photo(pixels, about), tmp_path / "photo.heic")
    photo = read_photo(path)
    assert photo.metadata.format == "HEIF"
    assert photo.metadata.exif == about.exif
    assert photo.metadata.icc_profile == about.icc_profile
    assert photo.metadata.xmp == about.xmp
    assert photo.metadata.times == about.times
    # 4:2:0 blurs the colour of a noisy little picture.
    assert np.abs(photo.pixels.astype(int) - pixels).mean() < 5
    assert set(Image.OPEN) == known_before, "Pillow belongs to the host application"


def test_ten_bits_are_read_as_16(tmp_path: Path, deep: Pixels) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="the extra 'heif' is not installed")
    file = io.BytesIO()
    samples = np.ascontiguousarray(deep[..., :3])
    pillow_heif.encode(
        "RGB;16", (deep.shape[1], deep.shape[0]), samples.tobytes(), file, quality=-1, chroma=444
    )
    (tmp_path / "hdr.heic").write_bytes(file.getvalue())
    photo = read_photo(tmp_path / "hdr.heic")
    assert photo.bit_depth == 16
    assert photo.deep is not None
    # A step of 10 bits is 64 of 16; conversion to YCbCr and back may miss it by some.
    assert np.abs(photo.deep.astype(int) - samples).max() <= 4 * 64
    with pytest.raises(CannotWrite, match="16 bits"):
        write_photo(photo, tmp_path / "flat.heic")


def test_a_broken_heic_is_damaged(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif", reason="the extra 'heif' is not installed")
    (tmp_path / "photo.heic").write_bytes(HEADER + b"and nothing else")
    with pytest.raises(PhotoDamaged):
        read_photo(tmp_path / "photo.heic")
