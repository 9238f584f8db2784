"""What keeps photos from harm: when not to enhance one, when not to write, how to keep one as it is."""

from __future__ import annotations

import os
from pathlib import Path

from nitido.errors import DestinationExists, DestinationIsSource
from nitido.photo.atomic import copy_photo, is_same_file
from nitido.photo.formats import DESTINATIONS
from nitido.photo.model import Metadata, Photo
from nitido.photo.write import write_photo

_CAMERA_FORMATS = ("JPEG", "MPO")


def why_untouchable(metadata: Metadata, *, in_place: bool = False) -> str | None:
    """Why a file must not be enhanced whatever its score, or None.

    Only the first picture of a file is read. An animation or a document is nothing without the others. A
    camera's JPEG stands alone: its further pictures or its video show the same moment, and stay in the
    original unless that is replaced (``in_place``).
    """
    if metadata.frames > 1 and (in_place or metadata.format not in _CAMERA_FORMATS):
        return f"holds {metadata.frames} pictures (or a video), and only the first would be kept"
    return None


def what_is_dropped(metadata: Metadata) -> str:
    """To be added to the reason of an enhanced photo: what of the original is not in its new file."""
    return (
        f"; only the first of its {metadata.frames} pictures (or a video) is kept"
        if metadata.frames > 1
        else ""
    )


def refuse_overwriting(source: Path, destination: Path, overwrite: bool) -> None:
    """Raise what writing would raise, before the work instead of after it."""
    if overwrite:
        return
    if is_same_file(source, destination):
        raise DestinationIsSource(
            f"{destination} is the photo itself: choose another destination, or overwrite it (--overwrite)"
        )
    if os.path.lexists(destination):
        raise DestinationExists(
            f"{destination} exists: choose another name, or pass overwrite=True (--overwrite)"
        )


def keep_photo(photo: Photo, source: Path, destination: Path, overwrite: bool) -> None:
    """Copy a photo that is left alone byte for byte, unless another format was asked for."""
    if _format_of(source) == _format_of(destination):
        copy_photo(source, destination, overwrite)
    else:
        write_photo(photo, destination, overwrite=overwrite)


def _format_of(path: Path) -> str:
    """A photo's own suffix is good enough for its copy, even one that nothing is written in."""
    suffix = path.suffix.lower()
    known = DESTINATIONS.get(suffix)
    return known.name if known else suffix
