"""The formats that Pillow encodes, each told to keep everything that the photo has."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, BinaryIO

from PIL import Image

from nitido.errors import CannotWrite
from nitido.photo.exif import PREFIX
from nitido.photo.model import Metadata
from nitido.photo.png import write_png
from nitido.photo.samples import Samples
from nitido.photo.tiff import write_tiff

LONGEST_SEGMENT = 65533
"""Bytes that a block in a JPEG file may have."""


def encode(name: str, file: BinaryIO, samples: Samples, quality: int) -> None:
    """Writes the samples in a format of ``formats.DESTINATIONS``."""
    _ENCODE[name](file, samples, quality)


class _Sink:
    """A file that only writes: given a real one, Pillow writes past Python and loses why a disk refused."""

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write


def _jpeg(file: BinaryIO, samples: Samples, quality: int) -> None:
    metadata = samples.photo.metadata
    _fits("EXIF", metadata.exif, LONGEST_SEGMENT)
    _fits("XMP", metadata.xmp, LONGEST_SEGMENT - 29)
    options: dict[str, Any] = {
        "quality": quality,
        "subsampling": metadata.encoder.get("subsampling", 0),
        "progressive": metadata.encoder.get("progressive", False),
        "extra": _segments(metadata),
    }
    if "dpi" in metadata.encoder:
        options["dpi"] = metadata.encoder["dpi"]
    _save(file, samples, "JPEG", options)


def _fits(what: str, data: bytes | None, limit: int) -> None:
    if data and len(data) > limit:
        raise CannotWrite(f"JPEG holds up to {limit} bytes of {what}, got {len(data)}: save it as .png")


def _segments(metadata: Metadata) -> bytes:
    """JPEG segments that were not interpreted, as they were."""
    if metadata.format not in ("JPEG", "MPO"):
        return b""
    parts = []
    for name, data in metadata.extra:
        marker = 0xFE if name == "COM" else 0xE0 + int(name.removeprefix("APP"))
        parts.append(struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data)
    return b"".join(parts)


def _webp(file: BinaryIO, samples: Samples, quality: int) -> None:
    lossless = bool(samples.photo.metadata.encoder.get("lossless", False))
    # exact: colours under full transparency are kept too.
    _save(file, samples, "WEBP", {"quality": quality, "lossless": lossless, "exact": True})


def _avif(file: BinaryIO, samples: Samples, quality: int) -> None:
    subsampling = {0: "4:4:4", 1: "4:2:2"}.get(samples.photo.metadata.encoder.get("subsampling", 0), "4:2:0")
    options = {"quality": quality, "subsampling": "4:0:0" if samples.mode == "L" else subsampling}
    _save(file, samples, "AVIF", options)


class _Verbatim(Image.Exif):
    """An EXIF block that Pillow's AVIF writer hands on as it is; it would build given bytes anew."""

    def __init__(self, block: bytes) -> None:
        super().__init__()
        self._block = block

    def __bool__(self) -> bool:
        return True  # it has no entries that Pillow knows of

    def tobytes(self, offset: int = 8) -> bytes:
        return self._block


def _save(file: BinaryIO, samples: Samples, name: str, options: dict[str, Any]) -> None:
    metadata = samples.photo.metadata
    if metadata.exif:
        verbatim = _Verbatim(metadata.exif.removeprefix(PREFIX))
        options["exif"] = verbatim if name == "AVIF" else metadata.exif
    if metadata.icc_profile:
        options["icc_profile"] = metadata.icc_profile
    if metadata.xmp:
        options["xmp"] = metadata.xmp
    samples.image().save(_Sink(file), name, **options)  # type: ignore[arg-type]


def _bmp(file: BinaryIO, samples: Samples, quality: int) -> None:
    samples.image().save(_Sink(file), "BMP")  # type: ignore[arg-type]


def _heif(file: BinaryIO, samples: Samples, quality: int) -> None:
    from nitido.photo import heif  # its library is an extra

    photo = samples.photo
    data = samples.image().tobytes()
    heif.encode(file, samples.mode, (photo.width, photo.height), data, photo.metadata, quality)


_ENCODE: dict[str, Callable[[BinaryIO, Samples, int], None]] = {
    "JPEG": _jpeg,
    "PNG": lambda file, samples, quality: write_png(file, samples),
    "TIFF": lambda file, samples, quality: write_tiff(file, samples),
    "WEBP": _webp,
    "AVIF": _avif,
    "BMP": _bmp,
    "HEIF": _heif,
}
