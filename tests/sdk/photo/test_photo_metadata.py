"""What a file says beside its pixels survives a save, byte for byte, in every format that can hold it."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nitido.errors import CannotWrite
from nitido.photo import Pixels, read_photo, write_photo

FORMATS = [".jpg", ".png", ".tif", ".webp", ".avif"]
VERBATIM = [".jpg", ".png", ".webp", ".avif"]
"""Formats that carry an EXIF block as it is; TIFF has its tags among the others."""


def save(path: Path, pixels: Pixels, **about: Any) -> Path:
    """A file by Pillow; PNG takes XMP in a chunk."""
    if path.suffix == ".png" and "xmp" in about:
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", about.pop("xmp").decode())
        about["pnginfo"] = info
    Image.fromarray(pixels).save(path, **about)
    return path


@pytest.mark.parametrize("source", VERBATIM)
@pytest.mark.parametrize("destination", VERBATIM)
def test_exif_survives_byte_for_byte(
    tmp_path: Path, pixels: Pixels, make_exif: Callable[[int], bytes], source: str, destination: str
) -> None:
    photo = read_photo(save(tmp_path / f"photo{source}", pixels, exif=make_exif(1)))
    again = read_photo(write_photo(photo, tmp_path / f"again{destination}"))
    if source != ".avif":  # Pillow's AVIF writer, which made the source, builds the block anew
        assert photo.metadata.exif == make_exif(1)
    assert again.metadata.exif == photo.metadata.exif


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("destination", FORMATS)
def test_maker_note_and_position_survive(
    tmp_path: Path,
    pixels: Pixels,
    make_exif: Callable[[int], bytes],
    maker_note: bytes,
    source: str,
    destination: str,
) -> None:
    photo = read_photo(save(tmp_path / f"photo{source}", pixels, exif=make_exif(6)))
    with Image.open(write_photo(photo, tmp_path / f"again{destination}")) as image:
        exif = image.getexif()
        assert exif[0x010F] == "Nitido Optical"
        assert exif.get(0x0112, 1) == 1
        assert exif.get_ifd(0x8769)[0x927C] == maker_note
        assert exif.get_ifd(0x8769)[0x9003] == "2024:05:06 07:08:09"
        assert exif.get_ifd(0x8825)[1] == "N"
        assert [float(value) for value in exif.get_ifd(0x8825)[2]] == [52.0, 30.0, 59.25]


def test_a_tiff_keeps_the_offsets_inside_an_exif_block(
    tmp_path: Path, pixels: Pixels, make_exif: Callable[[int], bytes], maker_note: bytes
) -> None:
    block = make_exif(1)[6:]
    photo = read_photo(save(tmp_path / "photo.jpg", pixels, exif=make_exif(1)))
    content = write_photo(photo, tmp_path / "again.tif").read_bytes()
    # Maker notes count offsets from the beginning of the block, or of the file: here these are the same.
    assert content[8 : len(block)] == block[8:]
    assert content.index(maker_note) == block.index(maker_note)


@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_big_endian_exif_survives_in_a_tiff(
    tmp_path: Path, pixels: Pixels, make_jpeg: Callable[..., bytes], byte_order: str
) -> None:
    make, value = 0x010F, b"Big Camera\0"
    head = b"II*\0" if byte_order == "<" else b"MM\0*"
    block = head + struct.pack(byte_order + "IHHHIII", 8, 1, make, 2, len(value), 26, 0) + value
    (tmp_path / "photo.jpg").write_bytes(make_jpeg(pixels, exif=b"Exif\0\0" + block))
    photo = read_photo(tmp_path / "photo.jpg")
    with Image.open(write_photo(photo, tmp_path / "again.tif")) as image:
        assert image.getexif()[make] == "Big Camera"
        np.testing.assert_array_equal(np.asarray(image), photo.pixels)


@pytest.mark.parametrize("name", ["Display P3", "Adobe RGB"])
@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("destination", FORMATS)
def test_colour_profiles_survive_byte_for_byte(
    tmp_path: Path, pixels: Pixels, make_icc: Callable[[str], bytes], name: str, source: str, destination: str
) -> None:
    profile = make_icc(name)
    photo = read_photo(save(tmp_path / f"photo{source}", pixels, icc_profile=profile))
    assert photo.metadata.icc_profile == profile
    with Image.open(write_photo(photo, tmp_path / f"again{destination}")) as image:
        assert image.info["icc_profile"] == profile


def test_a_profile_larger_than_one_jpeg_segment_survives(tmp_path: Path, pixels: Pixels) -> None:
    profile = np.random.default_rng(0).integers(0, 256, 150_000, dtype=np.uint8).tobytes()
    photo = read_photo(save(tmp_path / "photo.jpg", pixels, icc_profile=profile))
    assert read_photo(write_photo(photo, tmp_path / "again.jpg")).metadata.icc_profile == profile


@pytest.mark.parametrize("source", [".jpg", ".png", ".webp", ".avif"])
@pytest.mark.parametrize("destination", FORMATS)
def test_xmp_survives_byte_for_byte(
    tmp_path: Path, pixels: Pixels, xmp: Callable[[int], bytes], source: str, destination: str
) -> None:
    photo = read_photo(save(tmp_path / f"photo{source}", pixels, xmp=xmp(1)))
    assert photo.metadata.xmp == xmp(1)
    assert read_photo(write_photo(photo, tmp_path / f"again{destination}")).metadata.xmp == xmp(1)


def segment(marker: int, data: bytes) -> bytes:
    """One JPEG segment."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def test_thermal_depth_and_iptc_segments_of_a_jpeg_survive(
    tmp_path: Path, pixels: Pixels, make_jpeg: Callable[..., bytes]
) -> None:
    known = [
        ("APP1", 0xE1, b"FLIR\0\1\0\0" + bytes(range(256)) * 200),
        ("APP1", 0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"depth" * 9000),
        ("APP13", 0xED, b"Photoshop 3.0\08BIM\4\4\0\0\0\0\0\0"),
        ("COM", 0xFE, b"a comment"),
    ]
    plain = make_jpeg(pixels)
    content = plain[:2] + b"".join(segment(marker, data) for _, marker, data in known) + plain[2:]
    (tmp_path / "photo.jpg").write_bytes(content)
    photo = read_photo(tmp_path / "photo.jpg")
    assert photo.metadata.extra == tuple((name, data) for name, _, data in known)
    again = write_photo(photo, tmp_path / "again.jpg")
    assert read_photo(again).metadata.extra == photo.metadata.extra
    assert b"FLIR" not in write_photo(photo, tmp_path / "again.png").read_bytes()


