"""Chooses the size to send by what the connection carries: down at once, up where there is room."""

from __future__ import annotations

from collections import deque
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
_PATIENCE = (6.0, 24.0)
"""Seconds without delay before the next rung up is tried; doubled by a try that fails, up to the second."""
_CALM = 0.4
"""Seconds without delay that are enough where frames of late show that the connection has room."""
_JITTER = 0.01
"""Seconds by which a frame's delay may be off, for reasons other than its size."""
_MARGIN = 1.5
"""How many times the next rung's rate the connection must have carried frames with."""
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
        self._shown: deque[tuple[float, float]] = deque()
        self._smallest = float("inf")
        self._raised = float("-inf")
        self._lowered = float("-inf")
        self._from: int | None = None

    @property
    def rung(self) -> Rung:
        """How to send now."""
        return self._ladder[self._at]

    def hear(self, measured: Measurement, now: float, bits: int = 0) -> None:
        """Take a measurement, at a time in seconds, and how large the latest frame was that has arrived."""
        self._smallest = min(self._smallest, bits or self._smallest)
        # Delay is counted from a frame that was small, but not nothing: only larger ones tell a rate.
        told = bits - self._smallest if bits > 2 * self._smallest else 0
        self._shown.append((now, told / (measured.delay + _JITTER)))
        while self._shown[0][0] < now - _CALM:
            self._shown.popleft()
        if measured.delay > _SLOW:
            if self._from is None:
                self._fall(now)
            # While frames are late the connection is full: what arrives is what it carries.
            self._at = self._below(self._from or 0, _ROOM * measured.bits_per_second)
            return
        self._from = None
        if measured.delay > _QUICK:
            self._calm_since = None
            return
        self._calm_since = now if self._calm_since is None else self._calm_since
        if now - self._raised > _TRIAL:
            self._patience = max(_PATIENCE[0], self._patience / 2) if self._lasted(now) else self._patience
        if self._at + 1 < len(self._ladder) and now - self._calm_since >= self._wait():
            self._at += 1
            self._raised, self._calm_since = now, None
            self._shown.clear()

    def lose(self, now: float) -> None:
        """Nothing arrives in time: to the lowest rung, whose frames get through behind what is under way."""
        if self._from is None:
            self._fall(now)
        self._at = 0

    def _wait(self) -> float:
        """Seconds without delay that the next rung up needs.

        A frame that arrives with little delay shows at what rate the connection carries bits just now, though
        few are sent.
        """
        needed = _MARGIN * self._ladder[self._at + 1].bits_per_second
        return _CALM if max(rate for _, rate in self._shown) >= needed else self._patience

    def _lasted(self, now: float) -> bool:
        """Whether the last step up has proved itself for as long as one waits for the next."""
        return now - max(self._raised, self._lowered) > 2 * _PATIENCE[1]

    def _fall(self, now: float) -> None:
        """From here on the rung is below the present one, until frames arrive in time again."""
        self._from, self._lowered, self._calm_since = self._at, now, None
        if now - self._raised < _TRIAL:
            self._patience = min(_PATIENCE[1], 2 * self._patience)

    def _below(self, place: int, carried: float) -> int:
        """The highest rung below one of the ladder that takes no more than is carried."""
        fit = [lower for lower in range(place) if self._ladder[lower].bits_per_second <= carried]
        return max(fit, default=0)
