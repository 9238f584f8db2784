"""The samples of a photo as a file stores them: grey or colour, alpha or none, 8 or 16 bits, in strips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nitido.errors import CannotWrite
from nitido.photo.depth import strips, to_8_bits
from nitido.photo.model import Photo

ZLIB_LEVEL = 4
"""For lossless files: a third of the time of zlib's default for 4 % more bytes, measured on photos."""


@dataclass(frozen=True)
class Samples:
    """A photo seen as rows of L, LA, RGB or RGBA; whoever writes it needs no more than a strip at a time."""

    photo: Photo
    mode: str
    deep: bool

    @classmethod
    def of(cls, photo: Photo, *, alpha: bool, deep: bool) -> Samples:
        """All that the photo has, without an alpha or 16 bits that the format cannot hold."""
        mode = "L" if photo.metadata.mode == "L" else "RGB"
        with_alpha = alpha and photo.alpha is not None
        return cls(photo, mode + "A" if with_alpha else mode, deep and photo.deep is not None)

    @property
    def channels(self) -> int:
        """1 to 4."""
        return len(self.mode)

    def strips(self) -> Iterator[NDArray[Any]]:
        """What ``rows`` gives, top to bottom."""
        for rows in strips(self.photo.height, self.photo.width):
            yield self.rows(rows)

    def rows(self, rows: slice) -> NDArray[Any]:
        """Contiguous (rows, W, channels) of uint8 or uint16; may be the photo's own memory."""
        photo = self.photo
        colour: NDArray[Any] = photo.pixels[rows]
        opacity: NDArray[Any] | None = None if photo.alpha is None else photo.alpha[rows]
        if self.deep and photo.deep is not None:
            if not np.array_equal(to_8_bits(photo.deep[rows]), colour):
                raise CannotWrite(
                    "the 16-bit samples are not those of the pixels: make the photo with "
                    "photo.with_pixels(pixels), which carries them over"
                )
            colour = photo.deep[rows]
            if photo.deep_alpha is not None:
                opacity = photo.deep_alpha[rows]
            elif opacity is not None:
                opacity = opacity.astype(np.uint16) * 257
        if self.mode == "RGB":
            return np.ascontiguousarray(colour)
        result = np.empty((*colour.shape[:2], self.channels), colour.dtype)
        if self.mode.startswith("RGB"):
            result[..., :3] = colour
        else:
            result[..., 0] = luma(colour)
        if self.mode.endswith("A") and opacity is not None:
            result[..., -1] = opacity
        return result

    def image(self) -> Image.Image:
        """The 8-bit samples as one Pillow image."""
        image = Image.new(self.mode, (self.photo.width, self.photo.height))
        for rows in strips(self.photo.height, self.photo.width):
            part = self.rows(rows)
            image.paste(Image.fromarray(part[..., 0] if self.channels == 1 else part), (0, rows.start))
        return image


def luma(colour: NDArray[Any]) -> NDArray[Any]:
    """ITU-R BT.601 luma with weights that add up to 2**16, so that grey stays exactly what it is."""
    red, green, blue = (colour[..., channel].astype(np.uint32) for channel in range(3))
    grey: NDArray[Any] = ((red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16).astype(colour.dtype)
    return grey
