"""Reads the frames of a clip one after another, with their times."""

from __future__ import annotations

import contextlib
import math
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from nitido.clips.planes import Planes
from nitido.clips.pyav import pyav
from nitido.errors import ClipDamaged, ClipUnsupported, NotAClip
from nitido.photo.model import Pixels

_RATE = Fraction(25)
"""Frames a second of clips that do not say: raw H.264 streams."""
_FULL = 2
"""Colour range (FFmpeg's ``AVCOL_RANGE_JPEG``) in which luma goes from 0 to 255."""
_HDR = {16: "PQ", 18: "HLG"}
"""Transfer characteristics (ITU-T H.273) of high dynamic range."""


@dataclass(frozen=True)
class ClipInfo:
    """What is known of a clip before its frames are read."""

    width: int
    height: int
    """Of the frames as they are stored: ``ClipFrame.rotation`` says how to show them."""
    rate: Fraction
    """Frames a second, on average."""
    frames: int
    """How many the file says it has, or an estimate from its length; 0: unknown."""
    codec: str
    audio: tuple[str, ...]
    """Codecs of the audio tracks."""


@dataclass(frozen=True, eq=False)
class ClipFrame:
    """One decoded frame."""

    number: int
    """From 0, in the order in which frames are shown."""
    pts: int
    """When it is shown, in units of ``time_base``: larger than that of the frame before."""
    time_base: Fraction
    """Seconds."""
    decoded: Any
    """PyAV's frame, as ``yuv420p`` or ``yuvj420p``, of the size of the first frame."""
    matrix: tuple[int, ...] | None = None
    """The display matrix, where there is one: nine numbers that say how players turn and mirror the frame."""

    @cached_property
    def planes(self) -> Planes:
        """The frame as YUV 4:2:0, without a copy where the clip has that."""
        return Planes.of_frame(self.decoded)

    @cached_property
    def pixels(self) -> Pixels:
        """The frame as RGB, in the colours that the clip's tags ask for."""
        pixels: Pixels = self.decoded.to_ndarray(format="rgb24")
        return pixels

    @property
    def rotation(self) -> int:
        """Degrees by which players turn the frame, counter-clockwise."""
        if self.matrix is None:
            return 0
        return round(-math.degrees(math.atan2(self.matrix[1], self.matrix[0]))) % 360


