"""The SQLite file with what must survive a restart: jobs, what was kept or dismissed, ratings."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS job (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, photo TEXT, options TEXT NOT NULL, state TEXT NOT NULL,
    progress REAL NOT NULL DEFAULT 0, message TEXT NOT NULL DEFAULT '', result TEXT, details TEXT,
    attempts INTEGER NOT NULL DEFAULT 0, made REAL NOT NULL, ended REAL
);
CREATE INDEX IF NOT EXISTS job_state ON job (state, made);
CREATE TABLE IF NOT EXISTS version (
    photo TEXT PRIMARY KEY, path BLOB NOT NULL, content TEXT NOT NULL, made REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS dismissed (photo TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS pair (
    id TEXT PRIMARY KEY, photo TEXT NOT NULL, path BLOB NOT NULL, rater TEXT NOT NULL,
    enhanced_second INTEGER NOT NULL, rating INTEGER, made REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS pair_rater ON pair (rater, photo);
"""


class Store:
    """One connection, used by one thread at a time; every write is on the disk before it returns."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(file, timeout=10, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_TABLES)

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows that a query finds."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row."""
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(query, values).fetchone()
            return found

    def write(self, query: str, values: Sequence[Any] = ()) -> int:
        """One statement, one transaction; the number of rows that it changed."""
        with self._lock:
            return self._connection.execute(query, values).rowcount

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
