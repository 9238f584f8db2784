"""Saving photos: one function, which keeps everything the photo has or says what the format cannot hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nitido.errors import CannotWrite, DestinationIsSource, InvalidOption
from nitido.photo.atomic import atomic_write, is_same_file
from nitido.photo.encode import encode
from nitido.photo.formats import DESTINATIONS, Destination
from nitido.photo.model import Photo
from nitido.photo.samples import Samples


def write_photo(photo: Photo, path: str | Path, *, overwrite: bool = False, quality: int = 95) -> Path:
    """Saves a photo in the format of the path's suffix, with its metadata and file times; returns the path.

    ``quality`` (1 to 100) is that of JPEG, WebP, AVIF and HEIC; chroma subsampling is the source's, none if
    that is unknown. Greyscale stays greyscale where the format has it. Missing folders are made. The file
    is there whole or not at all.

    Raises ``DestinationIsSource`` or ``DestinationExists`` unless ``overwrite`` is set, and ``CannotWrite``
    for what the disk refuses, and rather than losing something: an alpha that is not opaque, 16 bits a
    sample, metadata, or the other pictures of an animation when it would be saved as the same kind of file.

    A photo of a multi-picture file (stereo, gain map, motion) is saved without the other pictures, so it is
    never saved over that very file, even with ``overwrite``.
    """
    path = Path(path)
    if not 1 <= quality <= 100:
        raise InvalidOption(f"quality must be 1 to 100, got {quality}: 95 is the default")
    destination = _destination(path)
    over_source = photo.path is not None and is_same_file(path, photo.path)
    if over_source and not overwrite:
        raise DestinationIsSource(f"{path} is the photo itself: choose another name, or pass overwrite=True")
    _check_fits(photo, path, destination, over_source)
    samples = Samples.of(photo, alpha=destination.alpha, deep=destination.deep)
    with atomic_write(path, overwrite, times=photo.metadata.times) as file:
        try:
            encode(destination.name, file, samples, quality)
        except CannotWrite as error:
            raise CannotWrite(f"{path} could not be written: {error}") from error.__cause__
        # Pillow has no error of its own; an OSError with a number is the disk's: atomic_write explains it.
        except (ValueError, TypeError, RuntimeError, OSError) as error:
            if getattr(error, "errno", None) is None:
                raise CannotWrite(f"{path} could not be encoded ({error}): choose another format") from error
            raise
    return path


def check_longest(path: Path, height: int, width: int) -> None:
    """Raises CannotWrite for a size that the format of the path's suffix does not hold."""
    destination, longest = _destination(path), max(height, width)
    if longest > destination.longest:
        raise CannotWrite(
            f"{path}: {destination.name} holds up to {destination.longest} pixels a side, got {longest}; "
            "save it as .png or .tif"
        )


def _destination(path: Path) -> Destination:
    suffix = path.suffix.lower()
    if suffix in DESTINATIONS:
        return DESTINATIONS[suffix]
    works = ", ".join(sorted(DESTINATIONS))
    if suffix == ".gif":
        raise CannotWrite(f"{path}: GIF holds 256 colours, too few for a photo; use one of {works}")
    raise CannotWrite(f"{path}: photos are saved with one of the suffixes {works}; got {suffix or 'none'}")


def _check_fits(photo: Photo, path: Path, destination: Destination, over_source: bool) -> None:
    """``CannotWrite`` when the format cannot hold what the photo has."""
    metadata = photo.metadata
    check_longest(path, photo.height, photo.width)
    if photo.bit_depth == 16 and not destination.deep:
        raise CannotWrite(
            f"{path}: {destination.name} would cut the 16 bits of the photo to 8; save it as .png or .tif, "
            "or drop them: dataclasses.replace(photo, bit_depth=8, deep=None, deep_alpha=None)"
        )
    if photo.alpha is not None and not destination.alpha and np.min(photo.alpha) < 255:
        raise CannotWrite(
            f"{path}: {destination.name} has no transparency and the photo has; save it as .png or .webp, "
            "or drop it: dataclasses.replace(photo, alpha=None)"
        )
    if not destination.about and (metadata.exif or metadata.icc_profile or metadata.xmp):
        raise CannotWrite(f"{path}: {destination.name} holds no EXIF, ICC or XMP; save it as .png or .jpg")
    same_format = metadata.format == destination.name
    if metadata.frames > 1 and (over_source or (same_format and metadata.format != "JPEG")):
        raise CannotWrite(
            f"{path}: the source has {metadata.frames} pictures and only the first would be left; "
            "save it elsewhere, as .jpg or .png"
        )