def test_texts_and_colour_chunks_of_a_png_survive(
    tmp_path: Path, pixels: Pixels, make_png: Callable[..., bytes]
) -> None:
    gamma = struct.pack(">I", 45455)
    (tmp_path / "photo.png").write_bytes(make_png(pixels, gAMA=gamma, tEXt=b"Title\0Summer"))
    photo = read_photo(tmp_path / "photo.png")
    with Image.open(write_photo(photo, tmp_path / "again.png")) as image:
        assert image.info["Title"] == "Summer"
        assert image.info["gamma"] == pytest.approx(0.45455)


def test_exif_that_older_programs_left_in_a_png_text_is_found(
    tmp_path: Path, pixels: Pixels, make_png: Callable[..., bytes], make_exif: Callable[[int], bytes]
) -> None:
    block = make_exif(6)
    text = b"Raw profile type exif\0\nexif\n    %d\n%s\n" % (len(block), block.hex().encode())
    (tmp_path / "photo.png").write_bytes(make_png(pixels, tEXt=text))
    photo = read_photo(tmp_path / "photo.png")
    assert photo.metadata.orientation == 6
    assert photo.metadata.exif == make_exif(1)
    assert read_photo(write_photo(photo, tmp_path / "again.png")).metadata.orientation == 1


def test_caption_tags_of_a_tiff_survive(tmp_path: Path, pixels: Pixels) -> None:
    Image.fromarray(pixels).save(
        tmp_path / "photo.tif", tiffinfo={33723: b"\x1c\x02\x78\x00\x03sea", 270: "sea"}
    )
    photo = read_photo(tmp_path / "photo.tif")
    with Image.open(write_photo(photo, tmp_path / "again.tif")) as image:
        assert image.tag_v2[33723] == b"\x1c\x02\x78\x00\x03sea"  # type: ignore[attr-defined]
        assert image.tag_v2[270] == "sea"  # type: ignore[attr-defined]


