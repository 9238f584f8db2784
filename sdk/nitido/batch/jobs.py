"""What a folder run does to one photo: enhance it where that is worth it, or upscale it."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nitido.batch.run import Done, Work
from nitido.enhancer import Enhancer
from nitido.photo.atomic import is_same_file
from nitido.photo.model import Photo
from nitido.photo.read import read_photo
from nitido.photo.write import check_longest, write_photo
from nitido.safeguards import keep_photo, refuse_overwriting, what_is_dropped, why_untouchable

if TYPE_CHECKING:
    from nitido.faces import FaceUpscaler
    from nitido.restorer import Strength
    from nitido.sizes import Size


class AnyEnlarger(Protocol):
    """An ``Enlarger``, or a ``BlindEnlarger``."""

    @property
    def info(self) -> str:
        """What ran the networks."""

    def passes(self, shape: tuple[int, int], size: Size) -> tuple[int, ...]:
        """The scales of the networks that a photo of (height, width) goes through."""

    def photo(self, photo: Photo, size: Size) -> Photo:
        """The photo with everything enlarged."""


def enhancing(
    enhancer: Enhancer, *, strength: Strength = 1.0, again: bool = False, max_megapixels: float = 200.0
) -> Work:
    """Work that runs ``enhancer.file``."""

    def work(source: Path, destination: Path, overwrite: bool) -> Done:
        outcome = enhancer.file(
            source,
            destination,
            strength=strength,
            overwrite=overwrite,
            again=again,
            max_megapixels=max_megapixels,
        )
        details = {
            "score": outcome.improvability.score,
            "factors": dict(outcome.improvability.factors),
            "recommended": outcome.improvability.recommended,
            "crossed": list(outcome.improvability.crossed),
            "strength": outcome.strength,
            "width": outcome.pixels.shape[1],
            "height": outcome.pixels.shape[0],
            "timings": _rounded(outcome.timings),
            "runtime": outcome.runtime,
        }
        return Done("enhanced" if outcome.applied else "left alone", outcome.reason, details)

    return work


def upscaling(
    enlarger: AnyEnlarger, size: Size, *, faces: FaceUpscaler | None = None, max_megapixels: float = 200.0
) -> Work:
    """Work that enlarges every photo to a size, small faces with ``faces`` where that is given.

    A photo that is as large already, or a file of several pictures, is copied as it is.
    """

    def work(source: Path, destination: Path, overwrite: bool) -> Done:
        refuse_overwriting(source, destination, overwrite)
        clock = [time.perf_counter()]
        photo = read_photo(source, max_megapixels=max_megapixels)
        in_place = is_same_file(source, destination)
        reason = why_untouchable(photo.metadata, in_place=in_place, again=True)  # enhanced ones enlarge too
        height, width = size.of(photo.height, photo.width)
        if height <= photo.height and width <= photo.width:
            reason = (
                reason or f"{photo.width}x{photo.height} is as large as asked for ({width}x{height}) already"
            )
        if reason:
            keep_photo(photo, source, destination, overwrite)
            return Done("left alone", reason, {"width": photo.width, "height": photo.height})
        check_longest(destination, height, width)
        clock.append(time.perf_counter())
        enlarged = enlarger.photo(photo, size)
        put_in = 0
        if faces is not None:
            found = faces.result(photo.pixels, enlarged.finest)
            enlarged = enlarged.with_pixels(found.pixels)
            put_in = sum(face.applied for face in found.faces)
        clock.append(time.perf_counter())
        write_photo(enlarged, destination, overwrite=overwrite)
        clock.append(time.perf_counter())
        decode, enhance, encode = (after - before for before, after in pairwise(clock))
        details = {
            "width": enlarged.width,
            "height": enlarged.height,
            "passes": enlarger.passes((photo.height, photo.width), size),
            "timings": _rounded({"decode": decode, "enhance": enhance, "encode": encode}),
            "runtime": enlarger.info if faces is None else f"{enlarger.info}; {faces.info}",
        }
        if faces is not None:
            details["faces"] = put_in
        reason = f"{photo.width}x{photo.height} became {enlarged.width}x{enlarged.height}"
        reason += f", small faces: {put_in}" if put_in else ""
        reason += what_is_dropped(photo.metadata)
        return Done("enhanced", reason, details)

    return work


def _rounded(timings: dict[str, float]) -> dict[str, float]:
    return {step: round(seconds, 4) for step, seconds in timings.items()}
