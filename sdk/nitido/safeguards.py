"""What keeps photos from harm: when not to enhance one, when not to write, how to keep one as it is."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from nitido.errors import DestinationExists, DestinationIsSource
from nitido.photo.atomic import copy_photo, is_same_file
from nitido.photo.encode import LONGEST_SEGMENT
from nitido.photo.formats import DESTINATIONS
from nitido.photo.mark import mark_by, mark_of, with_mark
from nitido.photo.model import Metadata, Photo
from nitido.photo.write import write_photo

_CAMERA_FORMATS = ("JPEG", "MPO")


def why_untouchable(metadata: Metadata, *, in_place: bool = False, again: bool = False) -> str | None:
    """Why a file must not be enhanced whatever its score, or None.

    A photo that carries Nitido's mark is enhanced already; ``again`` lets it pass.

    Only the first picture of a file is read. An animation or a document is nothing without the others. A
    camera's JPEG stands alone: its further pictures or its video show the same moment, and stay in the
    original unless that is replaced (``in_place``).
    """
    if metadata.frames > 1 and (in_place or metadata.format not in _CAMERA_FORMATS):
        return f"holds {metadata.frames} pictures (or a video), and only the first would be kept"
    mark = None if again else mark_of(metadata.exif)
    if mark is not None:
        return f"already enhanced ({mark}); again=True (--again) enhances it once more"
    return None


def marked(photo: Photo, destination: Path, restorer: str | None) -> tuple[Photo, str]:
    """An enhanced photo with the mark of ``restorer``; and, to be added to the reason, why it has none."""
    metadata, known = photo.metadata, DESTINATIONS.get(destination.suffix.lower())
    if known is not None and not known.about:
        return photo, f"; not marked as enhanced, since {known.name} holds no EXIF"
    try:
        exif = with_mark(metadata.exif, mark_by(restorer))
    except ValueError as error:
        return photo, f"; not marked as enhanced, since its EXIF block is broken ({error})"
    if known is not None and known.name == "JPEG" and len(exif) > LONGEST_SEGMENT:
        return photo, "; not marked as enhanced, since its EXIF block is as large as JPEG allows"
    return replace(photo, metadata=replace(metadata, exif=exif)), ""


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
