"""Sixteen bits a sample out of Pillow, which keeps them for grey but only the high byte of every colour."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nitido.errors import PhotoUnsupported
from nitido.photo.depth import strips
from nitido.photo.upright import Plane, upright_shape, write_stored

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

Deep = NDArray[np.uint16]

_LITTLE = sys.byteorder == "little"


def raw_mode(image: ImageFile) -> str:
    """Pillow's name of how the file stores its samples, such as ``RGB;16B``; empty if it does not say."""
    args = image.tile[0].args if image.tile else None
    mode = args[0] if isinstance(args, tuple) and args else args
    return mode if isinstance(mode, str) else ""


def is_deep(image: ImageFile) -> bool:
    """Whether an opened file has more than 8 bits a sample; AVIF and HEIC are looked at elsewhere."""
    if image.format == "TIFF":
        bits = getattr(image, "tag_v2", {}).get(258, (1,))
        return bool(max(bits) > 8)
    return image.format == "PNG" and ";16" in raw_mode(image)


def load(image: ImageFile) -> None:
    """Decodes an opened image.

    The TIFF plugin gets its memory beforehand: it would hold the size, which has been checked, against a
    limit of the whole process.
    """
    size = getattr(image, "_tile_size", None)
    if size is not None:
        image.im = Image.new(image.mode, size, None).im
    image.load()


def release(image: ImageFile) -> None:
    """Frees the pixels of an image; its own ``close`` would close the file, which belongs to the caller."""
    Image.Image.close(image)


def decode_deep(
    image: ImageFile, reopen: Callable[[], ImageFile], orientation: int
) -> tuple[Deep, Deep | None]:
    """Upright colour (H, W, 3) and opacity (H, W) or None; uses the image up, ``reopen`` opens it again."""
    raw = raw_mode(image)
    if getattr(image, "_planar_configuration", 1) != 1 and not image.mode.startswith("I"):
        raise PhotoUnsupported("16-bit TIFF with separate colour planes is not read: save it interleaved")
    if image.mode.startswith("I;16"):
        colour, alpha = _grey(image, raw, orientation)
    elif raw == "LA;16B":
        colour, alpha = _grey_and_alpha(image, orientation)
    else:
        colour, alpha = _colour(image, reopen, raw, orientation)
    key = image.info.get("transparency")
    if alpha is None and key is not None:
        # One sample value, or one colour, that stands for full transparency.
        alpha = np.empty(colour.shape[:2], np.uint16)
        for rows in strips(*colour.shape[:2]):
            alpha[rows] = np.where((colour[rows] == np.array(key)).all(axis=2), 0, 65535)
    return colour, alpha


def _grey(image: ImageFile, raw: str, orientation: int) -> tuple[Deep, None]:
    if raw not in ("I;16", "I;16B", "I;16L", "I;16N"):
        raise PhotoUnsupported(f"grey stored as {raw} is not read: save it as 16-bit grey")
    white_is_zero = image.format == "TIFF" and getattr(image, "tag_v2", {}).get(262) == 0
    _load_as(image, raw)
    colour, _ = _empty(image, orientation, alpha=False)
    for rows, samples in _parts(image):
        write_stored(65535 - samples if white_is_zero else samples, colour, None, rows, orientation)
    return colour, None


def _grey_and_alpha(image: ImageFile, orientation: int) -> tuple[Deep, Deep | None]:
    # Taken for 8-bit RGBA, the four bytes of a pixel come out as they are: grey high, low, alpha high, low.
    _load_as(image, "RGBA")
    colour, alpha = _empty(image, orientation, alpha=True)
    for rows, samples in _parts(image):
        pairs = np.ascontiguousarray(samples).view(">u2")
        write_stored(pairs, colour, alpha, rows, orientation)
    return colour, alpha


def _colour(
    image: ImageFile, reopen: Callable[[], ImageFile], raw: str, orientation: int
) -> tuple[Deep, Deep | None]:
    """Decodes twice: told the other byte order, Pillow keeps the low bytes instead of the high ones.

    So the file is unpacked and checked by the code that everybody else uses, whatever its compression.
    """
    kind, _, order = raw.partition(";16")
    if kind not in ("RGB", "RGBX", "RGBA", "RGBa") or order not in ("B", "L", "N"):
        raise PhotoUnsupported(f"samples stored as {raw} are not read: save it as 16-bit RGB")
    straight = "RGBA" if kind == "RGBa" else kind
    stored_little = order == "L" or (order == "N" and _LITTLE)
    high, low = ("L", "B") if stored_little else ("B", "L")
    _load_as(image, f"{straight};16{high}")
    colour, alpha = _empty(image, orientation, alpha=straight == "RGBA")
    for take_high in (True, False):
        if not take_high:
            image = reopen()
            _load_as(image, f"{straight};16{low}")
        byte = 1 if take_high is _LITTLE else 0
        alpha_bytes = None if alpha is None else _bytes(alpha)[..., byte]
        for rows, samples in _parts(image):
            write_stored(samples, _bytes(colour)[..., byte], alpha_bytes, rows, orientation)
    if kind == "RGBa" and alpha is not None:
        for rows in strips(*alpha.shape):
            opacity = np.maximum(alpha[rows], 1)[..., np.newaxis].astype(np.uint32)
            straight_colour = (colour[rows].astype(np.uint32) * 65535 + opacity // 2) // opacity
            colour[rows] = np.minimum(straight_colour, 65535)
    return colour, alpha


def _empty(image: ImageFile, orientation: int, *, alpha: bool) -> tuple[Deep, Deep | None]:
    shape = upright_shape(image.size, orientation)
    return np.empty((*shape, 3), np.uint16), np.empty(shape, np.uint16) if alpha else None


def _bytes(samples: Deep) -> NDArray[np.uint8]:
    """A view of 16-bit samples with one more axis: their two bytes."""
    return samples.view(np.uint8).reshape(*samples.shape, 2)


def _load_as(image: ImageFile, raw: str) -> None:
    """Decodes an image as if its samples were stored like ``raw``."""
    image.tile = [
        tile._replace(args=(raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw)
        for tile in image.tile
    ]
    load(image)


def _parts(image: ImageFile) -> Iterator[tuple[slice, Plane]]:
    """Strips of a decoded image, which is used up."""
    for rows in strips(image.height, image.width):
        yield rows, np.asarray(image.crop((0, rows.start, image.width, rows.stop)))
    release(image)
