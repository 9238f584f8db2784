"""Chooses the size to send by what the connection carries: down at once, up only after a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nitido.errors import InvalidOption
from nitido.video.live.messages import Measurement


@dataclass(frozen=True)
class Rung:
    """One way to send."""

    height: int
    """Shorter side of the frames that are sent."""
    bits_per_second: int


LADDER = (
    Rung(180, 100_000),
    Rung(180, 200_000),
    Rung(360, 400_000),
    Rung(360, 800_000),
    Rung(720, 1_500_000),
    Rung(720, 2_500_000),
)
"""From the weakest connection to the best."""

_SLOW = 0.15
"""Seconds of delay from which the connection carries less than is sent."""
_QUICK = 0.05
"""Seconds of delay below which it may carry more."""
_ROOM = 0.8
"""Share of what arrives that a lower rung may take: the rest drains what has piled up."""
_PATIENCE = (2.0, 16.0)
"""Seconds without delay before the next rung up is tried; doubled by a try that fails, up to the second."""
_TRIAL = 3.0
"""Seconds after a step up in which a delay means that it failed."""


class Adaptation:
    """Holds the rung; ``hear`` what the receiver measured, ``lose`` when nothing is heard any more."""

    def __init__(self, ladder: Sequence[Rung] = LADDER, start: int = 0) -> None:
        """``start`` is the first rung's place in the ladder. Raises InvalidOption."""
        rates = [rung.bits_per_second for rung in ladder]
        if not ladder or rates != sorted(set(rates)) or not 0 <= start < len(ladder):
            raise InvalidOption(
                f"expected rungs of rising rates and a start among them, got {tuple(ladder)}, start {start}"
            )
        self._ladder = tuple(ladder)
        self._at = start
        self._patience = _PATIENCE[0]
        self._calm_since: float | None = None
        self._raised = float("-inf")
        self._lowered = float("-inf")

    @property
    def rung(self) -> Rung:
        """How to send now."""
        return self._ladder[self._at]

    def hear(self, measured: Measurement, now: float) -> None:
        """Take a measurement, at a time in seconds."""
        if measured.delay > _SLOW:
            self._calm_since = None
            if now - self._lowered > 2 * _SLOW:  # the last step down has had time to show
                self._lower(_ROOM * measured.bits_per_second, now)
            return
        if measured.delay > _QUICK:
            self._calm_since = None
            return
        self._calm_since = now if self._calm_since is None else self._calm_since
        if now - self._raised > _TRIAL:
            self._patience = max(_PATIENCE[0], self._patience / 2) if self._lasted(now) else self._patience
        if now - self._calm_since >= self._patience and self._at + 1 < len(self._ladder):
            self._at += 1
            self._raised, self._calm_since = now, None

    def lose(self, now: float) -> None:
        """Nothing arrives: to the lowest rung."""
        self._lower(0.0, now)

    def _lasted(self, now: float) -> bool:
        """Whether the last step up has proved itself for as long as one waits for the next."""
        return now - max(self._raised, self._lowered) > 2 * _PATIENCE[1]

    def _lower(self, carried: float, now: float) -> None:
        if self._at == 0:
            return
        if now - self._raised < _TRIAL:
            self._patience = min(_PATIENCE[1], 2 * self._patience)
        below = [place for place in range(self._at) if self._ladder[place].bits_per_second <= carried]
        self._at = max(below, default=0)
        self._lowered, self._calm_since = now, None
