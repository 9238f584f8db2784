"""One scan of a gallery: threads decode new photos ahead while the trigger looks at one after another."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nitido.errors import NotAPhoto, PhotoDamaged, PhotoError
from nitido.gallery.claims import Claims
from nitido.gallery.index import Index, Row, Score
from nitido.photo.model import Photo, Pixels
from nitido.safeguards import why_untouchable

if TYPE_CHECKING:
    from nitido.trigger import Improvability


@dataclass(frozen=True)
class _Reading:
    """A photo on its way from the file to the trigger."""

    photo: str
    row: Row
    decoded: Future[Photo]


class Scanner:
    """Brings the rows of ``photos`` up to date. Only its own thread touches the index and the trigger.

    At most ``workers`` + 1 decoded photos are in memory. A photo is claimed before it is read; what another
    process has claimed is put off, and looked at again when that is done with it.
    """

    def __init__(
        self,
        folder: Path,
        trigger: Callable[[Pixels], Improvability],
        index: Index,
        model: str,
        read: Callable[[Path], Photo],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.assessed = 0
        self.failed: dict[Path, str] = {}
        self._folder = folder
        self._trigger = trigger
        self._index = index
        self._model = model
        self._read = read
        self._progress = progress
        self._done = 0
        self._total = 0
        self._ahead: deque[_Reading] = deque()
        self._put_off: list[str] = []

    def run(self, photos: Sequence[str], workers: int) -> None:
        """Look at all photos, whose paths are relative to the folder; to be called once."""
        self._total = len(photos)
        with ThreadPoolExecutor(workers) as pool, Claims(self._index.file) as claims:
            for photo in photos:
                self._begin(photo, pool, claims)
                if len(self._ahead) > workers:
                    self._finish(claims)
            while self._ahead:
                self._finish(claims)
            for photo in self._put_off:  # nothing is claimed any more: two that wait cannot block each other
                self._begin(photo, pool, claims, wait=True)
                if self._ahead:
                    self._finish(claims)

    def _begin(self, photo: str, pool: ThreadPoolExecutor, claims: Claims, *, wait: bool = False) -> None:
        """Start to read a photo unless it is known."""
        try:
            path = self._folder / photo
            row = self._index.row(photo, self._model)
            state = _state(path)
            if row is None or (row.size, row.mtime_ns) != state:
                row = Row(*state, _hash(path), None, False)
            elif row.error is not None:
                raise PhotoError(row.error)
            elif row.scored:
                self._tell()
                return
            if not claims.take(row.content, wait=wait):
                self._put_off.append(photo)
                return
            if self._index.is_scored(row.content, self._model):  # moved, a copy, or done by another process
                self._index.put(photo, row, self._model, None)
                claims.release(row.content)
                self._tell()
                return
            self._ahead.append(_Reading(photo, row, pool.submit(self._read, path)))
        except (PhotoError, OSError) as error:
            self._fail(photo, error)

    def _finish(self, claims: Claims) -> None:
        """Assess the photo that has waited longest."""
        reading = self._ahead.popleft()
        photo, row = reading.photo, reading.row
        try:
            score = self._score(reading.decoded.result())
            if _state(self._folder / photo) != (row.size, row.mtime_ns):
                raise PhotoDamaged(f"{self._folder / photo} changed while it was read: scan again")
            self._index.put(photo, row, self._model, score)
            self.assessed += 1
            self._tell()
        except (NotAPhoto, PhotoDamaged) as error:
            # Remembered as hopeless; other errors may pass: a reader is installed, a limit raised.
            self._index.put(photo, replace(row, error=str(error)), self._model, None)
            self._fail(photo, error)
        except (PhotoError, OSError) as error:
            self._fail(photo, error)
        finally:
            claims.release(row.content)

    def _score(self, photo: Photo) -> Score:
        found = self._trigger(photo.pixels)
        touchable = why_untouchable(photo.metadata) is None
        return Score(found.score, dict(found.factors), found.recommended and touchable, touchable)

    def _fail(self, photo: str, error: Exception) -> None:
        self.failed[self._folder / photo] = str(error)
        self._tell()

    def _tell(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)


def _state(path: Path) -> tuple[int, int]:
    """Size and modification time in nanoseconds: while they stay, the content is taken to."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
