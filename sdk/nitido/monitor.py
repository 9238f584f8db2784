"""Watches the preview frames of a camera and tells when the picture becomes worth enhancing, and when not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from nitido.errors import InvalidOption
from nitido.suggestion import Policy, Suggestion

if TYPE_CHECKING:
    from nitido.photo.model import Pixels
    from nitido.trigger import Improvability


class Monitor:
    """Callable on frames; calls ``on_cross`` when the smoothed score crosses the threshold, up or down.

    Scores are smoothed exponentially, with a time constant of ``smoothing`` frames: after so many a lasting
    change counts for 63 %, after three times as many for 95 %. Having crossed upwards at the threshold, the
    score crosses downwards only when it falls below the threshold less ``hysteresis`` (points of quality).
    Calls of ``on_cross`` are at least ``rest`` frames apart: a crossing meanwhile is told afterwards, if it
    still holds.

    ``on_cross`` gets a ``Suggestion`` without a path, whose ``improvability`` is the smoothed one:
    ``recommended`` says whether it crossed up or down. It runs in the thread that hands in the frame, before
    that call returns; what it raises surfaces there, and the crossing counts as told. A monitor has state
    and no lock: hand it frames from one thread at a time.
    """

    def __init__(
        self,
        trigger: Callable[[Pixels], Improvability],
        on_cross: Callable[[Suggestion], object],
        *,
        threshold: float | None = None,
        policy: Policy | None = None,
        smoothing: float = 10.0,
        hysteresis: float | None = None,
        rest: int = 30,
    ) -> None:
        """Without ``threshold`` the trigger's own; ``hysteresis`` is by default a quarter of it.

        Raises InvalidOption.
        """
        line = getattr(trigger, "threshold", None) if threshold is None else threshold
        if line is None or not math.isfinite(line):
            raise InvalidOption(
                f"expected a trigger with a threshold or a finite threshold, got {line}; pass threshold="
            )
        margin = abs(line) / 4 if hysteresis is None else hysteresis
        if not (smoothing > 0 and 0 <= margin < math.inf and rest >= 1):
            raise InvalidOption(
                "expected smoothing above 0, hysteresis of at least 0 and rest of at least 1 frame, "
                f"got {smoothing}, {hysteresis}, {rest}; leave them out for the defaults"
            )
        self.trigger = trigger
        self.threshold = float(line)
        self._on_cross = on_cross
        self._policy = Policy.of(self) if policy is None else policy
        self._lower = line - margin
        self._weight = -math.expm1(-1 / smoothing)
        self._rest = rest
        self._since = rest  # the first crossing is told at once
        self._told = False
        self._above = False
        self._score: float | None = None
        self._factors: dict[str, float] = {}

    def __call__(self, pixels: Pixels) -> Improvability:
        """Take the next frame; the smoothed improvability, recommended while the score is above.

        Raises InvalidOption for a score that is no number.
        """
        found = self.trigger(pixels)
        if not all(map(math.isfinite, (found.score, *found.factors.values()))):
            raise InvalidOption(f"expected finite gains, got {found}; look at the trigger")
        smoothed = self._smooth(found)
        if smoothed.recommended == self._told or self._since < self._rest:
            self._since += 1
            return smoothed
        self._told, self._since = smoothed.recommended, 1
        self._on_cross(Suggestion.of(smoothed, self._policy))
        return smoothed

    def _smooth(self, found: Improvability) -> Improvability:
        score = self._mean(self._score, found.score)
        factors = {name: self._mean(self._factors.get(name), gain) for name, gain in found.factors.items()}
        self._score, self._factors = score, factors
        self._above = score >= (self._lower if self._above else self.threshold)
        if found.thresholds:
            return found.judged(score, dict(factors), self._above, found.thresholds)
        return replace(found, score=score, factors=dict(factors), recommended=self._above)

    def _mean(self, before: float | None, now: float) -> float:
        return now if before is None else before + self._weight * (now - before)
