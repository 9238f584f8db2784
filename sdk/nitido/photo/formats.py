"""The file formats: how each is recognised, which Pillow plugin reads it, what it can hold when written."""

from __future__ import annotations

from dataclasses import dataclass

PLUGINS = {
    "JPEG": ("JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PngImagePlugin", "PngImageFile"),
    "TIFF": ("TiffImagePlugin", "TiffImageFile"),
    "WEBP": ("WebPImagePlugin", "WebPImageFile"),
    "AVIF": ("AvifImagePlugin", "AvifImageFile"),
    "GIF": ("GifImagePlugin", "GifImageFile"),
    "BMP": ("BmpImagePlugin", "BmpImageFile"),
}
"""Pillow module and class of every format but HEIF (pillow-heif reads that one).

The classes are used directly: ``Image.open`` would try all of Pillow's formats on a hostile file, and its
check against decompression bombs, with a limit of its own, is a setting of the whole process."""

READABLE = "JPEG, PNG, TIFF, WebP, AVIF, GIF, BMP, and HEIC with the extra 'heif'"

HEAD = 64
"""Bytes that ``recognise`` needs."""

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}


def recognise(head: bytes) -> str | None:
    """The name of the format that a file begins with, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head[4:8] == b"ftyp":
        # Size, "ftyp", major brand, version, then the compatible brands.
        size = int.from_bytes(head[:4], "big")
        brands = {head[at : at + 4] for at in [8, *range(16, min(size, len(head)), 4)]}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        return "HEIF" if brands & _HEIF_BRANDS else None
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return None


@dataclass(frozen=True)
class Destination:
    """A format that photos can be saved in, and what it can hold."""

    name: str
    alpha: bool = True
    deep: bool = False
    """16 bits a sample."""
    about: bool = True
    """EXIF, ICC profile and XMP."""
    longest: int = (1 << 31) - 1
    """Pixels along a side."""


_JPEG = Destination("JPEG", alpha=False, longest=65500)
_TIFF = Destination("TIFF", deep=True)
_HEIF = Destination("HEIF", longest=16384)

DESTINATIONS = {
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".png": Destination("PNG", deep=True),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".webp": Destination("WEBP", longest=16383),
    ".avif": Destination("AVIF", longest=65535),
    ".bmp": Destination("BMP", alpha=False, about=False),
    ".heic": _HEIF,
    ".heif": _HEIF,
}
"""Formats by the suffix of the file to be written, in lower case."""
