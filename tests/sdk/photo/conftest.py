"""Small photos made on the spot: pixels, EXIF with maker notes and GPS, colour profiles, raw 16-bit PNG."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from nitido.photo import Pixels

Adam7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
"""First row, first column, row step, column step of the passes of an interlaced PNG."""


@pytest.fixture
def pixels() -> Pixels:
    """37x53 of smooth colour with some texture, different in every corner."""
    down, across = np.mgrid[0:37, 0:53]
    colour = np.stack([across * 4, down * 6, (across + down) * 2], axis=2)
    texture = np.random.default_rng(1).integers(0, 12, colour.shape)
    return (colour + texture).clip(0, 255).astype(np.uint8)


@pytest.fixture
def deep() -> NDArray[np.uint16]:
    """21x34x4 of every kind of 16-bit sample."""
    return np.random.default_rng(2).integers(0, 65536, (21, 34, 4), dtype=np.uint16)


@pytest.fixture
def maker_note() -> bytes:
    """Bytes that no program may touch."""
    return b"Maker\0" + np.random.default_rng(3).integers(0, 256, 200, dtype=np.uint8).tobytes()


@pytest.fixture
def make_exif(maker_note: bytes) -> Callable[[int], bytes]:
    """``make_exif(orientation)``: an EXIF block with a camera's name, a maker note and a GPS position."""

    def make(orientation: int) -> bytes:
        exif = Image.Exif()
        exif[0x0112] = orientation
        exif[0x010F] = "Nitido Optical"
        exif.get_ifd(0x8769)[0x927C] = maker_note
        exif.get_ifd(0x8769)[0x9003] = "2024:05:06 07:08:09"
        exif.get_ifd(0x8825)[1] = "N"
        exif.get_ifd(0x8825)[2] = (52.0, 30.0, 59.25)
        return exif.tobytes()

    return make


@pytest.fixture
def xmp() -> Callable[[int], bytes]:
    """``xmp(orientation)``: an XMP packet that says how the photo is turned."""
    packet = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="{}"/></x:xmpmeta>'
    return lambda orientation: packet.format(orientation).encode()


@pytest.fixture
def make_icc() -> Callable[[str], bytes]:
    """``make_icc("Display P3")`` or ``"Adobe RGB"``: a valid profile with those primaries."""
    # Of the D50 white that ICC profiles have.
    primaries = {
        "Display P3": ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)),
        "Adobe RGB": ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
    }

    def make(name: str) -> bytes:
        profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
        for index in range(struct.unpack_from(">I", profile, 128)[0]):
            tag, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * index)
            if tag in (b"rXYZ", b"gXYZ", b"bXYZ"):
                values = primaries[name][b"rgb".index(tag[:1])]
                struct.pack_into(">3i", profile, offset + 8, *(round(value * 65536) for value in values))
        return bytes(profile)

    return make


@pytest.fixture
def make_png() -> Callable[..., bytes]:
    """``make_png(samples, interlaced=False, **chunks)``: a PNG written by hand, (H, W, 1 to 4)."""

    def make(samples: NDArray[Any], *, interlaced: bool = False, **chunks: bytes) -> bytes:
        height, width, channels = samples.shape
        colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
        depth = samples.dtype.itemsize * 8
        header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
        data = b""
        for top, left, down, across in Adam7 if interlaced else [(0, 0, 1, 1)]:
            part = samples[top::down, left::across].astype(samples.dtype.newbyteorder(">"))
            data += b"".join(b"\0" + row.tobytes() for row in part if row.size)
        parts = [(b"IHDR", header), *((name.encode(), body) for name, body in chunks.items())]
        parts += [(b"IDAT", zlib.compress(data)), (b"IEND", b"")]
        file = io.BytesIO(b"\x89PNG\r\n\x1a\n")
        file.seek(8)
        for name, body in parts:
            file.write(
                struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
            )
        return file.getvalue()

    return make


@pytest.fixture
def make_jpeg() -> Callable[..., bytes]:
    """``make_jpeg(pixels, **options)``: a JPEG as Pillow saves it, of quality 95."""

    def make(pixels: NDArray[np.uint8], **options: Any) -> bytes:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", **{"quality": 95, **options})
        return file.getvalue()

    return make
