"""The thread that does the jobs, one after another, so that memory is bounded by one photo's work."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nitido
from nitido.batch.sharing import Sharing
from nitido.enhancer import Outcome
from nitido.photo.formats import HEAD, recognise
from nitido.sharing.budget import SUFFIXES
from nitido_demo.engine import Engine
from nitido_demo.errors import Refused
from nitido_demo.jobs import Job, Jobs
from nitido_demo.library import Library
from nitido_demo.progress import Progress, Stopped
from nitido_demo.sharing import shared
from nitido_demo.uploads import saving_suffix

_LOG = logging.getLogger("nitido_demo")
_FINEST = 95
"""Quality of a shared photo whose budget is ample: more bytes would not show."""


class Worker:
    """Does what waits in ``jobs``, until it is stopped."""

    def __init__(self, jobs: Jobs, engine: Engine, library: Library, job_seconds: float) -> None:
        self._jobs = jobs
        self._engine = engine
        self._library = library
        self._job_seconds = job_seconds
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
        self.kinds: Mapping[str, Callable[[Job, Path, Progress], tuple[str, Path, dict[str, Any]]]] = {
            "enhance": self._enhance,
            "upscale": self._upscale,
            "share": self._share,
            "pair": self._pair,
        }

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
        progress = Progress(self._jobs, job.id, self._job_seconds, lambda: self._stopping)
        try:
            source = self._jobs.source(job) if job.photo is None else self._library.path(job.photo)
            folder = self._jobs.folder(job.id)
            folder.mkdir(parents=True, exist_ok=True)
            for left in folder.glob("result.*"):  # of an attempt that was killed
                left.unlink()
            message, result, details = self.kinds[job.kind](job, source, progress)
        except Stopped as stopped:
            if self._stopping:
                self._jobs.put_back(job.id)
            else:
                self._jobs.end(job.id, "failed", str(stopped))
        except (nitido.NitidoError, Refused) as error:
            self._jobs.end(job.id, "failed", str(error))
        except Exception:
            _LOG.exception("job %s failed", job.id)
            self._jobs.end(job.id, "failed", "something went wrong; the server's log says why")
        else:
            self._jobs.end(job.id, "done", message, result=result.name, details=details)

    def _enhance(self, job: Job, source: Path, progress: Progress) -> tuple[str, Path, dict[str, Any]]:
        """By the strengths that were chosen, else by what the trigger finds."""
        chosen = job.options.get("strengths")
        restore = self._engine.restoring(progress.step, progress.started)
        trigger: Callable[[nitido.Pixels], nitido.Improvability] = self._engine.trigger()
        if chosen is not None:
            trigger = _wanted
        enhancer = nitido.Enhancer(trigger, restore)
        result = self._jobs.folder(job.id) / f"result{_suffix(source)}"
        outcome = enhancer.file(
            source,
            result,
            strength=1.0 if chosen is None else chosen,
            again=chosen is not None,
            max_megapixels=self._engine.max_megapixels,
        )
        return _told(outcome, asked=chosen is not None), result, _details(outcome)

    def _upscale(self, job: Job, source: Path, progress: Progress) -> tuple[str, Path, dict[str, Any]]:
        photo = nitido.read_photo(source, max_megapixels=self._engine.max_megapixels)
        scale = float(job.options["scale"])
        most = self._engine.max_megapixels
        if photo.width * photo.height * scale**2 > most * 1e6:
            raise nitido.errors.PhotoTooLarge(
                f"expected a result of at most {most:g} megapixels, got one of "
                f"{photo.width * photo.height * scale**2 / 1e6:.0f}; choose a smaller scale"
            )
        progress.say("enlarging")
        start = time.perf_counter()
        enlarger = self._engine.enlarger(progress.check)
        large = enlarger.photo(photo, nitido.Size(scale=scale))
        result = self._jobs.folder(job.id) / f"result{_suffix(source)}"
        nitido.write_photo(large, result)
        seconds = time.perf_counter() - start
        details = {"width": large.width, "height": large.height, "timings": {"upscale": seconds},
                   "runtime": enlarger.info}  # fmt: skip
        return f"{large.width} x {large.height} pixels", result, details

    def _share(self, job: Job, source: Path, progress: Progress) -> tuple[str, Path, dict[str, Any]]:
        wish = job.options
        options = Sharing(
            nitido.Size(long_side=wish["long_side"]),
            wish["codec"],
            quality=_FINEST,
            max_bytes=wish["max_bytes"],
            detail=wish["detail"],
        )
        photo = nitido.read_photo(source, max_megapixels=self._engine.max_megapixels)
        progress.say("looking for the best quality that fits")
        start = time.perf_counter()
        made = shared(photo, options, self._engine.downscaler if wish["method"] == "learned" else None)
        result = self._jobs.folder(job.id) / f"result{SUFFIXES[options.codec]}"
        result.write_bytes(made.file.data)
        details = {
            "width": made.width,
            "height": made.height,
            "bytes": len(made.file.data),
            "quality": made.file.quality,
            "fits": made.file.fits,
            "timings": {"share": time.perf_counter() - start},
        }
        told = f"{len(made.file.data):,} bytes at a quality of {made.file.quality}"
        return told if made.file.fits else f"{told}: the smallest there is", result, details

    def _pair(self, job: Job, source: Path, progress: Progress) -> tuple[str, Path, dict[str, Any]]:
        """What rating needs: everything removed, whether that is worth it or not, at the photo's size."""
        photo = nitido.read_photo(source, max_megapixels=self._engine.max_megapixels)
        restored = self._engine.restoring(progress.step, progress.started)(photo.pixels, 1.0)
        result = self._jobs.folder(job.id) / "result.png"
        profile = photo.metadata.icc_profile
        bare = nitido.Metadata(format="PNG", mode=photo.metadata.mode, icc_profile=profile)
        nitido.write_photo(nitido.Photo(restored, bare), result)
        return "a pair to be rated", result, {}


def _wanted(pixels: nitido.Pixels) -> nitido.Improvability:
    """The trigger of somebody who has decided already."""
    return nitido.Improvability(score=0.0, factors={}, recommended=True)


def _suffix(source: Path) -> str:
    with source.open("rb") as file:
        return saving_suffix(recognise(file.read(HEAD)))


def _told(outcome: Outcome, *, asked: bool) -> str:
    return "enhanced as you asked" if outcome.applied and asked else outcome.reason


def _details(outcome: Outcome) -> dict[str, Any]:
    return {
        "applied": outcome.applied,
        "improvability": asdict(outcome.improvability),
        "strength": outcome.strength,
        "timings": outcome.timings,
        "runtime": outcome.runtime,
    }
