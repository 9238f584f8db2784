"""Changes the frames of a clip and keeps everything else; the new file appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nitido.clips.planes import Planes
from nitido.clips.reading import Clip, ClipFrame
from nitido.clips.writing import ClipWriter, Encoding, container_of
from nitido.errors import DestinationIsSource
from nitido.photo.atomic import atomic_write, is_same_file

Change = Callable[[Planes], Planes]
"""What is done to each frame: the results may have another size, all the same and even."""
OnFrame = Callable[[int, int], object]
"""Told after each frame: how many are done, and of how many (0: unknown)."""


@dataclass(frozen=True)
class Transcoded:
    """What became of a clip."""

    frames: int
    damaged: int
    """Frames that could not be decoded, or only in part."""
    truncated: bool
    """Whether the source broke off before its end."""


def transcode(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    change: Change,
    *,
    encoding: Encoding | None = None,
    overwrite: bool = False,
    on_frame: OnFrame | None = None,
) -> Transcoded:
    """Decode, change and encode a clip frame by frame: memory does not grow with its length.

    Audio is copied; times of frames (also of a variable rate), rotation, colour tags and the shape of pixels
    are kept. What is damaged is left out and counted. Raises NotAClip, ClipDamaged, ClipUnsupported,
    CannotWrite, DestinationExists, DestinationIsSource, RuntimeUnavailable, and what ``change`` raises.
    """
    source, destination = Path(source), Path(destination)
    container = container_of(destination)
    if is_same_file(source, destination):
        raise DestinationIsSource(f"{destination} is the clip itself: choose another destination")
    with Clip(source) as clip, atomic_write(destination, overwrite) as file:
        count = 0
        with ClipWriter(file, container, clip, encoding or Encoding()) as writer:
            for item in clip.items():
                if not isinstance(item, ClipFrame):
                    writer.copy(item)
                    continue
                writer.write(change(item.planes), item)
                count += 1
                if on_frame is not None:
                    on_frame(count, clip.info.frames)
        return Transcoded(count, clip.damaged, clip.truncated or ends_early(count, clip))


def ends_early(count: int, clip: Clip) -> bool:
    """Whether the file says that it has more frames than there are."""
    return bool(count + clip.damaged < clip.video.frames)