@pytest.mark.parametrize("source", [".jpg", ".png", ".tif"])
@pytest.mark.parametrize("destination", [".jpg", ".png", ".tif"])
def test_resolution_survives(tmp_path: Path, pixels: Pixels, source: str, destination: str) -> None:
    photo = read_photo(save(tmp_path / f"photo{source}", pixels, dpi=(300, 300)))
    with Image.open(write_photo(photo, tmp_path / f"again{destination}")) as image:
        assert [round(float(value)) for value in image.info["dpi"]] == [300, 300]


@pytest.mark.parametrize("resolution", [(0, 0), (1, 0), (-5, 1), (10**6, 1)])
@pytest.mark.parametrize("destination", [".jpg", ".png", ".tif"])
def test_a_resolution_that_makes_no_sense_does_not_stop_a_save(
    tmp_path: Path, pixels: Pixels, resolution: tuple[int, int], destination: str
) -> None:
    path = save(tmp_path / "photo.tif", pixels, dpi=(300, 300))
    content = path.read_bytes()
    sensible = content.index(struct.pack("<II", 300, 1))
    nonsense = struct.pack("<ii", *resolution)
    path.write_bytes(content[:sensible] + nonsense + content[sensible + 8 :])
    again = read_photo(write_photo(read_photo(path), tmp_path / f"again{destination}"))
    assert again.pixels.shape == pixels.shape


@pytest.mark.parametrize("destination", [*FORMATS, ".bmp"])
def test_file_times_survive(tmp_path: Path, pixels: Pixels, destination: str) -> None:
    path = save(tmp_path / "photo.jpg", pixels)
    os.utime(path, ns=(1_234_567_890_123_000_000, 987_654_321_456_000_000))
    status = write_photo(read_photo(path), tmp_path / f"again{destination}").stat()
    assert status.st_mtime_ns == 987_654_321_456_000_000
    assert status.st_atime_ns == 1_234_567_890_123_000_000


@pytest.mark.parametrize(("subsampling", "number"), [("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)])
def test_chroma_subsampling_stays_that_of_the_source(
    tmp_path: Path, pixels: Pixels, subsampling: str, number: int
) -> None:
    photo = read_photo(save(tmp_path / "photo.jpg", pixels, subsampling=subsampling))
    again = read_photo(write_photo(photo, tmp_path / "again.jpg"))
    assert photo.metadata.encoder["subsampling"] == again.metadata.encoder["subsampling"] == number


def test_a_source_without_subsampling_gets_none(tmp_path: Path, pixels: Pixels) -> None:
    photo = read_photo(save(tmp_path / "photo.png", pixels))
    assert read_photo(write_photo(photo, tmp_path / "photo.jpg")).metadata.encoder["subsampling"] == 0


def test_a_broken_exif_block_is_carried_along_and_never_fatal(
    tmp_path: Path, pixels: Pixels, make_jpeg: Callable[..., bytes]
) -> None:
    broken = b"Exif\0\0II*\0\xff\xff\xff\x7fgarbage"
    (tmp_path / "photo.jpg").write_bytes(make_jpeg(pixels, exif=broken))
    photo = read_photo(tmp_path / "photo.jpg")
    assert read_photo(write_photo(photo, tmp_path / "again.jpg")).metadata.exif == broken
    with pytest.raises(CannotWrite, match="EXIF block is broken"):
        write_photo(photo, tmp_path / "again.tif")


def test_metadata_that_a_format_cannot_hold_is_not_dropped_silently(
    tmp_path: Path, pixels: Pixels, make_icc: Callable[[str], bytes]
) -> None:
    photo = read_photo(save(tmp_path / "photo.png", pixels, icc_profile=make_icc("Display P3")))
    with pytest.raises(CannotWrite, match="BMP holds no EXIF, ICC"):
        write_photo(photo, tmp_path / "photo.bmp")
    Image.fromarray(pixels).save(tmp_path / "long.png", exif=b"Exif\0\0II*\0" + bytes(70_000))
    with pytest.raises(CannotWrite, match="JPEG holds up to 65533 bytes of EXIF"):
        write_photo(read_photo(tmp_path / "long.png"), tmp_path / "long.jpg")
