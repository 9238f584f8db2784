"""Pairs of a photo and what enhancing made of it, in an order that nobody is told, and how they are rated."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nitido_demo.errors import Refused
from nitido_demo.jobs import Jobs
from nitido_demo.library import Library
from nitido_demo.store import Store

COLUMNS = ("photo", "enhanced", "rating", "group", "rater")
"""What the fine-tuning of triggers reads."""
_AHEAD = 3
"""Pairs that are made before somebody asks for them."""


@dataclass(frozen=True)
class Pair:
    """A pair that is shown to a rater."""

    id: str
    photo: str
    enhanced_second: bool


class Ratings:
    """Hands out pairs and takes ratings."""

    def __init__(self, store: Store, library: Library, jobs: Jobs) -> None:
        self._store = store
        self._library = library
        self._jobs = jobs

    def next(self, rater: str) -> Pair | None:
        """An open pair of this rater, or a new one of a photo that is not rated; None: none is ready."""
        row = self._store.row(
            "SELECT id, photo, enhanced_second FROM pair WHERE rater = ? AND rating IS NULL", (rater,)
        )
        if row is not None and row["photo"] in self._library.photos():
            return Pair(row["id"], row["photo"], bool(row["enhanced_second"]))
        ready = [photo for photo in self.waiting(rater) if self._enhanced(photo) is not None]
        if not ready:
            return None
        photo = ready[0]
        pair = Pair(secrets.token_hex(8), photo, bool(secrets.randbits(1)))
        self._store.write(
            "INSERT INTO pair (id, photo, path, rater, enhanced_second, made) VALUES (?, ?, ?, ?, ?, ?)",
            (
                pair.id,
                photo,
                os.fsencode(self._library.photos()[photo]),
                rater,
                pair.enhanced_second,
                time.time(),
            ),
        )
        return pair

    def waiting(self, rater: str) -> list[str]:
        """Photos that a rater has not rated, in an order of their own that looks random."""
        rows = self._store.rows("SELECT photo FROM pair WHERE rater = ? AND rating IS NOT NULL", (rater,))
        rated = {row["photo"] for row in rows}
        versions = {Path(os.fsdecode(row["path"])) for row in self._store.rows("SELECT path FROM version")}
        open_ = [
            photo
            for photo, path in self._library.photos().items()
            if photo not in rated and _is_text(path) and path not in versions
        ]
        return sorted(open_, key=lambda photo: hashlib.sha256(f"{rater} {photo}".encode()).digest())

    def prepare(self, rater: str) -> int:
        """Have pairs made for a rater; how many are on their way."""
        coming = 0
        for photo in self.waiting(rater)[: _AHEAD + 1]:
            job = self._jobs.latest_of(photo, "pair")
            if job is None and not self._failed(photo):
                self._jobs.add("pair", {}, photo=photo)
            coming += job is None or job.state != "done"
        return coming

    def picture(self, pair_id: str, place: Literal["first", "second"]) -> Path:
        """The file to show in a place. Raises Refused."""
        row = self._store.row("SELECT photo, enhanced_second FROM pair WHERE id = ?", (pair_id,))
        if row is None:
            raise Refused(404, "there is no such pair; ask for the next one")
        if bool(row["enhanced_second"]) == (place == "second"):
            enhanced = self._enhanced(row["photo"])
            if enhanced is None:
                raise Refused(409, "the pair is being made again; try again in a moment", retry_after=5)
            return enhanced
        return self._library.path(row["photo"])

    def rate(self, pair_id: str, second_is: int) -> None:
        """``second_is``: +2 much better than the first, +1 better, 0 no difference, -1 worse, -2 much worse.

        The enhanced one may be either, and the scale of ratings knows one kind of worse.
        """
        row = self._store.row("SELECT enhanced_second, rating FROM pair WHERE id = ?", (pair_id,))
        if row is None:
            raise Refused(404, "there is no such pair; ask for the next one")
        rating = max(-1, second_is if row["enhanced_second"] else -second_is)
        changed = self._store.write(
            "UPDATE pair SET rating = ? WHERE id = ? AND rating IS NULL", (rating, pair_id)
        )
        if not changed:
            raise Refused(409, "this pair is rated already; ask for the next one")

    def counted(self, rater: str) -> tuple[int, int]:
        """How many pairs a rater has rated, and of how many."""
        rated = self._store.row(
            "SELECT count(*) AS n FROM pair WHERE rater = ? AND rating IS NOT NULL", (rater,)
        )
        done = 0 if rated is None else int(rated["n"])
        return done, done + len(self.waiting(rater))

    def csv(self) -> str:
        """All ratings; photos relative to the gallery's folder, where the file is to be put."""
        file = io.StringIO(newline="")
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        found = self._store.rows(
            "SELECT path, rater, rating FROM pair WHERE rating IS NOT NULL ORDER BY made, rowid"
        )
        for row in found:
            path = Path(os.fsdecode(row["path"])).as_posix()
            rows.writerow([path, "", row["rating"], "", row["rater"]])
        return file.getvalue()

    def _enhanced(self, photo: str) -> Path | None:
        job = self._jobs.latest_of(photo, "pair")
        return self._jobs.folder(job.id) / str(job.result) if job and job.state == "done" else None

    def _failed(self, photo: str) -> bool:
        return self._store.row("SELECT 1 FROM job WHERE photo = ? AND kind = 'pair'", (photo,)) is not None


def _is_text(path: Path) -> bool:
    """Whether a CSV can name the file."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
