"""``Gallery``: which photos of a folder are worth enhancing, remembered from scan to scan."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType

from nitido.cache import cache_folder
from nitido.errors import InvalidOption
from nitido.gallery.index import Index, Score
from nitido.gallery.scanning import Scanner
from nitido.photo.model import Pixels
from nitido.photo.read import read_photo
from nitido.suggestion import Policy, Suggestion, in_words
from nitido.trigger import Improvability
from nitido.walk import find_photos

_WORKERS = 4
"""Each decoding thread holds a photo, which is 150 MB for 50 megapixels."""


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
    photo is not assessed again, and a new trigger assesses all. Thresholds per factor are those of
    ``trigger.thresholds``, where it has them. Close it, or use it in a ``with`` statement.
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
        self._thresholds: dict[str, float] = dict(getattr(trigger, "thresholds", {}))
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

    def scan(
        self,
        *,
        recursive: bool = True,
        workers: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Scan:
        """Bring the index up to date: decode only what is new or changed, forget what is gone.

        ``workers`` threads decode while the trigger looks (None: one per core, at most 4): scores are the
        same with any number. ``progress`` is told how many photos are done and how many there are. Stopped
        at any moment, by a kill too, the next scan goes on from there; several processes share the work.
        """
        if workers is not None and workers < 1:
            raise InvalidOption(f"expected workers >= 1, got {workers}; leave it out for one per core")
        before = self._index.paths()  # first, so that what another process adds meanwhile is not gone
        found = find_photos(self.folder, recursive=recursive)
        photos = [str(photo) for photo in found.photos]
        at_least = getattr(self.trigger, "at_least", None)
        read = partial(read_photo, max_megapixels=self.max_megapixels, at_least=at_least)
        scanner = Scanner(self.folder, self.trigger, self._index, self._model, read, progress)
        scanner.run(photos, workers or min(_WORKERS, os.cpu_count() or 1))
        gone = before.difference(photos)
        if gone and not found.unreadable:  # what cannot be seen now is not gone
            self._index.forget(gone)
        failed = scanner.failed | {self.folder / folder: why for folder, why in found.unreadable}
        return Scan(len(photos), scanner.assessed, dict(sorted(failed.items())), len(found.others))

    def threshold(self, factor: str) -> float:
        """The gain from which removing a factor is worth it; InvalidOption when the trigger has none."""
        if factor not in self._thresholds:
            known = ", ".join(self._thresholds) or "none"
            raise InvalidOption(
                f"expected a factor that this trigger has a threshold for ({known}), got {factor!r}; "
                "leave it out to rank by the joint score"
            )
        return self._thresholds[factor]

    def suggest(self, top: int | None = None, factor: str | None = None) -> list[Suggestion]:
        """The photos that the trigger recommends, by score, as of the last scan.

        With ``factor``, those whose gain from removing it reaches its threshold, by that gain.
        """
        if top is not None and top < 1:
            raise InvalidOption(f"expected top >= 1, got {top}; leave it out for all suggestions")
        if factor is None:
            found = self._index.ranked(self._model, recommended_only=True, top=top)
            return [self._suggestion(path, score) for path, score in found]
        found = self._index.ranked_by(self._model, factor, self.threshold(factor), top)
        return [
            replace(self._suggestion(path, score), reason=in_words(factor, score.factors[factor]))
            for path, score in found
        ]

    def ranking(self) -> list[Suggestion]:
        """All photos by score, the ones to leave alone included, as of the last scan."""
        found = self._index.ranked(self._model, recommended_only=False, top=None)
        return [self._suggestion(path, score) for path, score in found]

    def _suggestion(self, path: str, found: Score) -> Suggestion:
        thresholds = {name: line for name, line in self._thresholds.items() if name in found.factors}
        improvability = Improvability.judged(found.score, found.factors, found.recommended, thresholds)
        return Suggestion.of(improvability, Policy.of(self.trigger), self.folder / path)


def _model_name(trigger: object) -> str:
    named = trigger if hasattr(trigger, "__qualname__") else type(trigger)
    return str(getattr(trigger, "id", None) or f"{named.__module__}.{getattr(named, '__qualname__', '')}")


def _default_index(folder: Path) -> Path:
    name = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return cache_folder() / "galleries" / f"{name}.sqlite"
