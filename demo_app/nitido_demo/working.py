"""The thread that does the jobs, one after another, so that memory is bounded by one photo's work."""

from __future__ import annotations

import logging
import threading

import nitido
from nitido_demo.engine import Engine
from nitido_demo.errors import Refused, words_of
from nitido_demo.jobs import Job, Jobs
from nitido_demo.library import Library
from nitido_demo.making import Making
from nitido_demo.progress import Progress, Stopped
from nitido_demo.settings import Settings

_LOG = logging.getLogger("nitido_demo")


class Worker:
    """Does what waits in ``jobs``, until it is stopped."""

    def __init__(self, jobs: Jobs, engine: Engine, library: Library, settings: Settings) -> None:
        self._jobs = jobs
        self._making = Making(engine)
        self._library = library
        self._settings = settings
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the tile that is being computed; the job starts anew with the next server."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=30)

    def wake(self) -> None:
        """There is a new job."""
        self._wake.set()

    def _work(self) -> None:
        while not self._stopping:
            self._wake.clear()
            job = self._jobs.take()
            if job is None:
                self._wake.wait(timeout=5)
                continue
            self._do(job)

    def _do(self, job: Job) -> None:
        progress = Progress(self._jobs, job.id, self._settings.limits.job_seconds, lambda: self._stopping)
        try:
            source = self._jobs.source(job) if job.photo is None else self._library.path(job.photo)
            folder = self._jobs.folder(job.id)
            folder.mkdir(parents=True, exist_ok=True)
            for left in folder.glob("result.*"):  # of an attempt that was killed
                left.unlink()
            made = self._making.kinds[job.kind](job, source, folder, progress)
        except Stopped as stopped:
            if self._stopping:
                self._jobs.put_back(job.id)
            else:
                self._jobs.end(job.id, "failed", str(stopped))
        except (nitido.NitidoError, Refused) as error:
            self._jobs.end(job.id, "failed", words_of(error, self._settings))
        except Exception:
            _LOG.exception("job %s failed", job.id)
            self._jobs.end(job.id, "failed", "something went wrong; the server's log says why")
        else:
            self._jobs.end(job.id, "done", made.message, result=made.file.name, details=made.details)
