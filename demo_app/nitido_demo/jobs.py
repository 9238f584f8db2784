"""Jobs: work on one photo that takes seconds, remembered in SQLite with everything that it takes to do it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nitido_demo.errors import Refused
from nitido_demo.events import Events
from nitido_demo.settings import Limits
from nitido_demo.store import Store

State = Literal["waiting", "running", "done", "failed", "cancelled"]
_ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Job:
    """One job as it stands."""

    id: str
    kind: str
    photo: str | None
    """The gallery photo that it is about; None: one that was uploaded for it."""
    options: Mapping[str, Any]
    state: State
    progress: float
    """0 to 1."""
    message: str
    """For people: what is being done, what was done, or why it failed."""
    result: str | None
    """Name of the file in the job's folder, once there is one."""
    details: Mapping[str, Any]
    """What the sdk told: improvability, strengths, timings, runtime."""
    attempts: int

    def shown(self) -> dict[str, Any]:
        """For the page; no path in it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "photo": self.photo,
            "state": self.state,
            "progress": round(self.progress, 3),
            "message": self.message,
            "options": dict(self.options),
            "details": dict(self.details),
            "result": f"/api/jobs/{self.id}/result" if self.state == "done" and self.result else None,
        }


class Jobs:
    """All jobs: made by requests, taken by workers."""

    def __init__(self, store: Store, folder: Path, limits: Limits, events: Events) -> None:
        self._store = store
        self._folder = folder
        self._limits = limits
        self._events = events
        folder.mkdir(parents=True, exist_ok=True)

    def recover(self) -> None:
        """After a start: what was running when the last server died waits again, or is given up."""
        self._store.write(
            "UPDATE job SET state = 'failed', ended = ?, message = ? "
            "WHERE state = 'running' AND attempts >= ?",
            (
                time.time(),
                "the server stopped during this job, more than once; try another photo or smaller strengths",
                self._limits.job_attempts,
            ),
        )
        self._store.write(
            "UPDATE job SET state = 'waiting', progress = 0, message = ? WHERE state = 'running'",
            ("the server was started again: the job starts anew",),
        )
        known = {row["id"] for row in self._store.rows("SELECT id FROM job")}
        for left in self._folder.iterdir():  # uploads that were killed before their job was written
            if left.name not in known:
                shutil.rmtree(left, ignore_errors=True)

    def add(
        self,
        kind: str,
        options: Mapping[str, Any],
        *,
        photo: str | None = None,
        upload: Path | None = None,
        suffix: str = "",
    ) -> Job:
        """A new job, about a photo of the gallery or an uploaded file, which moves into the job's folder."""
        row = self._store.row("SELECT count(*) AS n FROM job WHERE state = 'waiting'")
        if row is not None and row["n"] >= self._limits.jobs_waiting:
            raise Refused(429, "too many jobs are waiting; try again in a moment", retry_after=10)
        id_ = os.urandom(8).hex()
        if upload is not None:
            target = self.folder(id_)
            target.mkdir(parents=True)
            upload.replace(target / f"source{suffix}")
        self._store.write(
            "INSERT INTO job (id, kind, photo, options, state, message, made) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (id_, kind, photo, json.dumps(options), "waiting", "waiting for its turn", time.time()),
        )
        return self._told(id_)

    def get(self, id_: str) -> Job:
        """A job. Raises Refused."""
        row = self._store.row("SELECT * FROM job WHERE id = ?", (id_,))
        if row is None:
            raise Refused(
                404, "there is no such job; it may have been one of the oldest, which are forgotten"
            )
        return _job(row)

    def recent(self, most: int) -> list[Job]:
        """The newest jobs, newest first."""
        rows = self._store.rows("SELECT * FROM job ORDER BY made DESC, rowid DESC LIMIT ?", (most,))
        return [_job(row) for row in rows]

    def latest_of(self, photo: str, kind: str) -> Job | None:
        """The newest job of a kind about a photo that did not fail."""
        row = self._store.row(
            "SELECT * FROM job WHERE photo = ? AND kind = ? AND state NOT IN ('failed', 'cancelled') "
            "ORDER BY made DESC, rowid DESC LIMIT 1",
            (photo, kind),
        )
        return None if row is None else _job(row)

    def take(self) -> Job | None:
        """The job that has waited longest, now running; pairs for ratings wait until nobody else does."""
        row = self._store.row(
            "SELECT id FROM job WHERE state = 'waiting' ORDER BY kind = 'pair', made, rowid LIMIT 1"
        )
        if row is None:
            return None
        taken = self._store.write(
            "UPDATE job SET state = 'running', attempts = attempts + 1, message = 'reading the photo' "
            "WHERE id = ? AND state = 'waiting'",
            (row["id"],),
        )
        return self._told(row["id"]) if taken else self.take()

    def progress(self, id_: str, share: float, message: str) -> None:
        """Tell how far a running job is."""
        self._store.write(
            "UPDATE job SET progress = ?, message = ? WHERE id = ? AND state = 'running'",
            (share, message, id_),
        )
        self._told(id_)

    def end(self, id_: str, state: State, message: str, *, result: str | None = None,
            details: Mapping[str, Any] | None = None) -> None:  # fmt: skip
        """A running job has ended; one that was cancelled meanwhile stays so."""
        self._store.write(
            "UPDATE job SET state = ?, message = ?, result = ?, details = ?, progress = 1, ended = ? "
            "WHERE id = ? AND state = 'running'",
            (state, message, result, json.dumps(details or {}), time.time(), id_),
        )
        self._told(id_)
        self._forget_old()

    def put_back(self, id_: str) -> None:
        """A running job waits again, as if nobody had taken it: the server stops in order."""
        self._store.write(
            "UPDATE job SET state = 'waiting', progress = 0, attempts = attempts - 1 "
            "WHERE id = ? AND state = 'running'",
            (id_,),
        )

    def cancel(self, id_: str) -> Job:
        """Stop a job that waits or runs. Raises Refused."""
        self.get(id_)
        stopped = self._store.write(
            "UPDATE job SET state = 'cancelled', message = 'cancelled', ended = ? "
            "WHERE id = ? AND state IN ('waiting', 'running')",
            (time.time(), id_),
        )
        if not stopped:
            raise Refused(409, "the job has ended already, so there is nothing to cancel")
        return self._told(id_)

    def is_cancelled(self, id_: str) -> bool:
        """Whether a running job is to stop."""
        row = self._store.row("SELECT state FROM job WHERE id = ?", (id_,))
        return row is None or row["state"] == "cancelled"

    def folder(self, id_: str) -> Path:
        """Where the files of a job lie."""
        return self._folder / id_

    def source(self, job: Job) -> Path:
        """The uploaded photo."""
        return next(self.folder(job.id).glob("source.*"))

    def result(self, id_: str) -> Path:
        """The file that a finished job has made. Raises Refused."""
        job = self.get(id_)
        if job.state != "done" or job.result is None:
            raise Refused(409, f"the job has no result: it is {job.state}; wait until it is done")
        return self.folder(id_) / job.result

    def _forget_old(self) -> None:
        old = self._store.rows(
            f"SELECT id FROM job WHERE state IN {_ENDED} ORDER BY ended DESC LIMIT -1 OFFSET ?",
            (self._limits.jobs_kept,),
        )
        for row in old:
            self._store.write("DELETE FROM job WHERE id = ?", (row["id"],))
            shutil.rmtree(self.folder(row["id"]), ignore_errors=True)

    def _told(self, id_: str) -> Job:
        job = self.get(id_)
        self._events.tell("job", job.shown())
        return job


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        kind=row["kind"],
        photo=row["photo"],
        options=json.loads(row["options"]),
        state=row["state"],
        progress=row["progress"],
        message=row["message"],
        result=row["result"],
        details=json.loads(row["details"] or "{}"),
        attempts=row["attempts"],
    )
