"""``Gallery``: which photos of a folder are worth enhancing, remembered from scan to scan."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from nitido.cache import cache_folder
from nitido.errors import InvalidOption, NotAPhoto, PhotoDamaged, PhotoError
from nitido.gallery.index import Index, Row, Score
from nitido.photo.model import Pixels
from nitido.photo.read import read_photo
from nitido.safeguards import why_untouchable
from nitido.walk import Found, find_photos

if TYPE_CHECKING:
    from nitido.trigger import Improvability


@dataclass(frozen=True)
class Suggestion:
    """A photo and what enhancing it would bring."""

    path: Path
    improvability: Improvability


@dataclass(frozen=True)
class Scan:
    """What a scan met."""

    photos: int
    assessed: int
    """Decoded and scored in this scan; all others were known."""
    failed: dict[Path, str]
    """Photos and folders that cannot be read, and why."""
    others: int
    """Files that are not photos."""


class Gallery:
    """A folder of photos, a trigger and the index of its scores.

    The index lies in the user's cache folder unless ``index`` names a file: never among the photos. Scores
    belong to the content of a file and to ``trigger.id`` (for a plain function, its qualified name): a moved
    photo is not assessed again, and a new trigger assesses all. Close it, or use it in a ``with`` statement.
    """

    def __init__(
        self,
        folder: str | Path,
        trigger: Callable[[Pixels], Improvability],
        *,
        index: str | Path | None = None,
        max_megapixels: float = 200.0,
    ) -> None:
        """Raises InvalidOption when there is no such folder, GalleryError when the index cannot be used."""
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise InvalidOption(f"expected a folder of photos, got {folder}; give a folder that exists")
        self.trigger = trigger
        self.max_megapixels = max_megapixels
        self._model = _model_name(trigger)
        self._index = Index(_default_index(self.folder) if index is None else index)

    def __enter__(self) -> Gallery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def scan(self, *, recursive: bool = True, progress: Callable[[int, int], None] | None = None) -> Scan:
        """Bring the index up to date: decode only what is new or changed, forget what is gone.

        ``progress`` is told how many photos are done and how many there are. Stopped at any moment, by a kill
        too, the next scan goes on from there.
        """
        found = find_photos(self.folder, recursive=recursive)
        rows = self._index.rows(self._model)
        failed = {self.folder / folder: why for folder, why in found.unreadable}
        assessed = 0
        for number, photo in enumerate(found.photos, 1):
            try:
                assessed += self._visit(photo, rows.get(str(photo)))
            except (PhotoError, OSError) as error:
                failed[self.folder / photo] = str(error)
            if progress is not None:
                progress(number, len(found.photos))
        self._forget_gone(found, rows)
        return Scan(len(found.photos), assessed, failed, len(found.others))

    def suggest(self, top: int | None = None) -> list[Suggestion]:
        """The photos that the trigger recommends, by score, as of the last scan."""
        if top is not None and top < 1:
            raise InvalidOption(f"expected top >= 1, got {top}; leave it out for all suggestions")
        return self._ranked(recommended_only=True, top=top)

    def ranking(self) -> list[Suggestion]:
        """All photos by score, the ones to leave alone included, as of the last scan."""
        return self._ranked(recommended_only=False, top=None)

    def _visit(self, photo: Path, row: Row | None) -> bool:
        """Index one photo; whether it had to be assessed. Raises PhotoError, OSError."""
        path = self.folder / photo
        status = path.stat()
        if row is None or (row.size, row.mtime_ns) != (status.st_size, status.st_mtime_ns):
            row = Row(status.st_size, status.st_mtime_ns, _hash(path), None, False)
        elif row.error is not None:
            raise PhotoError(row.error)
        elif row.scored:
            return False
        if self._index.is_scored(row.content, self._model):
            self._index.put(str(photo), row, self._model, None)
            return False
        try:
            score = self._assess(path)
        except (
            NotAPhoto,
            PhotoDamaged,
        ) as error:  # other errors may pass: a reader installed, a limit raised
            row = Row(row.size, row.mtime_ns, row.content, str(error), False)
            self._index.put(str(photo), row, self._model, None)
            raise
        self._index.put(str(photo), row, self._model, score)
        return True

    def _assess(self, path: Path) -> Score:
        photo = read_photo(path, max_megapixels=self.max_megapixels)
        found = self.trigger(photo.pixels)
        worth = found.recommended and why_untouchable(photo.metadata) is None
        return Score(found.score, dict(found.factors), worth)

    def _forget_gone(self, found: Found, rows: dict[str, Row]) -> None:
        if found.unreadable:  # what cannot be seen now is not gone
            return
        gone = rows.keys() - {str(photo) for photo in found.photos}
        if gone:
            self._index.forget(gone)

    def _ranked(self, *, recommended_only: bool, top: int | None) -> list[Suggestion]:
        from nitido.trigger import Improvability

        return [
            Suggestion(self.folder / path, Improvability(found.score, found.factors, found.recommended))
            for path, found in self._index.ranked(self._model, recommended_only=recommended_only, top=top)
        ]


def _model_name(trigger: object) -> str:
    named = trigger if hasattr(trigger, "__qualname__") else type(trigger)
    return str(getattr(trigger, "id", None) or f"{named.__module__}.{getattr(named, '__qualname__', '')}")


def _default_index(folder: Path) -> Path:
    name = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return cache_folder() / "galleries" / f"{name}.sqlite"


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
