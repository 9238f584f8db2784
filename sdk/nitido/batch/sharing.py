"""What a folder run does to share one photo: make it small, and compress it to a quality or a budget."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from nitido.batch.run import Done, Work
from nitido.errors import CannotWrite, InvalidOption
from nitido.photo.atomic import atomic_write, copy_photo, is_same_file
from nitido.photo.formats import DESTINATIONS
from nitido.photo.model import Photo, Pixels
from nitido.photo.read import read_photo
from nitido.safeguards import refuse_overwriting, what_is_dropped, why_untouchable
from nitido.sharing.budget import LOWEST, SUFFIXES, FileCodec, check_codec, encoded, finest, to_share
from nitido.sharing.downscaler import Downscaler, Receiver
from nitido.sizes import Size
from nitido.transparency import cover_hidden

_BESIDE = 12
"""How far, in pixels of the photo at half size, the making small spreads what shows."""


@dataclass(frozen=True)
class Sharing:
    """How photos are shared. Raises InvalidOption."""

    size: Size
    codec: FileCodec = "jpeg"
    quality: int = 75
    """The highest: a budget may ask for less."""
    max_bytes: int | None = None
    detail: float = 0.5
    receiver: Receiver = "classic"

    def __post_init__(self) -> None:
        """Raises InvalidOption."""
        check_codec(self.codec)
        if not LOWEST <= self.quality <= 100:
            raise InvalidOption(f"expected a quality from {LOWEST} to 100, got {self.quality}; 75 is usual")
        if self.max_bytes is not None and self.max_bytes < 1:
            raise InvalidOption(f"expected a budget of at least a byte, got {self.max_bytes}; give more")


def sharing(downscaler: Downscaler, options: Sharing, *, max_megapixels: float = 200.0) -> Work:
    """Work that shares photos; one that is small enough as it is, in pixels and bytes, is copied.

    A budget that cannot be met gives the smallest file there is, and the report of a failure.
    """

    def work(source: Path, destination: Path, overwrite: bool) -> Done:
        refuse_overwriting(source, destination, overwrite)
        _check_suffix(destination, options.codec)
        clock = [time.perf_counter()]
        photo = read_photo(source, max_megapixels=max_megapixels)
        reason = why_untouchable(photo.metadata, in_place=is_same_file(source, destination), again=True)
        if reason:
            return Done("failed", f"{reason}; nothing was written")
        clock.append(time.perf_counter())
        shape = _target(photo, options.size)
        small = small_photos(downscaler, photo, shape, options)
        found = finest(
            lambda quality: encoded(small(quality), options.codec, quality),
            options.quality,
            options.max_bytes,
        )
        clock.append(time.perf_counter())
        before = source.stat().st_size
        same = shape == (photo.height, photo.width) and _format(source) == _format(destination)
        kept = same and before <= min(len(found.data), options.max_bytes or before)
        if kept:
            copy_photo(source, destination, overwrite)
        else:
            with atomic_write(destination, overwrite, times=photo.metadata.times) as file:
                file.write(found.data)
        clock.append(time.perf_counter())
        steps = zip(("decode", "enhance", "encode"), pairwise(clock), strict=True)
        size = before if kept else len(found.data)
        details = {
            "width": shape[1],
            "height": shape[0],
            "bytes": size,
            "quality": None if kept else found.quality,
            "timings": {step: round(after - start, 4) for step, (start, after) in steps},
            "runtime": str(downscaler.info),
        }
        told = f"{photo.width}x{photo.height} became {shape[1]}x{shape[0]}, {before:,} bytes became {size:,}"
        if kept:
            return Done("left alone", f"{photo.width}x{photo.height} and {before:,} bytes already", details)
        if not found.fits:
            told += f": more than the {options.max_bytes:,} asked for, even at a quality of {found.quality}; "
            return Done("failed", told + "ask for fewer pixels, or for another codec", details)
        return Done("enhanced", f"{told} (quality {found.quality}){what_is_dropped(photo.metadata)}", details)

    return work


def small_photos(downscaler: Downscaler, photo: Photo, shape: tuple[int, int], options: Sharing) -> _Small:
    """The photo made small for a quality, at every call; raises CannotWrite for transparency in JPEG."""
    pixels = what_shows(photo, shape[1], options.codec)
    return _Small(downscaler, to_share(photo, options.codec), pixels, shape, options)


def what_shows(photo: Photo, width: int, codec: FileCodec) -> Pixels:
    """The pixels to make so small, hidden colours covered; raises CannotWrite for transparency in JPEG."""
    if photo.alpha is None or photo.alpha.min() == 255:
        return photo.pixels
    if codec == "jpeg":
        raise CannotWrite(
            "JPEG has no transparency and the photo has; share it as another codec (--codec webp)"
        )
    return cover_hidden(photo.pixels, photo.alpha, _BESIDE * max(2, photo.width // width))


@dataclass(frozen=True)
class _Small:
    downscaler: Downscaler
    photo: Photo
    pixels: Pixels
    shape: tuple[int, int]
    options: Sharing

    def __call__(self, quality: int) -> Photo:
        options = self.options
        pixels = self.downscaler(
            self.pixels,
            Size(to=(self.shape[1], self.shape[0])),
            detail=options.detail,
            codec=options.codec,
            quality=quality,
            receiver=options.receiver,
        )
        return self.photo.with_pixels(pixels)


def shared_names(photos: Sequence[Path], codec: FileCodec) -> dict[Path, Path]:
    """The files' names with the codec's suffix; where two would be one, the old suffix stays before it."""
    suffix = SUFFIXES[codec]
    wanted = {
        photo: photo if _format(photo) == DESTINATIONS[suffix].name else photo.with_suffix(suffix)
        for photo in photos
    }
    taken = [str(name).lower() for name in wanted.values()]
    return {
        photo: photo.with_name(photo.name + suffix)
        if name != photo and taken.count(str(name).lower()) > 1
        else name
        for photo, name in wanted.items()
    }


def _target(photo: Photo, size: Size) -> tuple[int, int]:
    """The size asked for, or the photo's own where that is smaller."""
    height, width = size.of(photo.height, photo.width)
    small = height <= photo.height and width <= photo.width
    return (height, width) if small else (photo.height, photo.width)


def _check_suffix(destination: Path, codec: FileCodec) -> None:
    if _format(destination) != DESTINATIONS[SUFFIXES[codec]].name:
        raise InvalidOption(
            f"expected a destination that ends in {SUFFIXES[codec]} for {codec}, got {destination}; "
            f"change its name or the codec"
        )


def _format(path: Path) -> str | None:
    known = DESTINATIONS.get(path.suffix.lower())
    return known.name if known else None
