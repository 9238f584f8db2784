"""Times as figures: medians and tails of one step, ratios of two with their confidence interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nitido_bench.suite import Row
from nitido_bench.timing.stopwatch import Turns

CONFIDENCE = 0.95
DRAWS = 1000
"""Of the bootstrap."""


@dataclass(frozen=True)
class Ratio:
    """How many times as long one step takes as another, and the interval that holds it with 95 %."""

    value: float
    low: float
    high: float

    def row(self, name: str) -> Row:
        """Three columns."""
        return {
            name: round(self.value, 4),
            f"{name}_low": round(self.low, 4),
            f"{name}_high": round(self.high, 4),
        }


def seconds(turns: Turns) -> list[float]:
    """Every run that counts."""
    return [run for launch in turns for turn in launch for run in turn]


def spread(turns: Turns) -> Row:
    """Median, interquartile range and tails in milliseconds, over all runs of all launches."""
    runs = [1000 * run for run in seconds(turns)]
    low, median, high, p90, p99 = (float(v) for v in np.percentile(runs, [25, 50, 75, 90, 99]))
    return {
        "samples": len(runs),
        "median_ms": round(median, 4),
        "iqr_ms": round(high - low, 4),
        "p90_ms": round(p90, 4),
        "p99_ms": round(p99, 4),
    }


def ratio(of: Turns, to: Turns) -> Ratio:
    """The time of one step over that of another that took turns with it.

    It is the median, over all rounds of all launches, of the ratio of the two turns of a round: what slows
    the machine for a while is in both, and cancels; the odd round in which it hits one alone does not count.
    """
    logs = np.array(
        [
            [math.log(np.median(a) / np.median(b)) for a, b in zip(*launch, strict=True)]
            for launch in zip(of, to, strict=True)
        ]
    )
    low, high = interval(logs)
    return Ratio(math.exp(float(np.median(logs))), math.exp(low), math.exp(high))


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Confidence interval of the median of values by launch and round, by the bootstrap.

    Launches differ by where their memory lies, which no number of rounds averages out. So launches are drawn
    first, then rounds of each. Of a single launch the interval is only that of its rounds, too narrow for a
    comparison with another process.
    """
    launches, rounds = values.shape
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, launches, (DRAWS, launches, 1))
    medians = np.median(values[drawn, rng.integers(0, rounds, (DRAWS, launches, rounds))], axis=(1, 2))
    few = launches if launches > 1 else rounds
    widened = math.sqrt(few / (few - 1))  # of few, a bootstrap sees too little spread
    middle, ends = np.median(values), np.quantile(medians, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    low, high = middle + widened * (ends - middle)
    return float(low), float(high)


def drift(runs: Sequence[float]) -> float:
    """By how much the last fifth of uninterrupted runs is slower than the first: 0.1 is 10 %."""
    fifth = max(1, len(runs) // 5)
    return float(np.median(runs[-fifth:]) / np.median(runs[:fifth])) - 1
