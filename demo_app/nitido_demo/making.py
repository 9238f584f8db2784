"""What each kind of job does with a photo: enhance it, enlarge it, make it small, prepare it to be rated."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nitido
from nitido.batch.blind import drawn, facts, told
from nitido.batch.sharing import Sharing
from nitido.blind import BlindEnlarger
from nitido.enhancer import Outcome
from nitido.photo.formats import HEAD, recognise
from nitido.sharing.budget import SUFFIXES
from nitido.video.clip import enlarge_clip
from nitido_demo.brush import strokes_of
from nitido_demo.engine import Engine
from nitido_demo.jobs import Job
from nitido_demo.progress import Progress
from nitido_demo.sharing import shared
from nitido_demo.uploads import saving_suffix

KERNEL = "kernel.png"
"""Beside the result of blind upscaling: the kernel that was found."""
_FINEST = 95
"""Quality of a shared photo whose budget is ample: more bytes would not show."""


@dataclass(frozen=True)
class Made:
    """What became of a job."""

    message: str
    file: Path
    details: Mapping[str, Any]


class Making:
    """``kinds[kind](job, source, folder, progress)`` writes ``result.*`` into the job's folder."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.kinds: Mapping[str, Callable[[Job, Path, Path, Progress], Made]] = {
            "enhance": self._enhance,
            "upscale": self._upscale,
            "blind": self._blind,
            "share": self._share,
            "video": self._video,
            "pair": self._pair,
        }

    def _enhance(self, job: Job, source: Path, folder: Path, progress: Progress) -> Made:
        """By the strengths that were chosen, else by what the trigger finds."""
        chosen = job.options.get("strengths")
        restore = self._engine.restoring(progress.step, progress.started)
        trigger: Callable[[nitido.Pixels], nitido.Improvability] = self._engine.trigger()
        if chosen is not None:
            trigger = _wanted
        enhancer = nitido.Enhancer(trigger, restore)
        result = folder / f"result{_suffix(source)}"
        outcome = enhancer.file(
            source,
            result,
            strength=1.0 if chosen is None else chosen,
            again=chosen is not None,
            max_megapixels=self._engine.max_megapixels,
        )
        asked = outcome.applied and chosen is not None
        return Made("enhanced as you asked" if asked else outcome.reason, result, _details(outcome))

    def _upscale(self, job: Job, source: Path, folder: Path, progress: Progress) -> Made:
        photo = self._to_enlarge(job, source)
        progress.say("enlarging")
        enlarger = self._engine.enlarger(progress.check)
        return _enlarged(enlarger, photo, job, folder / f"result{_suffix(source)}")

    def _blind(self, job: Job, source: Path, folder: Path, progress: Progress) -> Made:
        photo = self._to_enlarge(job, source)
        strokes, heard = strokes_of(job.options["strokes"]), list[nitido.KernelEstimate]()
        for stroke in strokes:  # those that miss the photo are told before the long work
            stroke.mask(photo.height, photo.width)
        progress.say("estimating the kernel, then enlarging")
        enlarger = self._engine.blind_enlarger(progress.check, strokes, job.options["varying"])
        enlarger.on_estimate = heard.append
        made = _enlarged(enlarger, photo, job, folder / f"result{_suffix(source)}")
        if not heard:  # as large as asked for already
            return made
        (estimate,) = heard
        drawn(estimate.kernel).save(folder / KERNEL)
        words = told(estimate)
        details = {**made.details, "kernel": {**facts(estimate), "told": words}}
        return Made(f"{made.message}; kernel: {words}", made.file, details)

    def _share(self, job: Job, source: Path, folder: Path, progress: Progress) -> Made:
        wish = job.options
        options = Sharing(
            nitido.Size(long_side=wish["long_side"]),
            wish["codec"],
            quality=_FINEST,
            max_bytes=wish["max_bytes"],
            detail=wish["detail"],
        )
        photo = self._read(source)
        progress.say("looking for the best quality that fits")
        start = time.perf_counter()
        made = shared(photo, options, self._engine.downscaler if wish["method"] == "learned" else None)
        result = folder / f"result{SUFFIXES[options.codec]}"
        result.write_bytes(made.file.data)
        details = {
            "width": made.width,
            "height": made.height,
            "bytes": len(made.file.data),
            "quality": made.file.quality,
            "fits": made.file.fits,
            "timings": {"share": time.perf_counter() - start},
        }
        said = f"{len(made.file.data):,} bytes at a quality of {made.file.quality}"
        return Made(said if made.file.fits else f"{said}: the smallest there is", result, details)

    def _video(self, job: Job, source: Path, folder: Path, progress: Progress) -> Made:
        """Parts that a killed server had finished are not made again."""
        upscaler = nitido.VideoUpscaler.open(target=job.options["target"], fast=True)
        result, start = folder / "result.mp4", time.perf_counter()
        progress.started(1, "enlarging, frame")

        def enlarged(done: int, total: int) -> None:
            if done == 1:
                progress.started(max(1, total), "enlarging, frame")
            progress.step(done)

        clip = enlarge_clip(source, result, upscaler, overwrite=True, on_frame=enlarged)
        details = {**asdict(clip), "timings": {"video": time.perf_counter() - start}}
        missing = f", {clip.damaged} of which were damaged" if clip.damaged else ""
        cut = "; the clip ends early" if clip.truncated else ""
        return Made(f"{clip.frames} frames{missing}{cut}", result, {**details, "runtime": str(upscaler.info)})

    def _pair(self, job: Job, source: Path, folder: Path, progress: Progress) -> Made:
        """What rating needs: everything removed, whether that is worth it or not, at the photo's size."""
        photo = self._read(source)
        restored = self._engine.restoring(progress.step, progress.started)(photo.pixels, 1.0)
        result = folder / "result.png"
        profile = photo.metadata.icc_profile
        bare = nitido.Metadata(format="PNG", mode=photo.metadata.mode, icc_profile=profile)
        nitido.write_photo(nitido.Photo(restored, bare), result)
        return Made("a pair to be rated", result, {})

    def _read(self, source: Path) -> nitido.Photo:
        return nitido.read_photo(source, max_megapixels=self._engine.max_megapixels)

    def _to_enlarge(self, job: Job, source: Path) -> nitido.Photo:
        """The photo, where what it is to become is not too large. Raises PhotoTooLarge."""
        photo, most = self._read(source), self._engine.max_megapixels
        megapixels = photo.width * photo.height * job.options["scale"] ** 2 / 1e6
        if megapixels > most:
            raise nitido.errors.PhotoTooLarge(
                f"expected a result of at most {most:g} megapixels, got one of {megapixels:.0f}; "
                f"choose a smaller scale"
            )
        return photo


def _enlarged(enlarger: nitido.Enlarger | BlindEnlarger, photo: nitido.Photo, job: Job, result: Path) -> Made:
    start = time.perf_counter()
    large = enlarger.photo(photo, nitido.Size(scale=float(job.options["scale"])))
    nitido.write_photo(large, result)
    seconds = time.perf_counter() - start
    details = {"width": large.width, "height": large.height, "timings": {"upscale": seconds},
               "runtime": enlarger.info}  # fmt: skip
    return Made(f"{large.width} x {large.height} pixels", result, details)


def _wanted(pixels: nitido.Pixels) -> nitido.Improvability:
    """The trigger of somebody who has decided already."""
    return nitido.Improvability(score=0.0, factors={}, recommended=True)


def _suffix(source: Path) -> str:
    with source.open("rb") as file:
        return saving_suffix(recognise(file.read(HEAD)))


def _details(outcome: Outcome) -> dict[str, Any]:
    return {
        "applied": outcome.applied,
        "improvability": asdict(outcome.improvability),
        "strength": outcome.strength,
        "timings": outcome.timings,
        "runtime": outcome.runtime,
    }
