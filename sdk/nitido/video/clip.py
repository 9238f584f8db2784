"""Enlarges a whole clip; a run that was stopped goes on where it was.

Finished parts lie beside the destination, in a folder that starts with ``.nitido-``, each with what the
upscaler remembered at its end. When all are there they are put together, with the audio, and removed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nitido.clips.joining import join
from nitido.clips.reading import Clip, ClipFrame
from nitido.clips.transcode import OnFrame, Transcoded, ends_early
from nitido.clips.writing import PART, ClipWriter, Encoding, container_of
from nitido.errors import CannotWrite, DestinationExists, DestinationIsSource
from nitido.photo.atomic import TEMPORARY_PREFIX, atomic_write, is_same_file
from nitido.video.upscaler import VideoUpscaler

PART_FRAMES = 150
"""Frames of a part: what a kill costs at most."""
_RUN = "run.json"


@dataclass(frozen=True)
class EnlargedClip(Transcoded):
    """What became of a clip."""

    resumed: int
    """Frames that an earlier run had finished."""


def enlarge_clip(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    upscaler: VideoUpscaler,
    *,
    encoding: Encoding | None = None,
    overwrite: bool = False,
    on_frame: OnFrame | None = None,
    part_frames: int = PART_FRAMES,
) -> EnlargedClip:
    """Enlarge every frame to the upscaler's one target; the rest is kept, as ``clips.transcode`` does.

    Raises what that raises, and InvalidOption for a target that is not above the clip's frames.
    """
    source, destination = Path(source), Path(destination)
    container = container_of(destination)
    if is_same_file(source, destination):
        raise DestinationIsSource(f"{destination} is the clip itself: choose another destination")
    if destination.exists() and not overwrite:
        raise DestinationExists(f"{destination} exists: pass overwrite=True (--overwrite) or another name")
    with Clip(source) as clip:
        parts = _Parts(destination, _described(clip, upscaler, encoding or Encoding(), part_frames))
        resumed = part_frames * parts.finished
        upscaler.reset()
        upscaler.state = parts.state()
        count = 0
        matrix = None
        frames = iter(clip)
        for frame in frames:
            matrix = frame.matrix if frame.number == 0 else matrix
            count += 1
            if frame.number < resumed:
                continue
            count += parts.write(frame, frames, part_frames, clip, upscaler, encoding or Encoding(), on_frame)
        with atomic_write(destination, overwrite) as file:
            join(parts.files(), clip, matrix, file, container)
        parts.remove()
        truncated = clip.truncated or ends_early(count, clip)
        return EnlargedClip(count, clip.damaged, truncated, min(resumed, count))


class _Parts:
    """The folder of finished parts, for one source, model and encoding."""

    def __init__(self, destination: Path, run: dict[str, Any]) -> None:
        self.folder = destination.parent / f"{TEMPORARY_PREFIX}{destination.name}-parts"
        known = self.folder / _RUN
        if not known.is_file() or json.loads(known.read_text()) != run:
            shutil.rmtree(self.folder, ignore_errors=True)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            known.write_text(json.dumps(run))
        except OSError as error:
            raise CannotWrite(
                f"expected to keep finished parts in {self.folder}, got: {error.strerror}; make room, or "
                f"choose another destination"
            ) from error
        self.finished = 0
        while self._state(self.finished).is_file():
            self.finished += 1

    def state(self) -> Any:
        """What was remembered at the end of the last part."""
        if self.finished == 0:
            return None
        with np.load(self._state(self.finished - 1)) as kept:
            return kept["state"]

    def write(
        self,
        first: ClipFrame,
        others: Iterator[ClipFrame],
        length: int,
        clip: Clip,
        upscaler: VideoUpscaler,
        encoding: Encoding,
        on_frame: OnFrame | None,
    ) -> int:
        """Encode one part; returns how many frames it took of ``others``."""
        file = self._file(self.finished)
        count = 0
        with file.open("wb") as opened, ClipWriter(opened, PART, clip, encoding, with_audio=False) as writer:
            frame: ClipFrame | None = first
            while frame is not None:
                writer.write(upscaler(frame.planes), frame)
                count += 1
                if on_frame is not None:
                    on_frame(frame.number + 1, clip.info.frames)
                frame = next(others, None) if count < length else None
        assert upscaler.state is not None  # it has seen a frame
        partial = self._state(self.finished).with_suffix(".tmp")
        with partial.open("wb") as kept:
            np.savez(kept, state=upscaler.state)
        partial.replace(self._state(self.finished))
        self.finished += 1
        return count - 1

    def files(self) -> list[Path]:
        """All finished parts, in order."""
        return [self._file(number) for number in range(self.finished)]

    def remove(self) -> None:
        """They are not needed any more."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:05}.nut"

    def _state(self, number: int) -> Path:
        return self.folder / f"{number:05}.npz"


def _described(clip: Clip, upscaler: VideoUpscaler, encoding: Encoding, part_frames: int) -> dict[str, Any]:
    status = clip.path.stat()
    return {
        "source": [str(clip.path.resolve()), status.st_size, status.st_mtime_ns],
        "model": upscaler.id,
        "target": list(upscaler.targets),
        "encoding": asdict(encoding),
        "part_frames": part_frames,
    }
