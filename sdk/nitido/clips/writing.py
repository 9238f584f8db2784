"""Writes frames into a clip that is otherwise like another one: times, turning, colours, audio."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from nitido.clips.planes import Planes
from nitido.clips.pyav import pyav
from nitido.clips.reading import Clip, ClipFrame
from nitido.errors import CannotWrite, ClipUnsupported

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""FFmpeg's names of the containers that can be written, by suffix."""

PART = "nut"
"""The container of parts of a clip, which ``joining`` puts together: it keeps times exactly."""


@dataclass(frozen=True)
class Encoding:
    """How to compress the frames."""

    codec: str = "libx264"
    """FFmpeg's name of the encoder: libx264, libx265, libvpx-vp9, libsvtav1."""
    crf: int = 20
    """Constant rate factor: fewer is better and larger; 0 is lossless for libx264."""
    preset: str = "medium"
    """Of libx264 and libx265 a word such as veryfast, of libsvtav1 a number."""
    bitrate: int = 0
    """Bits a second to aim at instead of a constant rate factor; 0: that."""
    threads: int = 0
    """Of the encoder; 0: as it likes."""


def container_of(path: str | os.PathLike[str]) -> str:
    """FFmpeg's name of the container that a suffix asks for. Raises CannotWrite for any other."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise CannotWrite(f"expected a clip that ends in {', '.join(FORMATS)}, got {path}; rename it")
    return FORMATS[suffix]


class ClipWriter:
    """An open clip to write into: give it frames, and packets of audio, in the order of their times.

    Use it as a context manager: leaving it with an exception leaves an unfinished file behind, which
    ``transcode`` removes.
    """

    def __init__(
        self, file: BinaryIO, container: str, like: Clip, encoding: Encoding, *, with_audio: bool = True
    ) -> None:
        """Write to a file that can be sought in; ``container`` is FFmpeg's name of it.

        Raises CannotWrite for audio that the container cannot hold, and for encoders that are not there.
        """
        self._av = pyav()
        self._like, self._encoding = like, encoding
        # Parts start when they are shown: else their times would be moved, to decode nothing before 0.
        options = {"avoid_negative_ts": "disabled"} if container == PART else {}
        self._container = self._av.open(file, "w", format=container, container_options=options)
        self._container.metadata.update(like.metadata)
        try:
            self._video: Any = self._container.add_stream(encoding.codec, rate=like.info.rate)
        except (ValueError, self._av.error.FFmpegError) as error:
            raise CannotWrite(
                f"expected an encoder that is here and fits into {container}, got {encoding.codec}: {error}; "
                f"choose another codec or suffix"
            ) from error
        self._audio = copied_audio(self._container, like) if with_audio else {}
        self._waiting: list[Any] = []
        self._size: tuple[int, int] | None = None

    def __enter__(self) -> ClipWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._size is not None:
            self._mux(self._video.encode(None))
        if self._size is not None:
            self._container.close()

    def write(self, planes: Planes, like: ClipFrame) -> None:
        """Encode a frame, shown when ``like`` is. Raises ClipUnsupported for odd or changing sizes."""
        if self._size is None:
            self._open(planes, like)
        if (planes.width, planes.height) != self._size:
            raise ClipUnsupported(
                f"expected frames of {self._size}, got {planes.width}x{planes.height}; "
                f"a clip has one size: resize the frames"
            )
        frame = planes.to_frame(full=like.decoded.format.name == "yuvj420p")
        frame.pts, frame.time_base = like.pts, like.time_base
        self._mux(self._video.encode(frame))

    def copy(self, packet: Any) -> None:
        """Write a packet of audio as it is; those before the first frame wait for it."""
        stream = self._audio.get(packet.stream.index)
        if stream is None:
            return
        packet.stream = stream
        if self._size is None:
            self._waiting.append(packet)
        else:
            self._mux([packet])

    def _open(self, planes: Planes, like: ClipFrame) -> None:
        if planes.width % 2 or planes.height % 2:
            raise ClipUnsupported(
                f"expected frames with even sides, got {planes.width}x{planes.height}; crop or resize them: "
                f"players do not show H.264 of odd sizes"
            )
        self._size = planes.width, planes.height
        context, decoded, encoding = self._video.codec_context, like.decoded, self._encoding
        context.width, context.height = self._size
        context.pix_fmt = decoded.format.name
        context.time_base = like.time_base
        context.sample_aspect_ratio = self._like.video.sample_aspect_ratio or Fraction(1)
        for tag in ("color_range", "colorspace", "color_primaries", "color_trc"):
            setattr(context, tag, getattr(decoded, tag))
        context.options = _options(encoding)
        if encoding.bitrate:
            context.bit_rate = encoding.bitrate
        context.thread_count = encoding.threads
        if like.matrix is not None:
            self._video.set_display_matrix(like.matrix)
        self._video.metadata.update(self._like.video.metadata)
        self._mux(self._waiting)
        self._waiting.clear()

    def _mux(self, packets: Any) -> None:
        try:
            for packet in packets:
                self._container.mux(packet)
        except self._av.error.FFmpegError as error:
            raise CannotWrite(
                f"expected {self._container.format.name} to take what {self._encoding.codec} makes, "
                f"got: {error}; free some space, or write to a .mkv"
            ) from error


def copied_audio(container: Any, like: Clip) -> dict[int, Any]:
    """Streams for the audio of another clip, by its index there. Raises CannotWrite."""
    streams = {}
    for stream in like.audio:
        try:
            streams[stream.index] = container.add_stream_from_template(stream)
        except (ValueError, pyav().error.FFmpegError) as error:
            raise CannotWrite(
                f"expected audio that {container.format.name} can hold, got {stream.codec_context.name}: "
                f"{error}; write to a .mkv instead"
            ) from error
    return streams


def _options(encoding: Encoding) -> dict[str, str]:
    options = {} if encoding.codec == "libvpx-vp9" else {"preset": encoding.preset}
    return options if encoding.bitrate else {**options, "crf": str(encoding.crf)}
