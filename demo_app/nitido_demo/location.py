"""Takes the place where a photo was made out of its file, byte for byte the same otherwise.

A result keeps all metadata of its photo, on the owner's disk. What leaves that disk says where somebody lives
only when that was asked for. Values are blanked where they lie, so that no offset in the file moves.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from pathlib import Path

from nitido import read_photo
from nitido.errors import NitidoError
from nitido.photo import ifd
from nitido_demo.errors import Refused

_GPS = 0x8825
_EXIF_START = len(b"Exif\0\0")
_XMP_PLACE = re.compile(
    rb"""((?:exif:GPS\w+|photoshop:(?:City|State|Country)|Iptc4xmpCore:Location)"""
    rb"""(?:\s*=\s*["']|>))([^"'<]+)"""
)
_XMP_GROUP = re.compile(rb"<(Iptc4xmpExt:Location(?:Shown|Created))\b.*?</\1>", re.DOTALL)
_IPTC = b"8BIM\x04\x04"
"""Where a JPEG's APP13 segment has IPTC's records."""
_IPTC_PLACES = frozenset((26, 27, 90, 92, 95, 100, 101))
"""Content location (code, name), city, sublocation, state, country (code, name): IPTC IIM 4.2, record 2."""
_PNG = b"\x89PNG\r\n\x1a\n"


def without_location(file: Path) -> bytes:
    """The file's bytes with its GPS directory and places in XMP and IPTC blanked.

    Raises Refused where it cannot.
    """
    data = bytearray(file.read_bytes())
    try:
        metadata = read_photo(file, max_megapixels=1e6, at_least=(1, 1)).metadata
    except NitidoError as error:
        raise Refused(409, f"the place could not be taken out of the file ({error})") from error
    exif, xmp = metadata.exif, metadata.xmp
    if metadata.format == "TIFF":
        _blank_gps(data, 0)
    elif exif is not None and _replace(exif[_EXIF_START:], _without_gps(exif[_EXIF_START:]), data) is None:
        raise Refused(409, "the place could not be taken out of the file; ask for it with location=keep")
    if xmp is not None and _replace(xmp, _without_places(xmp), data) is None:
        raise Refused(409, "the place could not be taken out of the file; ask for it with location=keep")
    if metadata.format == "JPEG":
        _blank_iptc(data)
    if data.startswith(_PNG):
        _check_again(data)
    return bytes(data)


def _without_gps(block: bytes) -> bytes:
    changed = bytearray(block)
    _blank_gps(changed, 0)
    return bytes(changed)


def _blank_gps(block: bytearray, start: int) -> None:
    """Zero the values of the GPS directory of a TIFF structure, and its entry, which no reader then knows."""
    file = io.BytesIO(bytes(block[start:]))
    try:
        order, first = ifd.first_directory(file)
        pointer = first.entries.get(_GPS)
        if pointer is None:
            return
        at = ifd.read_number(file, order, pointer)
        directory = ifd.read_directory(file, order, at)
    except ValueError:
        return  # no reader finds a place in a broken block either
    for entry in directory.entries.values():
        end = min(entry.at + entry.size, len(block) - start)
        block[start + entry.at : start + end] = bytes(max(0, end - entry.at))
    count = struct.unpack_from(order + "H", block, start + at)[0]
    size = 2 + 12 * count
    block[start + at : start + at + size] = bytes(min(size, len(block) - start - at))


def _without_places(xmp: bytes) -> bytes:
    blank = _XMP_GROUP.sub(lambda found: b" " * len(found[0]), xmp)
    return _XMP_PLACE.sub(lambda found: found[1] + b" " * len(found[2]), blank)


def _blank_iptc(data: bytearray) -> None:
    """Spaces for the places in a JPEG's APP13 segments."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:  # where the picture begins
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if data[at + 1] == 0xED and (block := data.find(_IPTC, at, end)) >= 0:
            _blank_records(data, data.find(b"\x1c", block, end), end)
        at = end


def _blank_records(data: bytearray, at: int, end: int) -> None:
    while 0 <= at <= end - 5 and data[at] == 0x1C:
        record, number, size = struct.unpack_from(">BBH", data, at + 1)
        value = slice(at + 5, min(at + 5 + size, end))
        if record == 2 and number in _IPTC_PLACES:
            data[value] = b" " * (value.stop - value.start)
        at += 5 + size


def _replace(old: bytes, new: bytes, data: bytearray) -> int | None:
    """Put ``new`` where ``old``, which is as long, lies in the file; None when it is not found there."""
    if old == new:
        return 0
    at = data.find(old)
    if at < 0:
        return None
    data[at : at + len(new)] = new
    return at


def _check_again(data: bytearray) -> None:
    """Compute the checksums of a PNG's chunks anew."""
    at = len(_PNG)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        body = data[at + 4 : at + 8 + length]
        if len(body) < 4 + length:
            return
        struct.pack_into(">I", data, at + 8 + length, zlib.crc32(body))
        at += 12 + length
