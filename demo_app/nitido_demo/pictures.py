"""Pictures of photos for the page: JPEGs without any metadata but the colour profile, kept once made."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from pathlib import Path

from PIL import Image

from nitido.page import small
from nitido_demo.errors import Refused

SIDES = (320, 640, 1280, 2048)
"""Longest sides that the page asks for; a photo that is smaller stays as it is."""
_KEPT, _EVERY = 8000, 500
"""Pictures that are kept, the oldest go first; and after how many new ones that is looked at."""
_QUALITY = {320: 80, 640: 84}
_BEST = 95
"""Of the pictures that are compared: their artifacts must not be mistaken for the photo's."""


class Pictures:
    """Makes and keeps pictures; at most two at a time, so that memory stays bounded."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._making = threading.BoundedSemaphore(2)
        folder.mkdir(parents=True, exist_ok=True)
        self._made_so_far = 0
        self._forget_old()

    def of(self, photo: Path, side: int) -> bytes:
        """The JPEG of a photo at one of SIDES. Raises Refused, PhotoError."""
        kept = self._folder / f"{_version(photo)}-{side}.jpg"
        try:
            return kept.read_bytes()
        except OSError:
            pass
        with self._making:
            data = self._made(photo, side)
        unfinished = kept.with_suffix(f".{os.urandom(4).hex()}")
        unfinished.write_bytes(data)
        unfinished.replace(kept)
        self._made_so_far += 1
        if self._made_so_far % _EVERY == 0:
            self._forget_old()
        return data

    def _forget_old(self) -> None:
        files = sorted(self._folder.glob("*.jpg"), key=lambda file: file.stat().st_mtime)
        for file in files[:-_KEPT]:
            file.unlink(missing_ok=True)

    def _made(self, photo: Path, side: int) -> bytes:
        return encoded(small(photo, side), _QUALITY.get(side, _BEST))


def encoded(image: Image.Image, quality: int = _BEST) -> bytes:
    """A JPEG with nothing but its colour profile."""
    buffer = io.BytesIO()
    sampling = 0 if quality == _BEST else 2
    profile = image.info.get("icc_profile")
    image.save(buffer, "JPEG", quality=quality, subsampling=sampling, icc_profile=profile)
    return buffer.getvalue()


def _version(photo: Path) -> str:
    """Names the photo as it is now: another one under the same name gets another picture."""
    try:
        status = photo.stat()
    except OSError:
        raise Refused(404, "the photo is not there any more; look through the folder again") from None
    name = f"{os.fsencode(photo)!r} {status.st_size} {status.st_mtime_ns}"
    return hashlib.sha256(name.encode()).hexdigest()[:24]
