"""TIFF directories as raw entries, read and laid out unchanged: what EXIF and TIFF files are made of."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of one value of each TIFF type."""

BYTE, SHORT, LONG, RATIONAL, UNDEFINED = 1, 3, 4, 5, 7


@dataclass(frozen=True)
class Entry:
    """One tag; ``at`` is where its bytes lie: inside the entry itself when they are four or fewer."""

    tag: int
    kind: int
    count: int
    at: int

    @property
    def size(self) -> int:
        """Bytes of all its values."""
        return SIZES[self.kind] * self.count


@dataclass(frozen=True)
class Directory:
    """Entries by tag, and where the next directory lies (0: this is the last)."""

    entries: dict[int, Entry]
    following: int


@dataclass(frozen=True)
class Field:
    """A tag to be laid out: its bytes in the structure's order, or the fields of a directory it points to."""

    tag: int
    kind: int
    count: int
    value: bytes | list[Field]


def byte_order(header: bytes) -> str:
    """``<`` or ``>``, as ``struct`` knows it, by the first bytes of a TIFF structure; else ``ValueError``."""
    orders = {b"II*\0": "<", b"MM\0*": ">"}
    if len(header) < 8 or header[:4] not in orders:
        raise ValueError("not a TIFF structure")
    return orders[header[:4]]


def first_directory(file: BinaryIO) -> tuple[str, Directory]:
    """Byte order and first directory of a TIFF structure; ``ValueError`` when it is broken."""
    file.seek(0)
    header = file.read(8)
    order = byte_order(header)
    return order, read_directory(file, order, struct.unpack(order + "I", header[4:])[0])


def read_directory(file: BinaryIO, order: str, offset: int) -> Directory:
    """The directory at an offset; entries of types that TIFF does not know are left out."""
    file.seek(offset)
    count = _unpack(file, order + "H")[0]
    table = file.read(12 * count)
    if len(table) < 12 * count:
        raise ValueError(f"the TIFF directory at {offset} is cut off")
    entries = {}
    for number in range(count):
        tag, kind, values, at = struct.unpack_from(order + "HHII", table, 12 * number)
        if kind in SIZES:
            inside = SIZES[kind] * values <= 4
            entries[tag] = Entry(tag, kind, values, offset + 2 + 12 * number + 8 if inside else at)
    following = file.read(4)
    return Directory(entries, struct.unpack(order + "I", following)[0] if len(following) == 4 else 0)


def read_value(file: BinaryIO, entry: Entry) -> bytes:
    """The bytes of an entry; ``ValueError`` when the file ends before."""
    file.seek(entry.at)
    value = file.read(entry.size)
    if len(value) < entry.size:
        raise ValueError(f"the value of TIFF tag {entry.tag} is cut off")
    return value


def read_number(file: BinaryIO, order: str, entry: Entry | None, default: int = 0) -> int:
    """The first value of a SHORT or LONG entry, else ``default``."""
    if entry is None or entry.kind not in (SHORT, LONG, 13) or entry.count < 1:
        return default
    file.seek(entry.at)
    return int(_unpack(file, order + ("H" if entry.kind == SHORT else "I"))[0])


def lay_out(fields: list[Field], order: str, offset: int) -> bytes:
    """The bytes of a directory that will lie at ``offset`` (even), with all values and directories below."""
    fields = sorted(fields, key=lambda each: each.tag)
    table = struct.pack(order + "H", len(fields))
    position = offset + 2 + 12 * len(fields) + 4
    values = b""
    for each in fields:
        here = position + len(values)
        value = lay_out(each.value, order, here) if isinstance(each.value, list) else each.value
        if isinstance(each.value, list) or len(value) > 4:
            table += struct.pack(order + "HHII", each.tag, each.kind, each.count, here)
            values += value + b"\0" * (len(value) % 2)
        else:
            table += struct.pack(order + "HHI", each.tag, each.kind, each.count) + value.ljust(4, b"\0")
    return table + struct.pack(order + "I", 0) + values


def _unpack(file: BinaryIO, code: str) -> tuple[int, ...]:
    data = file.read(struct.calcsize(code))
    if len(data) < struct.calcsize(code):
        raise ValueError("the TIFF structure is cut off")
    return struct.unpack(code, data)
