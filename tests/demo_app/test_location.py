"""The place where a photo was made: taken out of what is served, for every format, and of nothing else."""

from __future__ import annotations

import struct
from pathlib import Path

import httpx
import numpy as np
import pytest

import nitido
from nitido_demo.location import without_location

from .conftest import SAMPLES, finished

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description exif:GPSLatitude="51,28.3N" '
    b'photoshop:City="Lisbon" dc:title="A boat"><Iptc4xmpExt:LocationShown>a quay</Iptc4xmpExt:LocationShown>'
    b"</rdf:Description></x:xmpmeta>"
)


def has_gps(file: Path) -> bool:
    from PIL import Image

    with Image.open(file) as image:
        return bool(image.getexif().get_ifd(0x8825))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_gps_and_places_go_and_the_rest_stays(tmp_path: Path, suffix: str) -> None:
    from dataclasses import replace

    photo = nitido.read_photo(SAMPLES / "coffee_sharp.jpg")
    photo = replace(photo, metadata=replace(photo.metadata, xmp=XMP))
    file = nitido.write_photo(photo, tmp_path / f"photo{suffix}")
    assert has_gps(file)
    stripped = tmp_path / f"stripped{suffix}"
    stripped.write_bytes(without_location(file))
    assert not has_gps(stripped)
    before, after = nitido.read_photo(file), nitido.read_photo(stripped)
    assert np.array_equal(before.pixels, after.pixels)
    assert after.metadata.icc_profile == before.metadata.icc_profile
    assert after.metadata.exif is not None
    assert b"Sample Phone" in after.metadata.exif
    text = stripped.read_bytes()
    assert [word for word in (b"51,28.3N", b"Lisbon", b"a quay") if word in text] == []
    assert b"A boat" in text


def test_places_in_iptc_records_go_and_other_records_stay(tmp_path: Path) -> None:
    def record(number: int, value: bytes) -> bytes:
        return b"\x1c\x02" + struct.pack(">BH", number, len(value)) + value

    records = record(5, b"A boat") + record(90, b"Lisbon") + record(92, b"a quay") + record(101, b"Portugal")
    block = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + struct.pack(">I", len(records)) + records
    data = (SAMPLES / "coffee_sharp.jpg").read_bytes()
    file = tmp_path / "photo.jpg"
    file.write_bytes(data[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + data[2:])
    assert b"Lisbon" in file.read_bytes()
    stripped = tmp_path / "stripped.jpg"
    stripped.write_bytes(without_location(file))
    text = stripped.read_bytes()
    assert len(text) == len(file.read_bytes())
    assert [word for word in (b"Lisbon", b"a quay", b"Portugal") if word in text] == []
    assert b"A boat" in text
    assert np.array_equal(nitido.read_photo(file).pixels, nitido.read_photo(stripped).pixels)


def test_a_result_says_where_only_when_asked(client: httpx.Client, tmp_path: Path) -> None:
    data = (SAMPLES / "coffee_sharp.jpg").read_bytes()
    job = client.post("/api/enhance?denoise=1", content=data, headers={"content-type": "image/jpeg"}).json()
    result = finished(client, job["id"])["result"]
    for query, expected in (("", False), ("?location=remove", False), ("?location=keep", True)):
        file = tmp_path / "result.jpg"
        file.write_bytes(client.get(result + query).content)
        assert has_gps(file) == expected
