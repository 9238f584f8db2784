"""The whole way of one photo: assess it, and enhance it only where that is worth it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nitido.errors import InvalidOption, PairMismatch
from nitido.photo.atomic import is_same_file
from nitido.photo.depth import to_8_bits
from nitido.photo.model import Deep, Pixels
from nitido.photo.read import read_photo
from nitido.photo.write import write_photo
from nitido.safeguards import keep_photo, marked, refuse_overwriting, what_is_dropped, why_untouchable
from nitido.strengths import Told, combine, in_words, is_nothing

if TYPE_CHECKING:
    from nitido.restorer import Strength
    from nitido.trigger import Improvability


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a photo and why."""

    pixels: Pixels
    """The enhanced pixels, or the very input where nothing was applied."""
    improvability: Improvability
    applied: bool
    reason: str
    timings: dict[str, float]
    """Seconds per step that ran: ``decode``, ``trigger``, ``enhance``, ``encode``."""
    runtime: str
    """Which runtimes really ran."""
    strength: Told | None = None
    """What the restorer was told to remove: all factors so much, or each its own; None: nothing applied."""
    deep: Deep | None = None
    """The enhanced pixels with 16 bits a sample, where a 16-bit photo was enhanced with all of them."""


class Enhancer:
    """Runs ``trigger``, and ``restore`` where the score reaches the threshold, on what the trigger found.

    The trigger's ``strengths`` turn the restorer's knobs: a photo that is noisy but sharp is denoised and not
    deblurred. The caller's ``strength`` scales them. Where the trigger has found no factor that is worth it
    on its own (or tells of none), all factors apply, as much as the caller says.

    Both are plain callables: any ``pixels -> Improvability`` and any ``(pixels, strength) -> pixels``.
    Where they carry ``enhancer_id`` and ``id`` these must match: a trigger belongs to one enhancer. A
    ``restore`` whose ``takes_16_bits`` is true gets a 16-bit photo as uint16, and returns it likewise.
    """

    def __init__(
        self,
        trigger: Callable[[Pixels], Improvability],
        restore: Callable[[Pixels, Strength], Pixels],
        *,
        threshold: float | None = None,
    ) -> None:
        """``threshold`` replaces the trigger's own recommendation; raises PairMismatch, InvalidOption."""
        if threshold is not None and not math.isfinite(threshold):
            raise InvalidOption(
                f"expected a finite threshold, got {threshold}; leave it out for the trigger's own"
            )
        made_for, made_by = getattr(trigger, "enhancer_id", None), getattr(restore, "id", None)
        if made_for and made_by and made_for != made_by:
            raise PairMismatch(
                f"the trigger was trained for enhancer {made_for}, got {made_by}; "
                "open the trigger that belongs to this enhancer, or retrain it for this one"
            )
        self.trigger = trigger
        self.restore = restore
        self.threshold = threshold

    @classmethod
    def open(
        cls,
        trigger: str | Path = "trigger",
        restorer: str | Path = "restore",
        *,
        threshold: float | None = None,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> Enhancer:
        """Open both bundles, each a zoo name or a folder."""
        from nitido.restorer import Restorer
        from nitido.trigger import Trigger

        return cls(
            Trigger.open(trigger, runtime=runtime, device=device, threads=threads),
            Restorer.open(restorer, runtime=runtime, device=device, threads=threads),
            threshold=threshold,
        )

    def __call__(self, pixels: Pixels, strength: Strength = 1.0) -> Outcome:
        """Enhance pixels if that is worth it."""
        return self._run(pixels, pixels, strength, None)

    def file(
        self,
        source: str | Path,
        destination: str | Path,
        *,
        strength: Strength = 1.0,
        overwrite: bool = False,
        again: bool = False,
        max_megapixels: float = 200.0,
    ) -> Outcome:
        """Enhance a file into another one; a photo that is left alone is copied byte for byte.

        An enhanced file is marked as such in its EXIF block, and left alone the next time, unless ``again``.
        Raises the PhotoErrors of ``read_photo`` and the WriteErrors of ``write_photo``, these before any work
        where they can be foreseen.
        """
        source, destination = Path(source), Path(destination)
        refuse_overwriting(source, destination, overwrite)
        start = time.perf_counter()
        photo = read_photo(source, max_megapixels=max_megapixels)
        decoded = time.perf_counter() - start
        in_place = is_same_file(source, destination)
        untouchable = why_untouchable(photo.metadata, in_place=in_place, again=again)
        finest = photo.finest if getattr(self.restore, "takes_16_bits", False) else photo.pixels
        outcome = self._run(photo.pixels, finest, strength, untouchable)
        start = time.perf_counter()
        if outcome.applied:
            restorer = getattr(self.restore, "id", None)
            pixels = outcome.pixels if outcome.deep is None else outcome.deep
            enhanced, unmarked = marked(photo.with_pixels(pixels), destination, restorer)
            write_photo(enhanced, destination, overwrite=overwrite)
            outcome = replace(outcome, reason=outcome.reason + unmarked + what_is_dropped(photo.metadata))
        else:
            keep_photo(photo, source, destination, overwrite)
        encoded = time.perf_counter() - start
        return replace(outcome, timings={"decode": decoded, **outcome.timings, "encode": encoded})

    def _run(
        self, pixels: Pixels, finest: NDArray[Any], strength: Strength, untouchable: str | None
    ) -> Outcome:
        start = time.perf_counter()
        improvability = self.trigger(pixels)
        timings = {"trigger": time.perf_counter() - start}
        worth, reason = self._decide(improvability)
        told = combine(improvability.strengths, strength)
        if worth and is_nothing(told):
            worth, reason = False, f"{reason}; but the strength asked for leaves nothing to remove"
        if untouchable or not worth:
            runtime = _runtimes(self.trigger)
            return Outcome(pixels, improvability, False, untouchable or reason, timings, runtime)
        start = time.perf_counter()
        enhanced: NDArray[Any] = self.restore(finest, told)
        deep = enhanced if enhanced.dtype == np.uint16 else None
        timings["enhance"] = time.perf_counter() - start
        reason, runtime = f"{reason}: {in_words(told)}", _runtimes(self.trigger, self.restore)
        eight = enhanced if deep is None else to_8_bits(deep)
        return Outcome(eight, improvability, True, reason, timings, runtime, told, deep)

    def _decide(self, improvability: Improvability) -> tuple[bool, str]:
        score = improvability.score
        if self.threshold is None:
            line: float | None = getattr(self.trigger, "threshold", None)
            worth = improvability.recommended
        else:
            line = self.threshold
            worth = score >= line
        if line is None or worth != (score >= line):
            return worth, f"score {score:.2f}, {'' if worth else 'not '}recommended by the trigger"
        return worth, f"score {score:.2f} {'reaches' if worth else 'is below'} the threshold {line:.2f}"


def _runtimes(*parts: object) -> str:
    """What ran the parts, in their order, each once."""
    names = [str(getattr(part, "info", None) or "python function") for part in parts]
    return "; ".join(dict.fromkeys(names))
