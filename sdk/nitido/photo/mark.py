"""The mark of an enhanced photo: a tag of its EXIF block, by which it is never enhanced twice.

The tag is ProcessingSoftware. A block is never taken apart to write it: a new first directory, with the same
entries and one more, goes to its end, so that every offset in it, a maker note's too, stays valid.
"""

from __future__ import annotations

import io
import re
import struct

from nitido import __version__
from nitido.photo import ifd
from nitido.photo.exif import PREFIX

PROCESSING_SOFTWARE = 0x000B
_ASCII = 2
_BETWEEN = "; "
_OURS = re.compile(r"nitido \S+ restore( \S+)?")


def mark_by(restorer: str | None) -> str:
    """What to write on a photo that the restorer of that ``id`` has enhanced."""
    name = re.sub(r"[^!-:<-~]", "_", restorer or "")  # whatever a mark may not hold
    return f"nitido {__version__} restore {name}".strip()


def mark_of(exif: bytes | None) -> str | None:
    """The mark in an EXIF block, or None; a broken block has none."""
    if exif is None:
        return None
    try:
        texts = _texts(io.BytesIO(exif.removeprefix(PREFIX)))
    except ValueError:
        return None
    return next((text for text in texts if _OURS.fullmatch(text)), None)


def with_mark(exif: bytes | None, mark: str) -> bytes:
    """The block with the mark, an older one replaced, or a new block; ``ValueError`` when it is broken.

    What another program wrote into the same tag stays before the mark.
    """
    if exif is None:
        value = _value([mark])
        field = ifd.Field(PROCESSING_SOFTWARE, _ASCII, len(value), value)
        return PREFIX + b"II*\0" + struct.pack("<I", 8) + ifd.lay_out([field], "<", 8)
    block = exif.removeprefix(PREFIX)
    file = io.BytesIO(block)
    value = _value([*(text for text in _texts(file) if not _OURS.fullmatch(text)), mark])
    order = ifd.byte_order(block[:8])
    (first,) = struct.unpack_from(order + "I", block, 4)
    (count,) = struct.unpack_from(order + "H", block, first)
    table, following = block[first + 2 : first + 2 + 12 * count], block[first + 2 + 12 * count :][:4]
    entries = [table[at : at + 12] for at in range(0, len(table), 12)]
    others = [entry for entry in entries if struct.unpack_from(order + "H", entry)[0] != PROCESSING_SOFTWARE]
    if len(others) == 0xFFFF:
        raise ValueError("the TIFF directory has no room for another entry")
    start = len(block) + len(block) % 2
    at = start + 2 + 12 * (len(others) + 1) + 4
    head = struct.pack(order + "HHHII", len(others) + 1, PROCESSING_SOFTWARE, _ASCII, len(value), at)
    marked = bytearray(block.ljust(start, b"\0"))
    struct.pack_into(order + "I", marked, 4, start)
    return PREFIX + bytes(marked) + head + b"".join(others) + following.ljust(4, b"\0") + value


def _texts(file: io.BytesIO) -> list[str]:
    """What is in the tag; ``ValueError`` when the block is broken."""
    _, directory = ifd.first_directory(file)
    entry = directory.entries.get(PROCESSING_SOFTWARE)
    if entry is None or entry.kind != _ASCII:
        return []
    text = ifd.read_value(file, entry).decode("latin-1").strip(" \0")
    return text.split(_BETWEEN) if text else []


def _value(texts: list[str]) -> bytes:
    return _BETWEEN.join(texts).encode("latin-1") + b"\0"
