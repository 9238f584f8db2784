"""What somebody decided about a photo: a better version kept beside it, or the suggestion dismissed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from pathlib import Path

import nitido
from nitido.errors import DestinationExists
from nitido_demo.errors import Refused
from nitido_demo.library import Library
from nitido_demo.store import Store

_TRIES = 100


class Keeping:
    """Writes accepted versions beside their photos, never over anything, and takes them away again."""

    def __init__(self, store: Store, library: Library) -> None:
        self._store = store
        self._library = library

    def versions(self) -> dict[str, Path]:
        """Accepted versions, relative to the gallery's folder, by the id of their photo."""
        rows = self._store.rows("SELECT photo, path FROM version")
        return {row["photo"]: Path(os.fsdecode(row["path"])) for row in rows}

    def dismissed(self) -> set[str]:
        """Photos that are to be left alone."""
        return {row["photo"] for row in self._store.rows("SELECT photo FROM dismissed")}

    def accept(self, photo: str, result: Path) -> Path:
        """Copy a result beside its photo as ``IMG.nitido.jpg``; then an earlier version goes.

        Raises Refused, WriteError.
        """
        original = self._library.path(photo)
        earlier = self._store.row("SELECT path, content FROM version WHERE photo = ?", (photo,))
        for number in range(1, _TRIES):
            name = f"{original.stem}.nitido{'' if number == 1 else f'-{number}'}{result.suffix}"
            target = original.with_name(name)
            try:
                nitido.copy_photo(result, target)
            except DestinationExists:
                continue
            relative = target.relative_to(self._library.folder)
            self._store.write(
                "INSERT OR REPLACE INTO version VALUES (?, ?, ?, ?)",
                (photo, os.fsencode(relative), _hash(target), time.time()),
            )
            if earlier is not None:
                with contextlib.suppress(Refused):  # changed by somebody: theirs now
                    self._remove(earlier)
            return relative
        raise Refused(409, f"expected a free name beside the photo, tried {_TRIES}; clear the folder up")

    def undo_accept(self, photo: str) -> None:
        """Remove the version that was stored beside a photo, unless somebody has changed it since."""
        row = self._store.row("SELECT path, content FROM version WHERE photo = ?", (photo,))
        if row is None:
            raise Refused(409, "the photo has no accepted version, so there is nothing to undo")
        self._remove(row)
        self._store.write("DELETE FROM version WHERE photo = ?", (photo,))

    def _remove(self, row: sqlite3.Row) -> None:
        file = self._library.folder / Path(os.fsdecode(row["path"]))
        with contextlib.suppress(FileNotFoundError):
            if _hash(file) != row["content"]:
                raise Refused(409, "the stored version was changed by another program, so it stays")
            file.unlink()

    def dismiss(self, photo: str, *, dismissed: bool) -> None:
        """Leave a photo alone from now on, or suggest it again."""
        self._library.path(photo)
        adding, removing = (
            "INSERT OR IGNORE INTO dismissed VALUES (?)",
            "DELETE FROM dismissed WHERE photo = ?",
        )
        self._store.write(adding if dismissed else removing, (photo,))


def _hash(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
