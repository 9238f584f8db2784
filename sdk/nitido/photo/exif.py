"""EXIF and XMP blocks: orientation and size, read and set in place, so that maker notes stay valid."""

from __future__ import annotations

import io
import re
import struct
from typing import BinaryIO

from nitido.photo import ifd

PREFIX = b"Exif\0\0"
ORIENTATION = 0x0112

_POINTERS = frozenset({34665, 34853, 40965})
"""Tags that point to directories with facts about the photo: EXIF, GPS, interoperability."""

STRUCTURAL = frozenset(
    {*range(254, 260), *range(262, 267), 273, *range(277, 282), 284, *range(288, 294), 301, 317}
    | {*range(320, 326), 330, *range(332, 343), 347, *range(512, 522), *range(529, 533)}
    | {700, 33723, 34377, 34675, 37724}
)
"""TIFF tags that say how the pixels are stored (37724: Photoshop's layers, which would show the old ones), or
that ``Metadata`` keeps elsewhere: none belongs in an EXIF block that is to fit other pixels."""

_SIDES = {256: 0, 257: 1, 40962: 0, 40963: 1}
"""Tags of the width (0) and height (1) in pixels, in the first directory and in that of EXIF."""

_XMP_SIDE = re.compile(
    rb"""((?:tiff:Image|exif:Pixel)(Width|Length|XDimension|YDimension)(?:\s*=\s*["']|>))\d+"""
)
_XMP_ORIENTATION = re.compile(rb"""(tiff:Orientation(?:\s*=\s*["']|>))([1-8])""")


def with_prefix(block: object) -> bytes | None:
    """The block as ``Metadata.exif`` keeps it, or None when there is nothing in it."""
    if not isinstance(block, bytes) or block in (b"", PREFIX):
        return None
    return block if block.startswith(PREFIX) else PREFIX + block


def orientation(exif: bytes | None, xmp: bytes | None) -> int:
    """1 to 8, from EXIF, else from XMP, else 1; broken blocks count as upright."""
    entry = _orientation_entry(exif)
    if entry is not None and exif is not None:
        value = struct.unpack_from(entry[0], exif, entry[1])[0]
        return int(value) if 1 <= value <= 8 else 1
    found = _XMP_ORIENTATION.search(xmp or b"")
    return int(found[2]) if found else 1


def upright(exif: bytes | None) -> bytes | None:
    """The same block, every byte in its place, with the orientation of the photo (not the thumbnail's) 1."""
    entry = _orientation_entry(exif)
    if entry is None or exif is None:
        return exif
    block = bytearray(exif)
    struct.pack_into(entry[0], block, entry[1], 1)
    return bytes(block)


def upright_xmp(xmp: bytes | None) -> bytes | None:
    """The same packet, of the same length, with every ``tiff:Orientation`` 1."""
    return None if xmp is None else _XMP_ORIENTATION.sub(rb"\g<1>1", xmp)


def with_size(exif: bytes | None, width: int, height: int) -> bytes | None:
    """The same block, every byte in its place, with a new size of the photo where it tells one."""
    if exif is None:
        return None
    start = len(PREFIX) if exif.startswith(PREFIX) else 0
    file, block = io.BytesIO(exif[start:]), bytearray(exif)
    try:
        order, first = ifd.first_directory(file)
        below = ifd.read_number(file, order, first.entries.get(34665))
        entries = first.entries | (ifd.read_directory(file, order, below).entries if below else {})
    except ValueError:
        return exif
    for tag, side in _SIDES.items():
        entry = entries.get(tag)
        if entry is not None and entry.kind in (ifd.SHORT, ifd.LONG) and entry.count == 1:
            # Both kinds lie in the entry itself, so that a LONG fits where a SHORT was.
            struct.pack_into(order + "HII", block, start + entry.at - 6, ifd.LONG, 1, (width, height)[side])
    return bytes(block)


def xmp_with_size(xmp: bytes | None, width: int, height: int) -> bytes | None:
    """The same packet with a new size of the photo where it tells one."""

    def told(found: re.Match[bytes]) -> bytes:
        return found[1] + str(width if found[2] in (b"Width", b"XDimension") else height).encode()

    return None if xmp is None else _XMP_SIDE.sub(told, xmp)


def from_tiff(file: BinaryIO) -> bytes | None:
    """What the first directory of a TIFF file says about the photo, as an EXIF block of its own.

    The values' bytes stay as they are, but not where they lie: the file's offsets are meaningless elsewhere.
    Values that are cut off in the file are left out.
    """
    order, directory = ifd.first_directory(file)
    fields, _ = _facts(file, order, directory, room=file.seek(0, io.SEEK_END), depth=0)
    if not fields:
        return None
    header = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return PREFIX + header + ifd.lay_out(fields, order, 8)


def _facts(
    file: BinaryIO, order: str, directory: ifd.Directory, room: int, depth: int
) -> tuple[list[ifd.Field], int]:
    """Fields of a directory, and what is left of ``room``: a file cannot say more than it has bytes."""
    fields = []
    for entry in directory.entries.values():
        if entry.tag in STRUCTURAL or entry.size > room:
            continue
        try:
            if entry.tag in _POINTERS and depth < 2:
                below = ifd.read_directory(file, order, ifd.read_number(file, order, entry))
                inner, room = _facts(file, order, below, room, depth + 1)
                fields.append(ifd.Field(entry.tag, ifd.LONG, 1, inner))
            else:
                room -= entry.size
                fields.append(ifd.Field(entry.tag, entry.kind, entry.count, ifd.read_value(file, entry)))
        except ValueError:
            continue
    return fields, room


def _orientation_entry(exif: bytes | None) -> tuple[str, int] | None:
    """How to unpack the orientation of the photo, and where in the block it lies."""
    if exif is None:
        return None
    start = len(PREFIX) if exif.startswith(PREFIX) else 0
    try:
        order, directory = ifd.first_directory(io.BytesIO(exif[start:]))
        entry = directory.entries.get(ORIENTATION)
        if entry is None or entry.kind not in (ifd.SHORT, ifd.LONG) or entry.count != 1:
            return None
        return order + ("H" if entry.kind == ifd.SHORT else "I"), start + entry.at
    except ValueError:
        return None
