"""Takes the place where a clip was made out of an MP4 that FFmpeg wrote, byte for byte the same otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_PLACES = frozenset((b"loci", b"\xa9xyz"))
"""Boxes with a place: 3GPP TS 26.244 and QuickTime."""


def clip_without_location(file: Path) -> bytes:
    """The file's bytes with the boxes of ``moov/udta`` that name a place made free space of zeros."""
    data = bytearray(file.read_bytes())
    for outer, start, end in _boxes(data, 0, len(data)):
        if outer == b"moov":
            for kind, begin, stop in _boxes(data, start, end):
                if kind == b"udta":
                    _blank(data, begin, stop)
    return bytes(data)


def _blank(data: bytearray, start: int, end: int) -> None:
    for kind, begin, stop in list(_boxes(data, start, end)):
        if kind in _PLACES:
            data[begin - 4 : stop] = b"free" + bytes(stop - begin)


def _boxes(data: bytearray, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind of each box between two places, and where its content lies (ISO/IEC 14496-12, 4.2)."""
    while start + 8 <= end:
        size, head = int.from_bytes(data[start : start + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        size = size or end - start
        if size < head or start + size > end:
            return
        yield bytes(data[start + 4 : start + 8]), start + head, start + size
        start += size
