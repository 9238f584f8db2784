"""The whole way of one photo: assess it, and enhance it only where that is worth it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nitido.errors import InvalidOption, PairMismatch
from nitido.photo.atomic import is_same_file
from nitido.photo.model import Pixels
from nitido.photo.read import read_photo
from nitido.photo.write import write_photo
from nitido.safeguards import keep_photo, refuse_overwriting, what_is_dropped, why_untouchable

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


class Enhancer:
    """Runs ``trigger``, and ``restore`` where the score reaches the threshold.

    Both are plain callables: any ``pixels -> Improvability`` and any ``(pixels, strength) -> pixels``.
    Where they carry ``enhancer_id`` and ``id`` these must match: a trigger belongs to one enhancer.
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
        return self._run(pixels, strength, None)

    def file(
        self,
        source: str | Path,
        destination: str | Path,
        *,
        strength: Strength = 1.0,
        overwrite: bool = False,
        max_megapixels: float = 200.0,
    ) -> Outcome:
        """Enhance a file into another one; a photo that is left alone is copied byte for byte.

        Raises the PhotoErrors of ``read_photo`` and the WriteErrors of ``write_photo``, these before any work
        where they can be foreseen.
        """
        source, destination = Path(source), Path(destination)
        refuse_overwriting(source, destination, overwrite)
        start = time.perf_counter()
        photo = read_photo(source, max_megapixels=max_megapixels)
        decoded = time.perf_counter() - start
        in_place = is_same_file(source, destination)
        outcome = self._run(photo.pixels, strength, why_untouchable(photo.metadata, in_place=in_place))
        start = time.perf_counter()
        if outcome.applied:
            write_photo(photo.with_pixels(outcome.pixels), destination, overwrite=overwrite)
            outcome = replace(outcome, reason=outcome.reason + what_is_dropped(photo.metadata))
        else:
            keep_photo(photo, source, destination, overwrite)
        encoded = time.perf_counter() - start
        return replace(outcome, timings={"decode": decoded, **outcome.timings, "encode": encoded})

    def _run(self, pixels: Pixels, strength: Strength, untouchable: str | None) -> Outcome:
        start = time.perf_counter()
        improvability = self.trigger(pixels)
        timings = {"trigger": time.perf_counter() - start}
        worth, reason = self._decide(improvability)
        if untouchable or not worth:
            runtime = _runtimes(self.trigger)
            return Outcome(pixels, improvability, False, untouchable or reason, timings, runtime)
        start = time.perf_counter()
        enhanced = self.restore(pixels, strength)
        timings["enhance"] = time.perf_counter() - start
        return Outcome(enhanced, improvability, True, reason, timings, _runtimes(self.trigger, self.restore))

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
