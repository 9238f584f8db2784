"""The receiving side, on a phone or on a relay: decodes, restores to the target, measures the connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from nitido.clips.planes import Planes
from nitido.clips.pyav import pyav
from nitido.errors import ClipDamaged
from nitido.video.live.messages import CodedFrame, Measurement
from nitido.video.upscaler import VideoUpscaler

_WINDOW = 0.5
"""Seconds over which arriving bits are counted."""


class AdaptiveReceiver:
    """``receiver(message, now)`` returns the frame in the target's size. One thread at a time.

    The size that comes in may change at any frame: the upscaler goes on with what it remembers.
    """

    def __init__(self, upscaler: Callable[[int], VideoUpscaler]) -> None:
        """``upscaler`` opens one for a target: the sender names that, and may change it."""
        self._open = upscaler
        self._upscalers: dict[int, VideoUpscaler] = {}
        self._decoder: Any = None
        self._latest = -1
        self._arrivals: deque[tuple[float, int]] = deque()
        self._quickest: float | None = None
        self._delay = 0.0
        self._passed = True

    def __call__(self, message: bytes, now: float) -> Planes:
        """Take a message that arrived at a time in seconds. Raises ClipDamaged for one that is broken."""
        coded = CodedFrame.unpack(message)
        if not coded.first and self._decoder is None:
            raise ClipDamaged("expected the start of a stream, got a later frame; wait for the next start")
        self._measure(coded, len(message), now)
        frame = self._decode(coded)
        upscaler = self._upscaler(coded.target)
        if min(frame.height, frame.width) >= coded.target:
            self._passed = True
            return frame
        if self._passed:  # what was remembered is from before frames that needed no upscaler
            upscaler.reset()
            self._passed = False
        restored: Planes = upscaler(frame)
        return restored

    def measurement(self, now: float) -> Measurement:
        """What to tell the sender, some times a second."""
        while self._arrivals and self._arrivals[0][0] < now - _WINDOW:
            self._arrivals.popleft()
        bits = 8 * sum(size for _, size in self._arrivals)
        return Measurement(self._latest, bits / _WINDOW, self._delay)

    def _measure(self, coded: CodedFrame, size: int, now: float) -> None:
        took = now - coded.milliseconds / 1000
        self._quickest = took if self._quickest is None else min(self._quickest, took)
        self._delay = took - self._quickest
        self._latest = max(self._latest, coded.number)
        self._arrivals.append((now, size))

    def _decode(self, coded: CodedFrame) -> Planes:
        av = pyav()
        if coded.first:
            self._decoder = av.CodecContext.create("h264", "r")
            self._decoder.thread_count = 1
            self._decoder.flags |= av.codec.context.Flags.low_delay
        try:
            frames = self._decoder.decode(av.Packet(coded.content))
        except av.error.FFmpegError as error:
            raise ClipDamaged(f"expected H.264 in frame {coded.number}, got: {error}; drop it") from error
        if not frames:
            raise ClipDamaged(f"expected a picture in frame {coded.number}, got none; drop it")
        return Planes.of_frame(frames[-1])

    def _upscaler(self, target: int) -> VideoUpscaler:
        if target not in self._upscalers:
            self._upscalers[target] = self._open(target)
        return self._upscalers[target]
