"""Sharing: a photo as a file of so many bytes, made small by the learned downscaler or as others do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import nitido
from nitido.batch.sharing import Sharing, small_photos, what_shows
from nitido.photo.model import Photo
from nitido.sharing.budget import Encoded, encoded, finest, to_share
from nitido.sharing.grid import resize


@dataclass(frozen=True)
class Shared:
    """A file to send, not yet written."""

    file: Encoded
    width: int
    height: int


def shared(photo: Photo, options: Sharing, downscaler: nitido.Downscaler | None) -> Shared:
    """The photo by ``downscaler``, or by Lanczos where it is None, of the best quality that fits.

    Raises CannotWrite for transparency in JPEG.
    """
    height, width = options.size.of(photo.height, photo.width)
    shape = min(height, photo.height), min(width, photo.width)
    small: Callable[[int], Photo]
    if downscaler is None:
        pixels = what_shows(photo, shape[1], options.codec)
        plain = to_share(photo, options.codec).with_pixels(resize(pixels, shape))
        small = lambda quality: plain  # noqa: E731
    else:
        small = small_photos(downscaler, photo, shape, options)

    def made(quality: int) -> bytes:
        return encoded(small(quality), options.codec, quality)

    return Shared(finest(made, options.quality, options.max_bytes), shape[1], shape[0])