class Clip:
    """An open clip: iterate over it once. Use it as a context manager, or ``close`` it.

    Broken frames are left out and counted; a frame of another size than the first is resized to that.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open a file. Raises NotAClip, ClipDamaged, ClipUnsupported, RuntimeUnavailable."""
        self.path = Path(path)
        self.damaged = 0
        """Frames so far that could not be decoded, or only in part."""
        self.truncated = False
        """Whether the file broke off, after the last frame."""
        self._av = pyav()
        if not self.path.is_file() or self.path.stat().st_size == 0:
            raise NotAClip(f"expected a clip, got {self.path}, which is empty or no file; check its name")
        try:
            self._container: Any = self._av.open(str(self.path))
        except self._av.error.FFmpegError as error:
            raise NotAClip(
                f"expected a clip that FFmpeg reads, got {self.path}: {error}; if it was recorded, the "
                f"recording was cut off before its index was written: get the file again"
            ) from error
        with contextlib.ExitStack() as opened:
            opened.callback(self._container.close)
            self.video = self._video_stream()
            """PyAV's stream."""
            self.info = self._describe()
            opened.pop_all()

    def __enter__(self) -> Clip:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    @property
    def metadata(self) -> dict[str, str]:
        """Tags of the file, such as when and where it was recorded."""
        return dict(self._container.metadata)

    @property
    def audio(self) -> tuple[Any, ...]:
        """PyAV's streams of the audio tracks."""
        return tuple(self._container.streams.audio)

    def __iter__(self) -> Iterator[ClipFrame]:
        """The frames. Raises ClipDamaged when none can be read, ClipUnsupported for 10 bits or HDR."""
        return (item for item in self.items(with_audio=False) if isinstance(item, ClipFrame))

    def items(self, *, with_audio: bool = True) -> Iterator[ClipFrame | Any]:
        """Frames and, as PyAV's packets, the audio between them, in the order of the file."""
        count, last = 0, None
        size: tuple[int, int] | None = None
        for item in self._decoded(with_audio):
            if not isinstance(item, self._av.VideoFrame):
                yield item
                continue
            self._check(item)
            size = size or (item.width, item.height)
            pts, time_base = self._time(item, last)
            last = pts
            matrix = item.side_data.get("DISPLAYMATRIX")
            turned = None if matrix is None else struct.unpack("<9i", bytes(matrix))
            yield ClipFrame(count, pts, time_base, _planar(item, size), turned)
            count += 1
        if count == 0:
            raise ClipDamaged(
                f"expected frames in {self.path}, got none that can be decoded; get the file again"
            )

    def _decoded(self, with_audio: bool) -> Iterator[Any]:
        """PyAV's frames, and packets of audio."""
        streams = (self.video, *self.audio) if with_audio else (self.video,)
        packets = self._container.demux(*streams)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except self._av.error.FFmpegError:
                self.truncated = True
                yield from self._frames(None)
                return
            if packet.stream is self.video:
                yield from self._frames(packet)
            elif packet.dts is not None:
                yield packet

    def _frames(self, packet: Any) -> Iterator[Any]:
        try:
            frames = self.video.codec_context.decode(packet)
        except self._av.error.EOFError:
            return
        except self._av.error.FFmpegError:
            self.damaged += 1
            return
        for frame in frames:
            self.damaged += frame.is_corrupt
            yield frame

    def _video_stream(self) -> Any:
        pictures = [
            s for s in self._container.streams.video if not s.disposition & s.disposition.attached_pic
        ]
        if not pictures:
            raise NotAClip(f"expected a clip, got {self.path}, which has no video track; leave it out")
        stream = pictures[0]
        if stream.codec_context is None:
            raise ClipUnsupported(f"expected a codec that FFmpeg knows in {self.path}; convert it to H.264")
        stream.thread_type = "AUTO"
        return stream

    def _describe(self) -> ClipInfo:
        stream, context = self.video, self.video.codec_context
        rate = Fraction(stream.average_rate or stream.guessed_rate or _RATE)
        length = self._container.duration or 0
        frames = stream.frames or round(length / 1_000_000 * rate)
        return ClipInfo(
            width=context.width,
            height=context.height,
            rate=rate,
            frames=frames,
            codec=context.name,
            audio=tuple(s.codec_context.name if s.codec_context else "unknown" for s in self.audio),
        )

    def _check(self, frame: Any) -> None:
        bits = max(component.bits for component in frame.format.components)
        if bits > 8 or frame.color_trc in _HDR:
            kind = _HDR.get(frame.color_trc)
            what = f"{bits} bits a sample" + (f" of high dynamic range ({kind})" if kind else "")
            raise ClipUnsupported(
                f"expected 8 bits a sample in {self.path}, got {what} ({frame.format.name}), which would be "
                f"lost; convert it first, as in: ffmpeg -i IN -pix_fmt yuv420p OUT"
                + (" (HDR needs tone mapping too)" if kind else "")
            )

    def _time(self, frame: Any, last: int | None) -> tuple[int, Fraction]:
        """Time of a frame; one without, or not after the frame before, follows that at the usual distance."""
        base = Fraction(frame.time_base or self.video.time_base or 1 / self.info.rate)
        step = max(1, round(1 / (self.info.rate * base)))
        if frame.pts is not None and (last is None or frame.pts > last):
            return frame.pts, base
        return (0 if last is None else last + (1 if frame.pts is not None else step)), base


def _planar(frame: Any, size: tuple[int, int]) -> Any:
    """The frame as YUV 4:2:0 of the size, with its colour tags."""
    full = frame.color_range == _FULL or frame.format.name.startswith("yuvj")
    name = "yuvj420p" if full else "yuv420p"
    if frame.format.name == name and (frame.width, frame.height) == size:
        return frame
    return frame.reformat(*size, format=name, interpolation="BICUBIC")
