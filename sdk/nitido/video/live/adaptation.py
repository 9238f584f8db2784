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
_CALM = 0.2
"""Seconds without delay that are enough to go up where frames of late show that the connection has room."""
_JITTER = 0.01
"""Seconds by which a frame's delay may be off, for reasons other than its size."""
_WAITS = {"small": 0.2, "full": 6.0}
"""Seconds without delay before a try where frames are too small to show anything, or show too little room."""
_LONGEST_WAIT = 24.0
"""A try that fails doubles its wait, up to this; one that lasts halves it."""
_TRIAL = 3.0
"""Seconds after a step up in which a delay means that it failed."""
_LOST = 0.3
"""Seconds without news after which only the smallest frames are sent."""
_FADED = 300_000.0
"""Bits a second of a connection that fades without warning."""
_HELD = 0.3
"""Seconds that one frame may take over it: what players hold ready."""


def bearable(ladder: Sequence[Rung], rate: float) -> tuple[Rung, ...]:
    """Rungs whose frames, ``rate`` of them a second, do not stop the picture where the connection fades.

    What is under way cannot be called back. The lowest rung stays in any case.
    """
    largest = _FADED * _HELD
    return tuple(
        rung for place, rung in enumerate(ladder) if not place or rung.bits_per_second / rate <= largest
    )


class Adaptation:
    """Holds the rung; ``hear`` what the receiver measured, ``lose`` while nothing is heard.

    It falls at once to what arrives, or by one rung where nothing does. When frames arrive in time again it
    goes back to where it fell from: fades are short, and each change of size starts from a rough picture.
    """

    def __init__(self, ladder: Sequence[Rung] = LADDER, start: int = 0) -> None:
        """``start`` is the first rung's place in the ladder. Raises InvalidOption."""
        rates = [rung.bits_per_second for rung in ladder]
        if not ladder or rates != sorted(set(rates)) or not 0 <= start < len(ladder):
            raise InvalidOption(
                f"expected rungs of rising rates and a start among them, got {tuple(ladder)}, start {start}"
            )
        self._ladder = tuple(ladder)
        self._at = start
        self._waits = dict(_WAITS)
        self._calm_since: float | None = None
        self._shown: deque[tuple[float, float]] = deque()
        self._smallest = float("inf")
        self._raised = float("-inf")
        self._tried: str | None = None
        self._from: int | None = None
        self._back = 0

    @property
    def rung(self) -> Rung:
        """How to send now."""
        return self._ladder[self._at]

    def hear(self, measured: Measurement, now: float, bits: int = 0) -> None:
        """Take a measurement, at a time in seconds, and how large the latest frame was that has arrived."""
        self._note(measured.delay, now, bits)
        if measured.delay > _SLOW:
            self._fall(now)
            # While frames are late the connection is full: what arrives is what it carries.
            self._at = self._below(self._from or 0, _ROOM * measured.bits_per_second)
            return
        self._from = None
        if measured.delay > _QUICK:
            self._calm_since = None
            return
        self._calm_since = now if self._calm_since is None else self._calm_since
        if self._tried is not None and now - self._raised > _TRIAL:
            self._waits[self._tried] = max(_WAITS[self._tried], self._waits[self._tried] / 2)
            self._tried = None
        if self._at + 1 < len(self._ladder):
            self._rise(now, now - self._calm_since)

    def lose(self, now: float, waiting: float) -> None:
        """Nothing was heard of a frame for ``waiting`` seconds: one rung down, and soon to the lowest."""
        self._fall(now)
        self._at = 0 if waiting > _LOST else min(self._at, max(0, (self._from or 0) - 1))

    def _note(self, delay: float, now: float, bits: int) -> None:
        """At what rate a frame shows that the connection carries bits just now, though few are sent.

        Delay is counted from a frame that was small, but not nothing: only larger ones tell a rate.
        """
        self._smallest = min(self._smallest, bits or self._smallest)
        if bits > 2 * self._smallest:
            self._shown.append((now, (bits - self._smallest) / (delay + _JITTER)))
        while self._shown and self._shown[0][0] < now - _CALM:
            self._shown.popleft()

    def _rise(self, now: float, calm: float) -> None:
        """Go up after so many seconds without delay, if they are enough."""
        needed = self._ladder[self._at + 1].bits_per_second
        tried = None
        if max((rate for _, rate in self._shown), default=0.0) < needed:
            tried = "full" if self._shown else "small"
        if calm >= (_CALM if tried is None else self._waits[tried]):
            self._at, self._back = max(self._at + 1, self._back), 0
            self._raised, self._tried, self._calm_since = now, tried, None
            self._shown.clear()

    def _fall(self, now: float) -> None:
        """From here on the rung is below the present one, until frames arrive in time again."""
        if self._from is not None:
            return
        self._from = self._back = self._at
        self._calm_since = None
        if self._tried is not None and now - self._raised < _TRIAL:
            self._waits[self._tried] = min(_LONGEST_WAIT, 2 * self._waits[self._tried])
        self._tried = None

    def _below(self, place: int, carried: float) -> int:
        """The highest rung below one of the ladder that takes no more than is carried."""
        fit = [lower for lower in range(place) if self._ladder[lower].bits_per_second <= carried]
        return max(fit, default=0)
