"""The size that metadata tell follows the photo's, and nothing else in them moves."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from nitido.photo import Metadata, Photo, Pixels, ifd, read_photo, write_photo
from nitido.photo.exif import with_size, xmp_with_size
from nitido.photo.mark import with_mark

THUMBNAIL = {256: 8, 257: 6}


@pytest.fixture
def sized_exif(maker_note: bytes) -> bytes:
    """Tells 53x37 in the first directory and in EXIF's, has a maker note, and a thumbnail of 8x6."""
    exif = Image.Exif()
    exif[256], exif[257] = 53, 37
    exif.get_ifd(0x8769)[40962], exif.get_ifd(0x8769)[40963] = 53, 37
    exif.get_ifd(0x8769)[0x927C] = maker_note
    block = exif.tobytes()
    block += bytes(len(block) % 2)
    # Pillow writes no second directory, which is that of the thumbnail: after the first one, where it lies.
    order, first = ifd.first_directory(io.BytesIO(block[6:]))
    following = 6 + 8 + 2 + 12 * len(first.entries)
    thumbnail = [
        ifd.Field(tag, ifd.SHORT, 1, struct.pack(order + "H", side)) for tag, side in THUMBNAIL.items()
    ]
    there = struct.pack(order + "I", len(block) - 6)
    return block[:following] + there + block[following + 4 :] + ifd.lay_out(thumbnail, order, len(block) - 6)


def sizes(block: bytes) -> list[Any]:
    exif = Image.Exif()
    exif.load(block)
    inner = exif.get_ifd(0x8769)
    return [exif[256], exif[257], inner[40962], inner[40963]]


@pytest.mark.parametrize("size", [(106, 74), (70000, 3)])
def test_every_width_and_height_is_replaced_in_place(
    sized_exif: bytes, maker_note: bytes, size: tuple[int, int]
) -> None:
    block = with_size(sized_exif, *size)
    assert block is not None
    assert sizes(block) == [*size, *size]
    assert len(block) == len(sized_exif)
    assert block.index(maker_note) == sized_exif.index(maker_note)
    exif = Image.Exif()
    exif.load(block)
    assert exif.get_ifd(ExifTags.IFD.IFD1) == THUMBNAIL
    marked = with_size(with_mark(sized_exif, "nitido 0.1.0 restore aa"), *size)
    assert marked is not None
    assert sizes(marked) == [*size, *size]


@pytest.mark.parametrize("block", [None, b"Exif\0\0", b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\0\0"])
def test_a_block_without_sizes_or_a_broken_one_stays(block: bytes | None) -> None:
    assert with_size(block, 10, 20) == block


def test_a_block_whose_inner_directory_is_missing_stays(sized_exif: bytes) -> None:
    for end in range(len(sized_exif)):
        assert len(with_size(sized_exif[:end], 1, 2) or b"") == end


def test_a_size_in_xmp_follows() -> None:
    packet = (
        b"<d tiff:ImageWidth='%d' exif:PixelYDimension = '%d'><tiff:ImageLength>%d</tiff:ImageLength> 37</d>"
    )
    assert xmp_with_size(packet % (53, 37, 37), 106, 740) == packet % (106, 740, 740)
    assert xmp_with_size(None, 1, 2) is None


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_an_enlarged_file_tells_its_own_size(
    tmp_path: Path, pixels: Pixels, sized_exif: bytes, suffix: str
) -> None:
    path = tmp_path / f"photo{suffix}"
    Image.fromarray(pixels).save(path, exif=sized_exif)
    photo = read_photo(path)
    enlarged = photo.with_pixels(pixels.repeat(2, 0).repeat(2, 1))
    with Image.open(write_photo(enlarged, tmp_path / f"big{suffix}")) as image:
        assert image.size == (106, 74)
        assert sizes(image.info["exif"]) == [106, 74, 106, 74]
    assert photo.with_pixels(255 - pixels).metadata is photo.metadata


def test_a_turned_photo_tells_its_upright_size(sized_exif: bytes, pixels: Pixels) -> None:
    photo = Photo(np.rot90(pixels).copy(), Metadata("JPEG", exif=sized_exif))
    enlarged = photo.with_pixels(photo.pixels.repeat(3, 0).repeat(3, 1))
    assert enlarged.metadata.exif is not None
    assert sizes(enlarged.metadata.exif) == [111, 159, 111, 159]
