"""The mark of an enhanced photo: it survives every format, and nothing else in an EXIF block moves."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import nitido
from nitido.photo import Pixels, ifd, read_photo, write_photo
from nitido.photo.exif import PREFIX
from nitido.photo.mark import PROCESSING_SOFTWARE, mark_by, mark_of, with_mark

MARK = mark_by("0123456789abcdef")


def block(order: str, *fields: ifd.Field) -> bytes:
    """An EXIF block of one directory."""
    head = b"II*\0" if order == "<" else b"MM\0*"
    return PREFIX + head + struct.pack(order + "I", 8) + ifd.lay_out(list(fields), order, 8)


def entries(exif: bytes) -> dict[int, tuple[int, int, bytes]]:
    """Kind, count and value of every tag of the first directory, in the order of the file."""
    file = io.BytesIO(exif.removeprefix(PREFIX))
    _, directory = ifd.first_directory(file)
    return {tag: (e.kind, e.count, ifd.read_value(file, e)) for tag, e in directory.entries.items()}


def software(text: bytes) -> ifd.Field:
    return ifd.Field(PROCESSING_SOFTWARE, 2, len(text), text)


def test_the_mark_names_the_version_and_the_restorer() -> None:
    assert f"nitido {nitido.__version__} restore 0123456789abcdef" == MARK
    assert mark_by(None) == f"nitido {nitido.__version__} restore"
    assert mark_by("my net; v2\0é") == f"nitido {nitido.__version__} restore my_net__v2__"


@pytest.mark.parametrize("restorer", ["0123456789abcdef", None, "my net; v2"])
def test_a_photo_without_exif_gets_a_block_with_the_mark_alone(restorer: str | None) -> None:
    exif = with_mark(None, mark_by(restorer))
    assert mark_of(exif) == mark_by(restorer)
    assert entries(exif).keys() == {PROCESSING_SOFTWARE}
    image = Image.Exif()
    image.load(exif)
    assert image[PROCESSING_SOFTWARE] == mark_by(restorer)


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_byte_of_a_cameras_block_stays_where_it_was(order: str) -> None:
    note = ifd.Field(0x927C, 7, 40, bytes(range(40)))
    camera = block(
        order,
        ifd.Field(0x010F, 2, 14, b"Big Camera Co\0"),
        ifd.Field(0x0112, 3, 1, struct.pack(order + "H", 1)),
        ifd.Field(0x8769, 4, 1, [note]),
    )
    marked = with_mark(camera, MARK)
    first = len(PREFIX) + 4  # where the first directory's offset is: the only bytes that change
    assert marked[:first] + camera[first : first + 4] + marked[first + 4 : len(camera)] == camera
    assert {tag: value for tag, value in entries(marked).items() if tag != PROCESSING_SOFTWARE} == entries(
        camera
    )
    assert mark_of(marked) == MARK
    image = Image.Exif()
    image.load(marked)
    assert image.get_ifd(0x8769)[0x927C] == bytes(range(40))


def test_the_thumbnails_directory_is_still_the_next_one() -> None:
    plain = bytearray(block("<", ifd.Field(0x010F, 2, 4, b"Me!\0")))
    thumbnail = len(plain) - len(PREFIX)
    struct.pack_into("<I", plain, len(plain) - 4, thumbnail)
    plain += struct.pack("<HHHIII", 1, 0x0103, 3, 1, 6, 0)
    _, directory = ifd.first_directory(io.BytesIO(with_mark(bytes(plain), MARK).removeprefix(PREFIX)))
    assert directory.following == thumbnail


def test_what_another_program_wrote_in_the_tag_stays_and_an_older_mark_is_replaced() -> None:
    theirs = block("<", software(b"darkroom 5.0; with care\0"))
    assert mark_of(theirs) is None
    older = with_mark(theirs, "nitido 0.0.1 restore aaaa")
    assert mark_of(older) == "nitido 0.0.1 restore aaaa"
    assert entries(with_mark(older, MARK))[PROCESSING_SOFTWARE][2] == (
        f"darkroom 5.0; with care; {MARK}\0".encode()
    )


@pytest.mark.parametrize(
    "text",
    [b"nitido\0", b"nitido 0.1.0\0", b"made with nitido 0.1.0 restore aa\0", b"nitido 0.1.0 upscale aa\0"],
)
def test_what_only_resembles_the_mark_is_none(text: bytes) -> None:
    assert mark_of(block(">", software(text))) is None


@pytest.mark.parametrize(
    "broken",
    [PREFIX, PREFIX + b"II*\0", PREFIX + b"XX*\0\0\0\0\10", PREFIX + b"MM\0*\0\0\0\10\0\5", b"hello, world"],
)
def test_a_broken_block_has_no_mark_and_gets_none(broken: bytes) -> None:
    assert mark_of(broken) is None
    with pytest.raises(ValueError, match="TIFF"):
        with_mark(broken, MARK)


@given(st.binary(max_size=200), st.sampled_from([b"II*\0\10\0\0\0", b"MM\0*\0\0\0\10", b""]))
def test_no_bytes_make_it_raise_anything_else_or_lose_an_entry(tail: bytes, head: bytes) -> None:
    exif = PREFIX + head + tail
    mark_of(exif)
    try:
        marked = with_mark(exif, MARK)
    except ValueError:
        return
    assert mark_of(marked) == MARK
    old, new = (ifd.first_directory(io.BytesIO(each.removeprefix(PREFIX)))[1] for each in (exif, marked))
    kept = {tag: (e.kind, e.count) for tag, e in new.entries.items() if tag != PROCESSING_SOFTWARE}
    assert kept == {tag: (e.kind, e.count) for tag, e in old.entries.items() if tag != PROCESSING_SOFTWARE}


@pytest.mark.parametrize("exif", ["camera", "none"])
@pytest.mark.parametrize("destination", [".jpg", ".png", ".tif", ".webp", ".avif"])
@pytest.mark.parametrize("source", [".jpg", ".png", ".tif", ".webp"])
def test_the_mark_survives_a_save_beside_what_the_camera_wrote(
    tmp_path: Path,
    pixels: Pixels,
    make_exif: Callable[[int], bytes],
    maker_note: bytes,
    source: str,
    destination: str,
    exif: str,
) -> None:
    about: dict[str, Any] = {"exif": make_exif(6)} if exif == "camera" else {}
    Image.fromarray(pixels).save(tmp_path / f"photo{source}", **about)
    photo = read_photo(tmp_path / f"photo{source}")
    metadata = replace(photo.metadata, exif=with_mark(photo.metadata.exif, MARK))
    again = write_photo(replace(photo, metadata=metadata), tmp_path / f"again{destination}")
    assert mark_of(read_photo(again).metadata.exif) == MARK
    with Image.open(again) as image:
        tags = image.getexif()
        assert tags[PROCESSING_SOFTWARE] == MARK
        if exif == "camera":
            assert tags[0x010F] == "Nitido Optical"
            assert tags.get(0x0112, 1) == 1
            assert tags.get_ifd(0x8769)[0x927C] == maker_note


def test_a_heic_photo_carries_the_mark(tmp_path: Path, pixels: Pixels) -> None:
    library = pytest.importorskip("pillow_heif", reason="needs the extra 'heif'")
    if not library.libheif_info()["HEIF"]:
        pytest.skip("needs a HEIC encoder")
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    photo = read_photo(tmp_path / "photo.png")
    metadata = replace(photo.metadata, exif=with_mark(None, MARK))
    again = write_photo(replace(photo, metadata=metadata), tmp_path / "again.heic")
    assert mark_of(read_photo(again).metadata.exif) == MARK
