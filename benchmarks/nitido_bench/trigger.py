"""Suite ``trigger``: does the score foretell the true gain on unseen photos, half of them clean?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import nitido
from nitido.photo.model import Pixels
from nitido_bench import testsets
from nitido_bench.suite import Row, Suite
from nitido_train.data import held_out_photos, load_rgb
from nitido_train.degrade import Degradation, degrade, random_degradation
from nitido_train.pseudo_opinion import quality

FIRST_SEED = 20_000
"""Photo i is degraded with seed 20,000 + i; training draws everything from other seeds."""
HELD_OUT = "held-out photos"


@dataclass(frozen=True)
class Judged:
    """One photo as the trigger saw it, and what the restorer then made of it."""

    clean: bool
    score: float
    recommended: bool
    gain: float
    """True change of quality, on the scale of 1 to 10 that the trigger predicts."""


def judge(photo: Pixels, seed: int, trigger: nitido.Trigger, restore: nitido.Restorer) -> list[Judged]:
    """The photo as it is, and degraded at random."""
    rng = np.random.default_rng(seed)
    degradation = Degradation()
    while degradation.is_clean:
        degradation = random_degradation(rng)
    judged = []
    for pixels in (photo, degrade(photo, degradation, rng).pixels):
        found = trigger(pixels)
        gain = quality(restore(pixels), photo) - quality(pixels, photo)
        judged.append(Judged(pixels is photo, found.score, found.recommended, gain))
    return judged


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    """Rank correlation, -1..1; equal values share their mean rank."""
    return pearson(_ranks(a), _ranks(b))


def pearson(a: Sequence[float] | NDArray[np.float64], b: Sequence[float] | NDArray[np.float64]) -> float:
    """Linear correlation, -1..1."""
    return float(np.corrcoef(a, b)[0, 1])


def _ranks(values: Sequence[float]) -> NDArray[np.float64]:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: NDArray[np.float64] = (last - (count - 1) / 2)[place]
    return ranks


def summary(name: str, judged: Sequence[Judged], threshold: float) -> Row:
    """One row: correlations, decisions at the threshold, and what they are worth."""
    scores, gains = [j.score for j in judged], [j.gain for j in judged]
    clean = [j for j in judged if j.clean]
    degraded = [j for j in judged if not j.clean]
    chosen = [j for j in judged if j.recommended]
    possible = sum(max(gain, 0.0) for gain in gains)
    return {
        "photos": name,
        "count": len(judged),
        "threshold": threshold,
        "spearman": round(spearman(scores, gains), 4),
        "pearson": round(pearson(scores, gains), 4),
        "clean_left_alone": round(sum(not j.recommended for j in clean) / len(clean), 4),
        "degraded_enhanced": round(sum(j.recommended for j in degraded) / len(degraded), 4),
        "gain_kept": round(sum(j.gain for j in chosen) / possible, 4) if possible else 0.0,
        "harmed": sum(j.gain < 0 for j in chosen),
    }


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--photos", type=Path, required=True, help="the folder that was trained on: its held-out tenth"
    )
    parser.add_argument("--data", type=Path, help="folder with BSD100 and LIVE1, to judge those too")
    parser.add_argument("--trigger", default="trigger", help="zoo name or bundle folder")
    parser.add_argument("--restorer", default="restore", help="zoo name or bundle folder")
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--limit", type=int, help="only the first photos of each set")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per set of photos, and one for all together."""
    trigger = nitido.Trigger.open(args.trigger, runtime=args.runtime)
    restore = nitido.Restorer.open(args.restorer, runtime=args.runtime)
    nitido.Enhancer(trigger, restore)  # refuses a pair that does not belong together
    sets = {HELD_OUT: held_out_photos(args.photos)[: args.limit]}
    if args.data is not None:
        sets |= {name: testsets.files(args.data, name, args.limit) for name in ("BSD100", "LIVE1")}
    everything: list[Judged] = []
    for name, files in sets.items():
        judged: list[Judged] = []
        for file in files:
            judged += judge(
                load_rgb(file), FIRST_SEED + (len(everything) + len(judged)) // 2, trigger, restore
            )
        yield summary(name, judged, trigger.threshold)
        everything += judged
    if len(sets) > 1:
        yield summary("all", everything, trigger.threshold)


SUITE = Suite(
    name="trigger",
    help="score against true gain on unseen photos, half of them clean",
    arguments=arguments,
    measure=measure,
    columns=(
        ("photos", "photos", ""),
        ("count", "count", "d"),
        ("spearman", "Spearman", ".3f"),
        ("pearson", "Pearson", ".3f"),
        ("clean_left_alone", "clean ones left alone", ".1%"),
        ("degraded_enhanced", "degraded ones enhanced", ".1%"),
        ("gain_kept", "of the possible gain", ".1%"),
        ("harmed", "photos made worse", "d"),
    ),
)
