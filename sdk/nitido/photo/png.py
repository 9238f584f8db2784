"""Writing PNG of 8 and 16 bits a sample; Pillow writes 16 bits only for grey."""

from __future__ import annotations

import struct
import zlib
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nitido.photo.exif import PREFIX
from nitido.photo.model import Metadata
from nitido.photo.png_chunks import SIGNATURE, XMP_KEYWORD
from nitido.photo.samples import ZLIB_LEVEL, Samples

_COLOUR_TYPES = {"L": 0, "RGB": 2, "LA": 4, "RGBA": 6}
_SUB, _UP, _PAETH = 1, 2, 4


def write_png(file: BinaryIO, samples: Samples) -> None:
    """Writes the samples and all metadata, compressed."""
    metadata = samples.photo.metadata
    depth = 16 if samples.deep else 8
    size = (samples.photo.width, samples.photo.height)
    file.write(SIGNATURE)
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", *size, depth, _COLOUR_TYPES[samples.mode], 0, 0, 0))
    _write_metadata(file, metadata)
    pixel = samples.channels * depth // 8
    compressor = zlib.compressobj(ZLIB_LEVEL)
    above = np.zeros(size[0] * pixel, np.uint8)
    for strip in samples.strips():
        big_endian = np.ascontiguousarray(strip, strip.dtype.newbyteorder(">"))
        rows = big_endian.view(np.uint8).reshape(len(strip), -1)
        _chunk(file, b"IDAT", compressor.compress(_filtered(rows, above, pixel)))
        above = rows[-1]
    _chunk(file, b"IDAT", compressor.flush())
    _chunk(file, b"IEND", b"")


def _write_metadata(file: BinaryIO, metadata: Metadata) -> None:
    if metadata.icc_profile:
        _chunk(file, b"iCCP", b"ICC Profile\0\0" + zlib.compress(metadata.icc_profile))
    if metadata.format == "PNG":
        for name, data in metadata.extra:
            _chunk(file, name.encode("ascii"), data)
    if metadata.exif:
        _chunk(file, b"eXIf", metadata.exif.removeprefix(PREFIX))
    if metadata.xmp:
        _chunk(file, b"iTXt", XMP_KEYWORD + b"\0\0\0\0\0" + metadata.xmp)
    if "dpi" in metadata.encoder:
        across, down = (round(float(value) / 0.0254) for value in metadata.encoder["dpi"])
        _chunk(file, b"pHYs", struct.pack(">IIB", across, down, 1))


def _chunk(file: BinaryIO, name: bytes, data: bytes) -> None:
    file.write(struct.pack(">I", len(data)) + name)
    file.write(data)
    file.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(name))))


def _filtered(rows: NDArray[np.uint8], above: NDArray[np.uint8], pixel: int) -> bytes:
    """Each row as differences to its neighbours, by the filter whose differences are smallest (PNG 12.7)."""
    up = np.vstack([above[np.newaxis], rows[:-1]])
    left = _moved(rows, pixel)
    corner = _moved(up, pixel)
    candidates = [rows - left, rows - up, rows - _paeth(left, up, corner)]
    costs = [np.abs(each.view(np.int8).astype(np.int16)).sum(axis=1, dtype=np.int64) for each in candidates]
    best = np.argmin(costs, axis=0)
    result = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    result[:, 0] = np.array([_SUB, _UP, _PAETH], np.uint8)[best]
    for number, candidate in enumerate(candidates):
        result[best == number, 1:] = candidate[best == number]
    return result.tobytes()


def _moved(rows: NDArray[np.uint8], pixel: int) -> NDArray[np.uint8]:
    """The neighbours one pixel to the left, zero before the first."""
    moved = np.zeros_like(rows)
    moved[:, pixel:] = rows[:, :-pixel]
    return moved


def _paeth(left: NDArray[np.uint8], up: NDArray[np.uint8], corner: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The neighbour nearest to left + up - corner; of equals the first of left, up, corner (PNG 9.4)."""
    a, b, c = (each.astype(np.int16) for each in (left, up, corner))
    to_left, to_up, to_corner = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    nearest: NDArray[Any] = np.where(to_up <= to_corner, up, corner)
    return np.where((to_left <= to_up) & (to_left <= to_corner), left, nearest)
