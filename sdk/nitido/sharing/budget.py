"""Encodes a photo as a file of so many bytes at most: the finest quality that fits."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, get_args

from nitido.errors import InvalidOption
from nitido.photo.encode import encode
from nitido.photo.formats import DESTINATIONS
from nitido.photo.model import Photo
from nitido.photo.samples import Samples

FileCodec = Literal["jpeg", "webp", "avif"]
SUFFIXES: dict[FileCodec, str] = {"jpeg": ".jpg", "webp": ".webp", "avif": ".avif"}
LOWEST = 10
"""Quality below which photos are blocks; a budget that takes less is not met."""


@dataclass(frozen=True)
class Encoded:
    """A file, not yet written."""

    data: bytes
    quality: int
    fits: bool
    """Whether the budget is met."""


def finest(make: Callable[[int], bytes], quality: int, max_bytes: int | None) -> Encoded:
    """The file of the highest quality up to ``quality`` that has at most ``max_bytes``.

    ``make`` encodes at a quality. Where not even ``LOWEST`` fits, the smallest file is returned, and said to
    be too large.
    """
    data = make(quality)
    if max_bytes is None or len(data) <= max_bytes:
        return Encoded(data, quality, True)
    best: Encoded | None = None
    smallest = Encoded(data, quality, False)
    low, high = LOWEST, quality - 1
    while low <= high:
        middle = (low + high) // 2
        data = make(middle)
        if len(data) < len(smallest.data):
            smallest = Encoded(data, middle, False)
        if len(data) <= max_bytes:
            best, low = Encoded(data, middle, True), middle + 1
        else:
            high = middle - 1
    return best or smallest


def check_codec(codec: str) -> None:
    """Raises InvalidOption for one that photos are not shared in."""
    if codec not in get_args(FileCodec):
        raise InvalidOption(f"expected a codec among {', '.join(SUFFIXES)}, got {codec!r}; name one of them")


def to_share(photo: Photo, codec: FileCodec) -> Photo:
    """The photo as its file is to be: halved chroma, a progressive JPEG; with EXIF, ICC and XMP.

    Blocks that are not interpreted, such as depth maps, belong to the original's size and stay with it.
    """
    encoder = {"subsampling": 2, "progressive": True} if codec == "jpeg" else {"subsampling": 2}
    metadata = replace(photo.metadata, encoder=encoder, extra=())
    alpha = None if codec == "jpeg" else photo.alpha
    return replace(photo, metadata=metadata, alpha=alpha, bit_depth=8, deep=None, deep_alpha=None)


def encoded(photo: Photo, codec: FileCodec, quality: int) -> bytes:
    """The bytes of a file; raises CannotWrite for metadata that the format cannot hold."""
    destination = DESTINATIONS[SUFFIXES[codec]]
    buffer = io.BytesIO()
    encode(destination.name, buffer, Samples.of(photo, alpha=destination.alpha, deep=False), quality)
    return buffer.getvalue()
