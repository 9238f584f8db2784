"""Puts parts of a clip, encoded one after another, together as one clip with the audio of another."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from nitido.clips.pyav import pyav
from nitido.clips.reading import Clip
from nitido.clips.writing import copied_audio


def join(
    parts: Sequence[Path], like: Clip, matrix: tuple[int, ...] | None, file: BinaryIO, container: str
) -> None:
    """Write the parts and the audio of ``like`` as a clip, without decoding anything.

    ``matrix`` is how players turn the frames. Raises CannotWrite for audio that the container cannot hold.
    """
    av = pyav()
    with av.open(str(parts[0])) as first, av.open(file, "w", format=container) as out:
        out.metadata.update(like.metadata)
        video = out.add_stream_from_template(first.streams.video[0])
        if matrix is not None:
            video.set_display_matrix(matrix)
        video.metadata.update(like.video.metadata)
        audio = copied_audio(out, like)
        for _, _, packet in heapq.merge(_video(parts, video), _audio(like, audio), key=lambda item: item[:2]):
            out.mux(packet)


def _video(parts: Sequence[Path], stream: Any) -> Iterator[tuple[float, int, Any]]:
    """Packets with their times of decoding, which rise from part to part.

    They are worked out anew: containers lose those before the first frame is shown, which frames that are
    predicted from later ones need.
    """
    last: int | None = None
    for part in parts:
        with pyav().open(str(part)) as source:
            packets = [packet for packet in source.demux(source.streams.video[0]) if packet.size]
        shown = sorted(packet.pts for packet in packets)
        early = max(time - packet.pts for time, packet in zip(shown, packets, strict=True))
        for time, packet in zip(shown, packets, strict=True):
            packet.dts = time - early if last is None else max(time - early, last + 1)
            last = packet.dts
            packet.stream = stream
            yield float(packet.dts * packet.time_base), 0, packet


def _audio(like: Clip, streams: dict[int, Any]) -> Iterator[tuple[float, int, Any]]:
    if not streams:
        return
    with pyav().open(str(like.path)) as source:
        for packet in source.demux(*(source.streams[index] for index in streams)):
            if packet.dts is not None:
                time = float(packet.dts * packet.time_base)
                packet.stream = streams[packet.stream.index]
                yield time, 1, packet
