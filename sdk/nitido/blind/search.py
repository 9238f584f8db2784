"""Search without derivatives: steps along each coordinate, both ways, to where a parabola is lowest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Score = Callable[[Points], NDArray[np.float64]]
"""(M, R, K) to (M, R): M points in K coordinates for each of R searches that run beside each other."""

SHRINK = 0.6
"""Of the step from round to round."""
_LONGEST = 1.5
"""Steps of a move at most."""


@dataclass(frozen=True, eq=False)
class Found:
    """What ``descend`` found, for each of R searches."""

    points: Points
    """(R, K), the best that were scored."""
    scores: NDArray[np.float64]
    rounds: int


def descend(
    score: Score, start: Points, first: NDArray[np.float64], rounds: int, step: float, enough: float = 0.0
) -> Found:
    """Move (R, K) points, whose scores are ``first``, towards lower scores.

    Each round scores the neighbours of all points in one batch, and then where their parabolas are lowest.
    It ends early when all scores are ``enough`` or none falls by more than a hundredth.
    """
    best, lowest, done = start.copy(), first.copy(), 0
    axes = np.eye(start.shape[1])
    while done < rounds and (lowest > enough).any():
        around = best[None] + step * np.concatenate([-axes, axes])[:, None, :]
        below, above = np.split(score(around), 2)
        bend = below + above - 2 * lowest
        slope = (above - below) / 2
        curved = bend > 0
        move = np.where(curved, -slope / np.where(curved, bend, 1), -_LONGEST * np.sign(slope))
        target = best + step * np.clip(move, -_LONGEST, _LONGEST).T
        probes = np.concatenate([around, target[None]])
        scores = np.concatenate([below, above, score(target[None])])
        before = lowest
        choice = scores.argmin(axis=0)
        columns = np.arange(len(best))
        better = scores[choice, columns] < lowest
        best = np.where(better[:, None], probes[choice, columns], best)
        lowest = np.where(better, scores[choice, columns], lowest)
        done, step = done + 1, step * SHRINK
        if (before - lowest <= 0.01 * before).all():
            break
    return Found(best, lowest, done)
