"""Writing TIFF of 8 and 16 bits a sample, with the EXIF block at the very offsets that it had.

An EXIF block is a TIFF structure, its offsets counted from its own beginning. So the file begins with the
block as it is, maker notes and all; the pixels follow, then a new first directory with the block's tags.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import BinaryIO

from nitido.errors import CannotWrite
from nitido.photo import ifd
from nitido.photo.exif import PREFIX, STRUCTURAL
from nitido.photo.model import Metadata
from nitido.photo.samples import ZLIB_LEVEL, Samples

_STRIP_BYTES = 1 << 18
_NONE, _DEFLATE = 1, 8
_MIN_IS_BLACK, _RGB = 1, 2


def write_tiff(file: BinaryIO, samples: Samples) -> None:
    """Writes the samples and all metadata; compressed without loss unless the photo came uncompressed."""
    metadata = samples.photo.metadata
    if samples.deep and samples.mode == "LA":
        # Readers, Pillow among them, do not know 16-bit grey with alpha.
        samples = Samples(samples.photo, "RGBA", deep=True)
    order, block, fields = _from_exif(metadata)
    raw_bytes = samples.photo.width * samples.photo.height * samples.channels * (2 if samples.deep else 1)
    if raw_bytes * 1.01 + len(block) + 65536 > 1 << 32:
        raise CannotWrite("TIFF holds up to 4 GiB: save it as .png")
    file.write(block + b"\0" * (len(block) % 2))
    compressed = bool(metadata.encoder.get("compressed", True))
    fields += _about(metadata, order, {each.tag for each in fields})
    fields += _pixels(file, samples, order, compressed)
    file.write(b"\0" * (file.tell() % 2))
    directory = file.tell()
    file.write(ifd.lay_out(fields, order, directory))
    file.seek(4)
    file.write(struct.pack(order + "I", directory))


def _from_exif(metadata: Metadata) -> tuple[str, bytes, list[ifd.Field]]:
    """Byte order, what the file begins with, and the tags of its directory that the EXIF block has."""
    if not metadata.exif:
        return "<", b"II*\0\0\0\0\0", []
    block = metadata.exif.removeprefix(PREFIX)
    try:
        file = io.BytesIO(block)
        order, directory = ifd.first_directory(file)
        entries = [entry for entry in directory.entries.values() if entry.tag not in STRUCTURAL]
        return order, block, [_kept(entry, file) for entry in entries]
    except ValueError as error:
        raise CannotWrite(f"the EXIF block is broken ({error}): save it as .png or .jpg") from error


def _kept(entry: ifd.Entry, file: BinaryIO) -> ifd.Field:
    return ifd.Field(entry.tag, entry.kind, entry.count, ifd.read_value(file, entry))


def _about(metadata: Metadata, order: str, present: set[int]) -> list[ifd.Field]:
    fields = []
    if metadata.xmp:
        fields.append(ifd.Field(700, ifd.BYTE, len(metadata.xmp), metadata.xmp))
    if metadata.icc_profile:
        fields.append(ifd.Field(34675, ifd.UNDEFINED, len(metadata.icc_profile), metadata.icc_profile))
    if metadata.format == "TIFF":
        fields += [ifd.Field(int(tag), ifd.UNDEFINED, len(data), data) for tag, data in metadata.extra]
    if "dpi" in metadata.encoder and not present & {282, 283, 296}:
        for tag, value in zip((282, 283), metadata.encoder["dpi"], strict=True):
            ratio = struct.pack(order + "II", round(float(value) * 1000), 1000)
            fields.append(ifd.Field(tag, ifd.RATIONAL, 1, ratio))
        fields.append(_short(order, 296, 2))  # inches
    return fields


def _pixels(file: BinaryIO, samples: Samples, order: str, compressed: bool) -> list[ifd.Field]:
    """Writes the strips; returns the tags that say where and how."""
    width, height = samples.photo.width, samples.photo.height
    depth = 16 if samples.deep else 8
    rows = max(1, _STRIP_BYTES // (width * samples.channels * depth // 8))
    offsets, counts = [], []
    for top in range(0, height, rows):
        strip = samples.rows(slice(top, min(top + rows, height)))
        if compressed:
            differences = strip.copy()
            differences[:, 1:] -= strip[:, :-1]  # of neighbours along the row, modulo the sample's range
            strip = differences
        data = strip.astype(strip.dtype.newbyteorder("<" if order == "<" else ">")).tobytes()
        data = zlib.compress(data, ZLIB_LEVEL) if compressed else data
        offsets.append(file.tell())
        counts.append(len(data))
        file.write(data)
    alpha = samples.mode.endswith("A")
    fields = [
        _long(order, 256, width),
        _long(order, 257, height),
        _short(order, 258, *[depth] * samples.channels),
        _short(order, 259, _DEFLATE if compressed else _NONE),
        _short(order, 262, _RGB if samples.mode.startswith("RGB") else _MIN_IS_BLACK),
        _long(order, 273, *offsets),
        _short(order, 277, samples.channels),
        _long(order, 278, rows),
        _long(order, 279, *counts),
        _short(order, 284, 1),  # samples of a pixel side by side
    ]
    if compressed:
        fields.append(_short(order, 317, 2))
    if alpha:
        fields.append(_short(order, 338, 2))  # opacity that colours are not multiplied by
    return fields


def _short(order: str, tag: int, *values: int) -> ifd.Field:
    return ifd.Field(tag, ifd.SHORT, len(values), struct.pack(f"{order}{len(values)}H", *values))


def _long(order: str, tag: int, *values: int) -> ifd.Field:
    return ifd.Field(tag, ifd.LONG, len(values), struct.pack(f"{order}{len(values)}I", *values))
