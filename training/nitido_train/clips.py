"""Folders of video clips: listing, and frames at an interval."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nitido_train.data import Pixels
from nitido_train.errors import TrainingDataError

SUFFIXES = {".mp4", ".mkv", ".mov", ".webm", ".avi", ".264", ".h264", ".y4m"}
_FRAMES_A_SECOND = 25.0
"""Of clips that do not say: raw H.264 streams."""


def list_clips(folder: Path) -> list[Path]:
    """Every clip below ``folder``, sorted by path; a folder without one is an error."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        raise FileNotFoundError(f"expected clips below {folder}, found none; name another folder")
    return files


def frames(file: Path, every: float) -> Iterator[tuple[int, Pixels]]:
    """One frame in ``every`` seconds, from the first on, with its number. Raises TrainingDataError."""
    try:
        import av
    except ImportError as error:
        raise TrainingDataError("reading clips needs PyAV: pip install 'nitido[video]'") from error
    with av.open(str(file)) as clip:
        stream = clip.streams.video[0]
        step = max(1, round(every * float(stream.average_rate or _FRAMES_A_SECOND)))
        for number, frame in enumerate(clip.decode(stream)):
            if number % step == 0:
                yield number, np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
