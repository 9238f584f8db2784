"""The SQLite file that remembers scores by content, so that nothing is decoded twice for the same trigger."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nitido.errors import GalleryError
from nitido.gallery.tables import connect, transaction


@dataclass(frozen=True)
class Row:
    """What is remembered of one file."""

    size: int
    mtime_ns: int
    content: str
    error: str | None
    scored: bool
    """By the model that was asked about."""


@dataclass(frozen=True)
class Score:
    """A trigger's answer as the index keeps it."""

    score: float
    factors: dict[str, float]
    recommended: bool
    """By the trigger, and ``touchable``."""
    touchable: bool
    """Whether the file may be enhanced at all: see ``safeguards.why_untouchable``."""


class Index:
    """Every write is one transaction, so that a killed scan loses at most the photos that it was at.

    Safe under several processes; one object is for one thread. Raises GalleryError.
    """

    def __init__(self, file: str | Path) -> None:
        self.file = Path(file)
        with self._errors():
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = connect(self.file)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def row(self, path: str, model: str) -> Row | None:
        """What is remembered of a file, as of now: another process may have put it there just before."""
        query = """
            SELECT size, mtime_ns, photo.content, error, score.model IS NOT NULL
            FROM photo LEFT JOIN score ON score.content = photo.content AND score.model = ? WHERE path = ?"""
        with self._errors():
            found = self._connection.execute(query, (model, os.fsencode(path))).fetchone()
        if found is None:
            return None
        size, mtime_ns, content, error, scored = found
        return Row(size, mtime_ns, content, error, bool(scored))

    def paths(self) -> set[str]:
        """All files that are remembered."""
        with self._errors():
            return {os.fsdecode(path) for (path,) in self._connection.execute("SELECT path FROM photo")}

    def is_scored(self, content: str, model: str) -> bool:
        """Whether any file of this content was scored, by this process or another."""
        with self._errors():
            query = "SELECT 1 FROM score WHERE content = ? AND model = ?"
            return self._connection.execute(query, (content, model)).fetchone() is not None

    def put(self, path: str, row: Row, model: str, score: Score | None) -> None:
        """Remember a file, and its score where there is a new one."""
        with self._errors(), transaction(self._connection):
            self._connection.execute(
                "INSERT OR REPLACE INTO photo VALUES (?, ?, ?, ?, ?)",
                (os.fsencode(path), row.size, row.mtime_ns, row.content, row.error),
            )
            if score is not None:
                self._connection.execute(
                    "INSERT OR REPLACE INTO score VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        row.content,
                        model,
                        score.score,
                        json.dumps(score.factors),
                        score.recommended,
                        score.touchable,
                    ),
                )

    def forget(self, paths: Iterable[str]) -> None:
        """Drop files that are gone; their scores stay, should they come back."""
        with self._errors(), transaction(self._connection):
            self._connection.executemany(
                "DELETE FROM photo WHERE path = ?", [(os.fsencode(path),) for path in paths]
            )

    def ranked(self, model: str, *, recommended_only: bool, top: int | None) -> list[tuple[str, Score]]:
        """The scored files, best first, and in the order of their names where scores are equal."""
        return self._best("score", "recommended >= :least", model=model, least=int(recommended_only), top=top)

    def ranked_by(self, model: str, factor: str, least: float, top: int | None) -> list[tuple[str, Score]]:
        """The files that may be touched and whose gain from one factor is at ``least`` this, best first."""
        gain = "json_extract(factors, :key)"
        worth = f"touchable AND {gain} >= :least"
        return self._best(gain, worth, model=model, key=f'$."{factor}"', least=least, top=top)

    def _best(self, gain: str, worth: str, *, top: int | None, **values: object) -> list[tuple[str, Score]]:
        query = f"""
            SELECT path, score, factors, recommended, touchable
            FROM photo JOIN score ON score.content = photo.content
            WHERE score.model = :model AND error IS NULL AND {worth}
            ORDER BY {gain} DESC, path LIMIT :top"""
        with self._errors():
            found = self._connection.execute(query, {**values, "top": -1 if top is None else top})
            return [
                (os.fsdecode(path), Score(score, json.loads(factors), bool(recommended), bool(touchable)))
                for path, score, factors, recommended, touchable in found
            ]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise GalleryError(
                f"expected an index at {self.file}, got: {error}; delete it (scores are computed again), "
                "or give another place for it"
            ) from error
