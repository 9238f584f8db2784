"""The chunks of a PNG file: all checked against their CRC, those beside the pixels kept."""

from __future__ import annotations

import zlib
from typing import BinaryIO

Chunk = tuple[bytes, bytes]
"""Name and data."""

SIGNATURE = b"\x89PNG\r\n\x1a\n"

XMP_KEYWORD = b"XML:com.adobe.xmp"
_RAW_EXIF = (b"Raw profile type exif", b"Raw profile type APP1")
_TEXT = {b"tEXt", b"zTXt", b"iTXt"}
_COLOUR = {b"sRGB", b"gAMA", b"cHRM", b"cICP", b"mDCV", b"cLLI"}
_KEPT = _TEXT | _COLOUR | {b"tIME"}
_LONGEST_TEXT = 1 << 24
"""Decompressed bytes of one text; more is an attack, not a caption."""


def read(file: BinaryIO) -> list[Chunk]:
    """Header, EXIF, texts and colour chunks in order; ``ValueError`` when any chunk of the file is broken.

    Pillow does not check the CRC of pixel data; here it is, because a photo with a hole must not pass.
    """
    chunks: list[Chunk] = []
    file.seek(len(SIGNATURE))
    while not chunks or chunks[-1][0] != b"IEND":
        header = file.read(8)
        if len(header) < 8:
            raise ValueError("the PNG file ends before its last chunk")
        size, name = int.from_bytes(header[:4], "big"), header[4:]
        keep = name in _KEPT or name in (b"IHDR", b"eXIf", b"IEND")
        crc, data = zlib.crc32(name), []
        while size > 0:
            piece = file.read(min(size, 1 << 20))
            if not piece:
                raise ValueError(f"the PNG file ends within its chunk {name!r}")
            crc = zlib.crc32(piece, crc)
            size -= len(piece)
            if keep:
                data.append(piece)
        if file.read(4) != crc.to_bytes(4, "big"):
            raise ValueError(f"the PNG chunk {name!r} differs from its checksum")
        if keep:
            chunks.append((name, b"".join(data)))
    if chunks[0][0] != b"IHDR" or len(chunks[0][1]) < 13:
        raise ValueError("the PNG file does not begin with its header")
    return chunks


def exif(chunks: list[Chunk]) -> bytes | None:
    """The EXIF block, from its own chunk or from the text where older programs put it in hexadecimal."""
    for name, data in chunks:
        if name == b"eXIf":
            return data
    for chunk in chunks:
        if _keyword(chunk) in _RAW_EXIF:
            try:
                # A line break, the profile's name, its length, then the digits.
                return bytes.fromhex("".join((_text(chunk) or b"").decode("ascii").split("\n")[3:]))
            except (ValueError, zlib.error):
                return None
    return None


def xmp(chunks: list[Chunk]) -> bytes | None:
    """The XMP packet."""
    return next((_text(chunk) for chunk in chunks if _keyword(chunk) == XMP_KEYWORD), None)


def extra(chunks: list[Chunk]) -> tuple[tuple[str, bytes], ...]:
    """Texts and colour chunks as they are, without those that ``exif`` and ``xmp`` return."""
    known = {XMP_KEYWORD, *_RAW_EXIF}
    return tuple(
        (name.decode("ascii"), data)
        for name, data in chunks
        if name in _KEPT and _keyword((name, data)) not in known
    )


def _keyword(chunk: Chunk) -> bytes | None:
    return chunk[1].partition(b"\0")[0] if chunk[0] in _TEXT else None


def _text(chunk: Chunk) -> bytes | None:
    """The text of a chunk, decompressed; None when it is broken or too long."""
    name, data = chunk
    _, _, rest = data.partition(b"\0")
    packed = False
    if name == b"zTXt":
        packed, rest = True, rest[1:]
    elif name == b"iTXt":
        packed = rest[:1] == b"\1"
        # Compression flag and method, language, translated keyword.
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    if not packed:
        return rest
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(rest, _LONGEST_TEXT)
    except zlib.error:
        return None
    return None if unpacker.unconsumed_tail else text
