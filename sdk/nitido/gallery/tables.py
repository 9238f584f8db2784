"""The SQLite file of an index: opened for several processes, made, or brought up to date."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nitido.errors import GalleryError

VERSION = 2
"""Kept in the file as ``user_version``; raised whenever an older Nitido could misread it."""

_PATIENCE = 30.0
"""Seconds to wait for another process's write; each lasts a few milliseconds."""

_TABLES = (
    """
    CREATE TABLE photo (
        path BLOB PRIMARY KEY,  -- relative to the folder, as the file system's bytes: not every name is text
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        content TEXT NOT NULL,  -- hash of the bytes: a photo that moved or was copied keeps its scores
        error TEXT              -- why the content cannot be read, whatever the trigger
    ) WITHOUT ROWID""",
    """
    CREATE TABLE score (
        content TEXT NOT NULL,
        model TEXT NOT NULL,
        score REAL NOT NULL,
        factors TEXT NOT NULL,         -- JSON: gain by factor; the model has the thresholds
        recommended INTEGER NOT NULL,  -- by the trigger, and touchable
        touchable INTEGER NOT NULL,    -- 0: not to be enhanced whatever its gains, as an animation
        PRIMARY KEY (content, model)
    ) WITHOUT ROWID""",
    "CREATE INDEX photo_content ON photo (content)",
)

_MIGRATIONS = {
    # Version 1 told only by `recommended` what is not to be touched: the rest has the benefit of the doubt.
    1: "ALTER TABLE score ADD COLUMN touchable INTEGER NOT NULL DEFAULT 1",
}
"""From a version to the next."""


def connect(file: Path) -> sqlite3.Connection:
    """Open a file with today's tables. Raises GalleryError for a newer version's, sqlite3.Error."""
    connection = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
    try:
        connection.execute(f"PRAGMA busy_timeout = {int(_PATIENCE * 1000)}")
        _enter_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")  # a kill loses nothing, a power cut the last rows
        with transaction(connection):
            _prepare(connection, file)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block's changes, or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _prepare(connection: sqlite3.Connection, file: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise GalleryError(
            f"{file} was written by a newer Nitido (index {version}, this one reads {VERSION}); "
            "update Nitido, or give another index"
        )
    if version == VERSION:
        return
    for statement in [_MIGRATIONS[number] for number in range(version, VERSION)] if version else _TABLES:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Readers then never wait for writers. Of two processes that enter at once, one is turned away."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
