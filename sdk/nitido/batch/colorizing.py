"""What a folder run does to colorize one photo."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from nitido.batch.run import Done, Work
from nitido.errors import NotGreyscale
from nitido.photo.atomic import is_same_file
from nitido.photo.model import Photo, Pixels
from nitido.photo.read import read_photo
from nitido.photo.write import write_photo
from nitido.safeguards import keep_photo, refuse_overwriting, what_is_dropped, why_untouchable


class Colorize(Protocol):
    """``Colorizer``, or a function like it."""

    def __call__(self, pixels: Pixels, strength: float = 1.0, *, force: bool = False) -> Pixels:
        """Raises NotGreyscale for a photo that has colours, unless ``force``."""


def colorizing(
    colorizer: Colorize, *, strength: float = 1.0, force: bool = False, max_megapixels: float = 200.0
) -> Work:
    """Work that colorizes greyscale photos, and copies photos that have colours unless ``force``."""

    def work(source: Path, destination: Path, overwrite: bool) -> Done:
        refuse_overwriting(source, destination, overwrite)
        clock = [time.perf_counter()]
        photo = read_photo(source, max_megapixels=max_megapixels)
        reason = why_untouchable(photo.metadata, in_place=is_same_file(source, destination), again=True)
        if reason:
            return _left_alone(photo, source, destination, overwrite, reason)
        clock.append(time.perf_counter())
        try:
            pixels = colorizer(photo.pixels, strength, force=force)
        except NotGreyscale:
            reason = "has colours; --force replaces them"
            return _left_alone(photo, source, destination, overwrite, reason)
        clock.append(time.perf_counter())
        write_photo(photo.with_pixels(pixels).in_colour(), destination, overwrite=overwrite)
        clock.append(time.perf_counter())
        steps = zip(("decode", "enhance", "encode"), pairwise(clock), strict=True)
        details = {
            "width": photo.width,
            "height": photo.height,
            "timings": {step: round(after - before, 4) for step, (before, after) in steps},
            "runtime": str(getattr(colorizer, "info", None) or "python function"),
        }
        return Done("enhanced", f"colorized{what_is_dropped(photo.metadata)}", details)

    return work


def _left_alone(photo: Photo, source: Path, destination: Path, overwrite: bool, reason: str) -> Done:
    keep_photo(photo, source, destination, overwrite)
    return Done("left alone", reason, {"width": photo.width, "height": photo.height})
