"""Folders of video clips: listing, and frames at an interval."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nitido.clips import Clip
from nitido_train.data import Pixels

SUFFIXES = {".mp4", ".mkv", ".mov", ".webm", ".avi", ".264", ".h264", ".y4m"}


def list_clips(folder: Path) -> list[Path]:
    """Every clip below ``folder``, sorted by path; a folder without one is an error."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        raise FileNotFoundError(f"expected clips below {folder}, found none; name another folder")
    return files


def frames(file: Path, every: float) -> Iterator[tuple[int, Pixels]]:
    """One frame in ``every`` seconds, from the first on, with its number. Raises what ``Clip`` does."""
    with Clip(file) as clip:
        step = max(1, round(every * float(clip.info.rate)))
        for frame in clip:
            if frame.number % step == 0:
                yield frame.number, frame.pixels
