"""Every 8-bit colour mode that files come in, turned into grey or sRGB, with or without alpha."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from PIL import Image

from nitido.errors import PhotoUnsupported

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

_GREY = ("1", "L", "LA", "La")
_COLOUR = ("P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "YCbCr")

OTHER_SPACES = ("CMYK", "LAB")
"""Modes whose profile no longer fits after the conversion to sRGB."""


def converter(image: ImageFile) -> Callable[[Image.Image], Image.Image]:
    """What turns parts of this loaded image into L, LA, RGB or RGBA; ``PhotoUnsupported`` if nothing does."""
    if image.mode in OTHER_SPACES:
        return _to_srgb(image.mode, image.info.get("icc_profile"))
    if image.mode not in _GREY + _COLOUR:
        raise PhotoUnsupported(f"samples of the kind {image.mode} are not read: save it as 8- or 16-bit RGB")
    target = "L" if image.mode in _GREY else "RGB"
    if image.has_transparency_data:
        target += "A"
    return lambda part: part if part.mode == target else part.convert(target)


def _to_srgb(mode: str, profile: object) -> Callable[[Image.Image], Image.Image]:
    """Through the file's own profile when it has a usable one, else by Pillow's plain formula."""
    from PIL import ImageCms  # only files like these need a colour management library

    try:
        if mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        elif isinstance(profile, bytes):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        else:
            return lambda part: part.convert("RGB")
        target = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, target, mode, "RGB")
    except (ImageCms.PyCMSError, OSError):
        return lambda part: part.convert("RGB")
    return lambda part: transform.apply(part)
