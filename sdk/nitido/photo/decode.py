"""From an opened Pillow image to arrays: upright, RGB, alpha apart, with small temporaries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nitido.photo.colour import converter
from nitido.photo.decode_deep import decode_deep, is_deep, load, raw_mode, release
from nitido.photo.depth import strips, to_8_bits
from nitido.photo.upright import Plane, upright_shape, write_stored

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile


@dataclass(frozen=True)
class Decoded:
    """The arrays of a ``Photo``."""

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    deep: NDArray[np.uint16] | None = None
    deep_alpha: NDArray[np.uint16] | None = None


def decode(image: ImageFile, reopen: Callable[[], ImageFile], orientation: int) -> Decoded:
    """Decodes an opened image, which is used up; ``reopen`` opens the file again; ``orientation`` is EXIF's.

    Peak memory is Pillow's image and the arrays: strips of it are written where they belong when upright.
    """
    if is_deep(image):
        return _with_8_bits(*decode_deep(image, reopen, orientation))
    scale = {"L;2": 85, "L;4": 17}.get(raw_mode(image))
    if scale and isinstance(image.info.get("transparency"), int):
        image.info["transparency"] *= scale  # Pillow scales the samples, but not the transparent one
    load(image)
    convert = converter(image)
    shape = upright_shape(image.size, orientation)
    pixels = np.empty((*shape, 3), np.uint8)
    alpha = np.empty(shape, np.uint8) if image.has_transparency_data else None
    for rows in strips(image.height, image.width):
        part = convert(image.crop((0, rows.start, image.width, rows.stop)))
        write_stored(np.asarray(part), pixels, alpha, rows, orientation)
    release(image)
    return Decoded(pixels, alpha)


def from_samples(samples: NDArray[Any]) -> Decoded:
    """Arrays from upright samples (H, W) or (H, W, channels) of 8 or 16 bits: L, LA, RGB or RGBA."""
    height, width = samples.shape[:2]
    has_alpha = samples.ndim == 3 and samples.shape[2] in (2, 4)
    colour = np.empty((height, width, 3), samples.dtype)
    alpha: Plane | None = np.empty((height, width), samples.dtype) if has_alpha else None
    write_stored(samples, colour, alpha, slice(0, height), 1)
    return Decoded(colour, alpha) if samples.dtype == np.uint8 else _with_8_bits(colour, alpha)


def _with_8_bits(deep: NDArray[np.uint16], deep_alpha: NDArray[np.uint16] | None) -> Decoded:
    alpha = None if deep_alpha is None else to_8_bits(deep_alpha)
    return Decoded(to_8_bits(deep), alpha, deep, deep_alpha)
