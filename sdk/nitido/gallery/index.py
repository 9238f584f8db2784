"""The SQLite file that remembers scores by content, so that nothing is decoded twice for the same trigger."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nitido.errors import GalleryError

VERSION = 1
"""Kept in the file as ``user_version``; raised whenever an older Nitido could misread it."""

_PATIENCE = 30.0
"""Seconds to wait for another process's write; each lasts a few milliseconds."""

_TABLES = """
CREATE TABLE photo (
    path BLOB PRIMARY KEY,  -- relative to the folder, as the bytes of the file system: not every name is text
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    content TEXT NOT NULL,  -- hash of the bytes: a photo that moved or was copied keeps its scores
    error TEXT              -- why the content cannot be read, whatever the trigger
) WITHOUT ROWID;
CREATE TABLE score (
    content TEXT NOT NULL,
    model TEXT NOT NULL,
    score REAL NOT NULL,
    factors TEXT NOT NULL,
    recommended INTEGER NOT NULL,
    PRIMARY KEY (content, model)
) WITHOUT ROWID;
CREATE INDEX photo_content ON photo (content);
"""


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


class Index:
    """Every write is one transaction, so that a killed scan loses at most the photo it was at.

    Safe under several processes; one object is for one thread. Raises GalleryError.
    """

    def __init__(self, file: str | Path) -> None:
        self.file = Path(file)
        with self._errors():
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.file, timeout=_PATIENCE, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def rows(self, model: str) -> dict[str, Row]:
        """All files by relative path."""
        query = """
            SELECT path, size, mtime_ns, photo.content, error, score.model IS NOT NULL
            FROM photo LEFT JOIN score ON score.content = photo.content AND score.model = ?"""
        with self._errors():
            return {
                os.fsdecode(path): Row(size, mtime_ns, content, error, bool(scored))
                for path, size, mtime_ns, content, error, scored in self._connection.execute(query, (model,))
            }

    def is_scored(self, content: str, model: str) -> bool:
        """Whether any file of this content was scored, by this process or another."""
        with self._errors():
            query = "SELECT 1 FROM score WHERE content = ? AND model = ?"
            return self._connection.execute(query, (content, model)).fetchone() is not None

    def put(self, path: str, row: Row, model: str, score: Score | None) -> None:
        """Remember a file, and its score where there is a new one."""
        with self._errors(), self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO photo VALUES (?, ?, ?, ?, ?)",
                (os.fsencode(path), row.size, row.mtime_ns, row.content, row.error),
            )
            if score is not None:
                self._connection.execute(
                    "INSERT OR REPLACE INTO score VALUES (?, ?, ?, ?, ?)",
                    (row.content, model, score.score, json.dumps(score.factors), score.recommended),
                )

    def forget(self, paths: Iterable[str]) -> None:
        """Drop files that are gone; their scores stay, should they come back."""
        with self._errors(), self._transaction():
            self._connection.executemany(
                "DELETE FROM photo WHERE path = ?", [(os.fsencode(path),) for path in paths]
            )

    def ranked(self, model: str, *, recommended_only: bool, top: int | None) -> list[tuple[str, Score]]:
        """The scored files, best first, and in the order of their names where scores are equal."""
        query = """
            SELECT path, score, factors, recommended
            FROM photo JOIN score ON score.content = photo.content
            WHERE score.model = ? AND error IS NULL AND recommended >= ?
            ORDER BY score DESC, path LIMIT ?"""
        with self._errors():
            found = self._connection.execute(
                query, (model, int(recommended_only), -1 if top is None else top)
            )
            return [
                (os.fsdecode(path), Score(score, json.loads(factors), bool(recommended)))
                for path, score, factors, recommended in found
            ]

    def _prepare(self) -> None:
        self._connection.execute(f"PRAGMA busy_timeout = {int(_PATIENCE * 1000)}")
        self._enter_wal()
        self._connection.execute(
            "PRAGMA synchronous = NORMAL"
        )  # a kill loses nothing, a power cut the last rows
        with self._transaction():
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise GalleryError(
                    f"{self.file} was written by a newer Nitido (index {version}, this one reads {VERSION}); "
                    "update Nitido, or give another index"
                )
            if version == 0:
                for statement in _TABLES.split(";"):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {VERSION}")

    def _enter_wal(self) -> None:
        """Readers then never wait for writers. Of two processes that enter at once, one is turned away."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise GalleryError(
                f"expected an index at {self.file}, got: {error}; delete it (scores are computed again), "
                "or give another place for it"
            ) from error
