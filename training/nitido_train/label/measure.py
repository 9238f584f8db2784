"""Delta labels (source: T4): how much an enhancer changes the quality of a sample, in all and per factor."""

from __future__ import annotations

import math

from nitido.errors import InvalidOption
from nitido.photo.model import Pixels
from nitido_train.degrade import GAINS
from nitido_train.label.enhancers import Models
from nitido_train.label.samples import Sample, crop_of, degradation_to_text, degraded
from nitido_train.opinion.pseudo import quality
from nitido_train.resample import bicubic_downscale, bicubic_upscale

Row = dict[str, str | int | float | bool | None]
"""One row of the table of labels, see ``store.SCHEMA_COLUMNS``."""


def measure(sample: Sample, photo: Pixels, models: Models) -> list[Row]:
    """One row per name of GAINS, for a sample of a decoded photo.

    The gain of upscaling is what the upscaler wins over bicubic when the sample itself, at half its size, is
    enlarged again: a blurred or noisy photo has no detail that a better upscaler could bring out.
    Raises InvalidOption where enhancer or scorer return what they must not.
    """
    pristine = crop_of(sample, photo)
    pixels = degraded(sample, pristine)
    results = _checked(models.enhancer(pixels), pixels, models.enhancer.id)
    small = bicubic_downscale(pixels, 2)
    pairs = {gain: (pixels, results.get(gain, pixels)) for gain in GAINS[:-1]}
    enlarged = _checked({"joint": models.enhancer.upscaled(small)}, pixels, models.enhancer.upscaler_id)
    pairs["upscale"] = (bicubic_upscale(small, 2), enlarged["joint"])
    judge = _Judge(models, pristine if sample.has_pristine else None)
    return [
        _row(sample, gain, judge(before), judge(after), models) for gain, (before, after) in pairs.items()
    ]


class _Judge:
    """Scores pictures of one sample, each once: (by the scorer, against the pristine photo)."""

    def __init__(self, models: Models, pristine: Pixels | None) -> None:
        self._scorer, self._pristine = models.scorer, pristine
        self._known: dict[int, tuple[float | None, float | None]] = {}

    def __call__(self, pixels: Pixels) -> tuple[float | None, float | None]:
        if id(pixels) not in self._known:  # the caller keeps all of them alive
            score = None if self._scorer is None else self._scorer(pixels).mean
            if score is not None and not math.isfinite(score):
                raise InvalidOption(f"expected the scorer to return a finite score, got {score}; repair it")
            reference = None if self._pristine is None else quality(pixels, self._pristine)
            self._known[id(pixels)] = (score, reference)
        return self._known[id(pixels)]


def _row(
    sample: Sample,
    factor: str,
    before: tuple[float | None, float | None],
    after: tuple[float | None, float | None],
    models: Models,
) -> Row:
    ids = models.ids
    scored, referenced = zip(before, after, strict=True)
    return {
        "photo": sample.photo,
        "photo_hash": sample.photo_hash,
        "top": sample.top,
        "left": sample.left,
        "side": sample.side,
        "symmetry": sample.symmetry,
        "seed": sample.seed,
        "clean": sample.clean,
        "degradation": degradation_to_text(sample.degradation),
        "factor": factor,
        "q_input": scored[0],
        "q_enhanced": scored[1],
        "delta": _difference(scored),
        "reference_input": referenced[0],
        "reference_enhanced": referenced[1],
        "reference_delta": _difference(referenced),
        "enhancer": ids.enhancer,
        "upscaler": ids.upscaler,
        "scorer": ids.scorer,
    }


def _difference(values: tuple[float | None, ...]) -> float | None:
    before, after = values
    return None if before is None or after is None else after - before


def _checked(results: dict[str, Pixels], pixels: Pixels, who: str) -> dict[str, Pixels]:
    unknown = sorted(set(results) - set(GAINS[:-1]))
    if unknown or "joint" not in results:
        raise InvalidOption(
            f"expected enhancer {who} to return 'joint' and some of {', '.join(GAINS[1:-1])}, "
            f"got {', '.join(results)}; change its names"
        )
    for name, result in results.items():
        if result.shape != pixels.shape or result.dtype != pixels.dtype:
            raise InvalidOption(
                f"expected enhancer {who} to return uint8 pixels of shape {pixels.shape}, "
                f"got {result.dtype} of shape {result.shape} for '{name}'; repair it"
            )
    return results
