"""From predicted gains to decisions: thresholds of a stated precision, and precision-recall curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]

WORTH = 0.1
"""The gain, in points of quality, from which a photo counts as truly improved; no threshold is below it."""
NEVER = 9.0
"""The threshold of a factor that is never recommended: the scale from 1 to 10 allows no larger gain."""
SUPPORT = 10
"""A threshold must be reached by this many validation photos: the precision of fewer says nothing."""


@dataclass(frozen=True)
class Threshold:
    """A threshold, and how it did on the photos that it was chosen on."""

    value: float
    precision: float
    """Share of the photos at or above it that are worth enhancing; 0 where there are none."""
    recall: float
    """Share of the photos worth enhancing that are at or above it; 0 where there are none."""


def choose_threshold(
    predicted: Numbers,
    worth: Flags,
    precision: float,
    clean: Flags | None = None,
    clean_left_alone: float = 0.0,
) -> Threshold:
    """The lowest score, in thousandths, at or above which a share of ``precision`` is worth enhancing.

    It also leaves a share ``clean_left_alone`` of the photos marked ``clean`` below it. Where no score does
    so with SUPPORT photos behind it, the threshold is NEVER.
    """
    candidates = np.unique(np.floor(np.maximum(predicted, WORTH).astype(np.float64) * 1000) / 1000)
    for candidate in candidates:
        above = predicted >= candidate
        if above.sum() < SUPPORT:
            break
        alone = clean is None or not clean.any() or np.mean(~above[clean]) >= clean_left_alone
        if alone and np.mean(worth[above]) >= precision:
            return judged(float(candidate), predicted, worth)
    return judged(NEVER, predicted, worth)


def judged(threshold: float, predicted: Numbers, worth: Flags) -> Threshold:
    """How a given threshold does on photos of which it is known what they are worth."""
    above = predicted >= threshold
    right = float((above & worth).sum())
    return Threshold(threshold, right / max(1.0, float(above.sum())), right / max(1.0, float(worth.sum())))


def precision_recall(scores: Numbers, positive: Flags) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(precision, recall) at every distinct score as threshold, from the highest down.

    Raises ValueError when nothing is positive: recall is undefined then.
    """
    if not positive.any():
        raise ValueError(f"expected at least one positive among {len(positive)} scores, got none")
    order = np.argsort(np.negative(scores), kind="stable")
    found = np.cumsum(positive[order])
    last_of_equals = np.append(np.diff(scores[order]) != 0, True)
    taken = np.arange(1, len(order) + 1)[last_of_equals]
    found = found[last_of_equals]
    return found / taken, found / positive.sum()


def average_precision(scores: Numbers, positive: Flags) -> float:
    """Area under the precision-recall curve as a sum of steps: the mean precision over the positives."""
    precision, recall = precision_recall(scores, positive)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))
