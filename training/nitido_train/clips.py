"""Folders of video clips, files or frames as pictures: listing, and frames at an interval."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nitido.clips import Clip
from nitido_train import data
from nitido_train.data import Pixels

SUFFIXES = {".mp4", ".mkv", ".mov", ".webm", ".avi", ".264", ".h264", ".y4m"}
_PICTURES_RATE = 25


def list_clips(folder: Path) -> list[Path]:
    """Every clip below ``folder``, sorted by path: a video, or a folder whose pictures are its frames.

    A folder without one is an error.
    """
    found = list(folder.rglob("*"))
    videos = {file for file in found if file.suffix.lower() in SUFFIXES and file.is_file()}
    pictured = {file.parent for file in found if file.suffix.lower() in data.SUFFIXES}
    files = sorted(videos | (pictured - {file.parent for file in videos}))  # beside videos, they are covers
    if not files:
        raise FileNotFoundError(f"expected clips below {folder}, found none; name another folder")
    return files


def frames(file: Path, every: float) -> Iterator[tuple[int, Pixels]]:
    """One frame in ``every`` seconds, from the first on, with its number. Raises what ``Clip`` does.

    Pictures are frames in the order of their names, ``_PICTURES_RATE`` a second.
    """
    if file.is_dir():
        pictures = sorted(picture for picture in file.iterdir() if picture.suffix.lower() in data.SUFFIXES)
        step = max(1, round(every * _PICTURES_RATE))
        for number in range(0, len(pictures), step):
            yield number, data.load_rgb(pictures[number])
        return
    with Clip(file) as clip:
        step = max(1, round(every * float(clip.info.rate)))
        for frame in clip:
            if frame.number % step == 0:
                yield frame.number, frame.pixels
