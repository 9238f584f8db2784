"""Files that are not photos, are broken, or are hostile: each has its own error, which says the way out."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from nitido.errors import InvalidOption, NotAPhoto, PhotoDamaged, PhotoTooLarge, PhotoUnsupported
from nitido.photo import Pixels, read_photo


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"just some words", "not a photo"),
        (b"BMW is no bitmap", "not a photo"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "not a photo"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9", "not a photo"),
    ],
)
def test_other_files_are_not_photos(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "file.jpg"
    path.write_bytes(content)
    with pytest.raises(NotAPhoto, match=says) as caught:
        read_photo(path)
    assert str(path) in str(caught.value)
    assert "JPEG" in str(caught.value)


def test_a_missing_file_and_a_folder_are_not_photos(tmp_path: Path) -> None:
    with pytest.raises(NotAPhoto, match="no such file"):
        read_photo(tmp_path / "nowhere" / "photo.jpg")
    with pytest.raises(NotAPhoto, match="is a folder"):
        read_photo(tmp_path)
    with pytest.raises(NotAPhoto, match="null"):
        read_photo("photo\0.jpg")


def test_a_loop_of_symbolic_links_is_not_a_photo(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to(tmp_path / "b.jpg")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    with pytest.raises(NotAPhoto, match="cannot be opened"):
        read_photo(tmp_path / "a.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_named_pipe_does_not_make_the_reader_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(NotAPhoto, match="not an ordinary file"):
        read_photo(tmp_path / "pipe.jpg")


def test_a_file_that_may_not_be_read_is_named(
    tmp_path: Path, pixels: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "private.png"
    Image.fromarray(pixels).save(path)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # as root, tests may read everything
    with pytest.raises(NotAPhoto, match=r"Permission denied.*check its name and permissions"):
        read_photo(path)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "AVIF"])
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.95])
def test_a_truncated_file_is_damaged(tmp_path: Path, format_name: str, kept: float) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, format_name)
    path = tmp_path / "cut"
    path.write_bytes(file.getvalue()[: int(len(file.getvalue()) * kept)])
    with pytest.raises(PhotoDamaged, match="get the file again"):
        read_photo(path)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_tiff_whose_last_strip_is_cut_is_damaged(
    tmp_path: Path, compression: str | None, kind: type[np.uint8 | np.uint16]
) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (60, 80, 3)).astype(kind)
    path = tmp_path / "cut.tif"
    # tifffile puts the tags before the pixels.
    tifffile.imwrite(path, noise, photometric="rgb", compression=compression, rowsperstrip=20)
    read_photo(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(PhotoDamaged):
        read_photo(path)


def test_a_progressive_jpeg_without_its_last_scans_is_damaged(
    tmp_path: Path, pixels: Pixels, make_jpeg: Callable[..., bytes]
) -> None:
    path = tmp_path / "cut.jpg"
    path.write_bytes(make_jpeg(pixels, progressive=True)[:-200])
    with pytest.raises(PhotoDamaged):
        read_photo(path)


def test_a_png_with_one_flipped_bit_is_damaged(
    tmp_path: Path, pixels: Pixels, make_png: Callable[..., bytes]
) -> None:
    content = bytearray(make_png(pixels))
    content[-40] ^= 1
    path = tmp_path / "flipped.png"
    path.write_bytes(content)
    with pytest.raises(PhotoDamaged, match="checksum"):
        read_photo(path)


def png_that_claims(width: int, height: int) -> bytes:
    """A valid header of 1-bit grey and almost no data."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(body)) + name + body for name, body in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(each + struct.pack(">I", zlib.crc32(each[4:])) for each in chunks)


def test_a_bomb_is_refused_before_decoding_and_the_message_says_how_to_allow_it(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_that_claims(100_000, 90_000))
    with pytest.raises(
        PhotoTooLarge, match=r"9000\.0 megapixels, above the limit of 200.*max_megapixels=9000"
    ):
        read_photo(path)


def test_the_limit_in_megapixels_is_the_callers(tmp_path: Path, pixels: Pixels) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    megapixels = pixels.shape[0] * pixels.shape[1] / 1e6
    with pytest.raises(PhotoTooLarge):
        read_photo(path, max_megapixels=megapixels * 0.99)
    assert read_photo(path, max_megapixels=megapixels).width == pixels.shape[1]


@pytest.mark.parametrize("limit", [0, -1, float("nan")])
def test_a_limit_that_makes_no_sense_is_an_invalid_option(tmp_path: Path, limit: float) -> None:
    with pytest.raises(InvalidOption, match="max_megapixels"):
        read_photo(tmp_path / "any.png", max_megapixels=limit)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "GIF", "BMP"])
def test_pillows_own_limit_neither_fires_nor_changes(
    tmp_path: Path, format_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large"
    Image.new("RGB", (1000, 900)).save(path, format_name)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300_000)  # Image.open would raise above twice that
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_photo(path).pixels.shape == (900, 1000, 3)
        with pytest.raises(PhotoTooLarge):
            read_photo(path, max_megapixels=0.5)
    assert Image.MAX_IMAGE_PIXELS == 300_000


def test_a_plugin_that_insists_on_pillows_limit_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.webp"
    Image.new("RGB", (1000, 900)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300_000)
    with pytest.raises(PhotoTooLarge, match=r"PIL\.Image\.MAX_IMAGE_PIXELS"):
        read_photo(path)


def test_floating_point_and_camera_raw_files_are_unsupported(tmp_path: Path) -> None:
    floating = tmp_path / "hdr.tif"
    Image.fromarray(np.ones((4, 4), np.float32)).save(floating)
    with pytest.raises(PhotoUnsupported, match="save it as"):
        read_photo(floating)
    raw = tmp_path / "raw.dng"
    Image.new("RGB", (8, 8)).save(raw, "TIFF", tiffinfo={254: 1})  # its first picture is only a preview
    with pytest.raises(PhotoUnsupported, match="develop it"):
        read_photo(raw)
