"""Reading photos: one function, and a named error for everything that a file can have wrong."""

from __future__ import annotations

import contextlib
import importlib
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from PIL import Image

from nitido.errors import InvalidOption, NitidoError, NotAPhoto, PhotoDamaged, PhotoTooLarge, PhotoUnsupported
from nitido.photo import formats
from nitido.photo.colour import OTHER_SPACES
from nitido.photo.decode import Decoded, decode
from nitido.photo.metadata import gather
from nitido.photo.model import Metadata, Photo
from nitido.photo.opening import open_file

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

_UNREADABLE_KINDS = ("unknown pixel mode", "unknown data organization", "cannot handle", "Unsupported BMP")
"""How Pillow says that a file is sound, but of a kind that it does not decode."""


def read_photo(
    path: str | Path, *, max_megapixels: float = 200.0, at_least: tuple[int, int] | None = None
) -> Photo:
    """Reads a photo: pixels upright in RGB, and everything that ``write_photo`` needs to lose nothing.

    With ``at_least``, pixels of the longer and of the shorter side, a JPEG comes out 2, 4 or 8 times smaller,
    and sooner, where that leaves both sides at least so long. Metadata are the same; such a photo is for
    looking at, not for saving. All other formats come out at full size.

    Of animations and multi-picture files the first (primary) picture is read; ``metadata.frames`` says how
    many there are. CMYK is converted to sRGB; otherwise the profile is kept and the pixels are as stored.
    Files of 10 to 16 bits a sample fill ``deep``.

    Raises ``NotAPhoto``, ``PhotoDamaged`` (truncated files too), ``PhotoUnsupported``, and, before anything
    is decoded, ``PhotoTooLarge`` above ``max_megapixels``: a small file can claim to be a huge picture.
    """
    path = Path(path)
    if not max_megapixels > 0 or math.isnan(max_megapixels):
        raise InvalidOption(f"max_megapixels must be above 0, got {max_megapixels}: leave it out for 200")
    if at_least is not None and min(at_least) < 1:
        raise InvalidOption(f"at_least must be 1 pixel or more, got {at_least}: leave it out for full size")
    file, times = open_file(path)
    with file, _told(path):
        head = file.read(formats.HEAD)
        kind = formats.recognise(head)
        if kind is None:
            what = "is empty" if not head else "is not a photo"
            raise NotAPhoto(f"{what}: leave it out, or convert it to one of {formats.READABLE}")
        source = _open(kind, file)
        _check_size(source.size, max_megapixels)
        metadata = replace(source.metadata(), times=times)
        arrays = source.decode(at_least)
    return Photo(
        pixels=arrays.pixels,
        metadata=metadata,
        alpha=arrays.alpha,
        bit_depth=8 if arrays.deep is None else 16,
        deep=arrays.deep,
        deep_alpha=arrays.deep_alpha,
        path=path.absolute(),
    )


class _Source(Protocol):
    """A file whose header has been read."""

    size: tuple[int, int]

    def metadata(self) -> Metadata: ...

    def decode(self, at_least: tuple[int, int] | None) -> Decoded: ...


class _PillowSource:
    def __init__(self, kind: str, file: BinaryIO) -> None:
        self._kind = kind
        self._file = file
        self._image = self._opened()
        self.size = self._image.size
        self._orientation = 1

    def metadata(self) -> Metadata:
        metadata = gather(self._kind, self._file, self._image)
        # Pillow turns TIFF upright by itself.
        self._orientation = 1 if self._kind == "TIFF" else metadata.orientation
        # After the conversion to sRGB the file's profile would be wrong.
        return replace(metadata, icc_profile=None) if self._image.mode in OTHER_SPACES else metadata

    def decode(self, at_least: tuple[int, int] | None) -> Decoded:
        if at_least is not None and self._kind == "JPEG":
            # Fewer frequencies of every block. The whole file is still unpacked: libjpeg can skip to a part
            # of a photo, but Pillow does not offer that, so a single native-size crop costs all the pixels.
            longer, shorter = at_least
            lying = self._image.width >= self._image.height
            self._image.draft(None, (longer, shorter) if lying else (shorter, longer))
        return decode(self._image, self._opened, self._orientation)

    def _opened(self) -> ImageFile:
        module, name = formats.PLUGINS[self._kind]
        self._file.seek(0)
        image: ImageFile = getattr(importlib.import_module(f"PIL.{module}"), name)(self._file, "")
        return image


def _open(kind: str, file: BinaryIO) -> _Source:
    if kind == "HEIF":
        from nitido.photo.heif import HeifSource  # its library is an extra

        return HeifSource(file)
    return _PillowSource(kind, file)


def _check_size(size: tuple[int, int], max_megapixels: float) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise PhotoDamaged(f"says that it is {width}x{height} pixels: get the file again")
    if width * height > max_megapixels * 1e6:
        size_in_words = f"{width}x{height}, {width * height / 1e6:.1f} megapixels"
        raise PhotoTooLarge(
            f"is {size_in_words}, above the limit of {max_megapixels:g}: if you trust the file, "
            f"pass max_megapixels={math.ceil(width * height / 1e6)} (--max-megapixels)"
        )


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Puts the file's name before what is wrong with it, and a name to what decoders raise."""
    try:
        yield
    except NitidoError as error:
        raise type(error)(f"{path}: {error}") from error.__cause__
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooLarge(f"{path}: {error}: PIL.Image.MAX_IMAGE_PIXELS is that limit") from error
    except MemoryError as error:
        raise PhotoTooLarge(f"{path} does not fit into memory: free some, or shrink the photo") from error
    # A decoder that follows broken bytes can raise anything, and all of it means the same to the caller.
    except Exception as error:
        reason = str(error) or type(error).__name__
        if any(words in reason for words in _UNREADABLE_KINDS):
            raise PhotoUnsupported(f"{path}: no decoder ({reason}): save it as 8-bit RGB") from error
        raise PhotoDamaged(f"{path} is damaged ({reason}): get the file again") from error
