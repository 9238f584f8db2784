"""The sending side: each frame in the size that the connection carries, as H.264."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from nitido.clips.planes import Planes, resized
from nitido.clips.pyav import pyav
from nitido.errors import InvalidOption
from nitido.video.live.adaptation import LADDER, Adaptation, Rung, bearable
from nitido.video.live.messages import CodedFrame, Measurement

_LATE = 0.2
"""Seconds that a frame may be under way, until it is heard of, before those behind it are made smaller."""
_VBV = 0.1
"""Seconds of the rate that single frames may be larger by."""
_FULL = 0.8
"""Seconds after which frames are left out: they would only wait behind it."""


class AdaptiveSource:
    """``source(frame, now)`` returns the message to send, or None to leave this frame out.

    Give it what the receiver measured (``heard``). One thread at a time.
    """

    def __init__(
        self, *, target: int = 720, rate: float = 30.0, ladder: Sequence[Rung] = LADDER, start: int = 0
    ) -> None:
        """``target`` is what the receiver is to restore, ``rate`` frames a second. Raises InvalidOption.

        Rungs whose single frames are too large at that rate are left out, see ``adaptation.bearable``.
        """
        if not (rate > 0 and target >= 2):
            raise InvalidOption(f"expected a rate above 0 and a target of at least 2, got {rate}, {target}")
        self.target = target
        self.rate = rate
        rungs = bearable(ladder, rate)
        self._adaptation = Adaptation(rungs, min(start, len(rungs) - 1) if start < len(ladder) else start)
        self._number = 0
        self._under_way: deque[tuple[int, float, int]] = deque()
        self._encoder: Any = None
        self._sending: tuple[Rung, tuple[int, int]] | None = None

    @property
    def rung(self) -> Rung:
        """How frames are sent now."""
        return self._adaptation.rung

    def heard(self, measured: Measurement, now: float) -> None:
        """Take what the receiver measured, at a time in seconds."""
        bits = 0
        while self._under_way and self._under_way[0][0] <= measured.number:
            bits = self._under_way.popleft()[2]
        self._adaptation.hear(measured, now, bits)

    def __call__(self, frame: Planes, now: float) -> bytes | None:
        """The message for a frame captured at a time in seconds."""
        number = self._number
        self._number += 1
        waiting = now - self._under_way[0][1] if self._under_way else 0.0
        if waiting > _LATE:
            self._adaptation.lose(now, waiting)
        if waiting > _FULL:
            return None
        small = _shrunk(frame, self.rung.height)
        first = (self.rung, (small.height, small.width)) != self._sending
        if first:
            self._open(small)
        coded = small.to_frame()
        coded.pts = number
        content = b"".join(bytes(packet) for packet in self._encoder.encode(coded))
        self._under_way.append((number, now, 8 * len(content)))
        return CodedFrame(number, round(1000 * now), self.target, first, content).pack()

    def _open(self, frame: Planes) -> None:
        """A stream of its own for each rung and size: it starts with a whole picture."""
        rate = Fraction(self.rate).limit_denominator(1001)
        bits = self.rung.bits_per_second
        encoder = pyav().CodecContext.create("libx264", "w")
        encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuv420p"
        encoder.framerate, encoder.time_base = rate, 1 / rate
        encoder.bit_rate = bits
        encoder.thread_count = 1
        encoder.options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "maxrate": str(bits),
            "bufsize": str(round(bits * _VBV)),
        }
        self._encoder = encoder
        self._sending = self.rung, (frame.height, frame.width)


def _shrunk(frame: Planes, height: int) -> Planes:
    """With even sides, the shorter of them ``height``; frames that are not larger stay as they are."""
    short = min(frame.height, frame.width)
    if short <= height and frame.height % 2 == 0 and frame.width % 2 == 0:
        return frame
    scale = min(1.0, height / short)
    rows, columns = (max(2, 2 * round(side * scale / 2)) for side in (frame.height, frame.width))
    chroma = columns // 2, rows // 2
    return Planes(resized(frame.y, columns, rows), resized(frame.u, *chroma), resized(frame.v, *chroma))
