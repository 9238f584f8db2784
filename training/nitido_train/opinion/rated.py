"""Photos with the ratings they got, from people or from a metric, and how well a scorer agrees with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr

from nitido.photo.model import Pixels
from nitido.view import mirrored
from nitido_train import data
from nitido_train.errors import TrainingDataError

RATINGS: NDArray[np.float64] = np.arange(1, 11, dtype=np.float64)
"""The scale: 1 (unusable) to 10 (as good as can be)."""

Shares = NDArray[np.float64]
"""(10,) shares of the ratings 1 to 10, or (N, 10) of several photos; each row sums to 1."""


@dataclass(frozen=True, eq=False)
class Rated:
    """A photo, or a file that is decoded whenever its pixels are asked for, and its ratings."""

    photo: Pixels | Path
    shares: Shares

    @property
    def pixels(self) -> Pixels:
        """The photo itself."""
        return data.load_rgb(self.photo) if isinstance(self.photo, Path) else self.photo

    @property
    def mean(self) -> float:
        """The mean rating."""
        return float(means(self.shares))


def means(shares: Shares) -> NDArray[np.float64]:
    """Mean rating of each row."""
    result: NDArray[np.float64] = shares @ RATINGS
    return result


def crop_at(pixels: Pixels, side: int, place: tuple[float, float], code: int) -> Pixels:
    """A square crop at a relative ``place`` (0..1 down, 0..1 right), flipped as ``random_symmetry`` does.

    Photos smaller than ``side`` are mirrored, as a scorer's view does.
    """
    pixels = mirrored(pixels, side)
    top, left = (round(p * (n - side)) for p, n in zip(place, pixels.shape[:2], strict=True))
    return data.random_symmetry(pixels[top : top + side, left : left + side], code)


def earth_movers_distance(predicted: Shares, truth: Shares) -> float:
    """Mean over photos of the mean difference of the cumulative shares: r = 1 in Talebi & Milanfar 2018."""
    return float(np.abs(np.cumsum(predicted - truth, axis=-1)).mean())


def agreement(predicted: NDArray[np.floating], truth: NDArray[np.floating]) -> dict[str, float]:
    """Rank and linear correlation of predicted and true mean ratings; 0 where all predictions are equal.

    Raises TrainingDataError when the truth is the same for all photos: there is nothing to agree with.
    """
    if len(truth) < 2 or np.ptp(truth) < 1e-9:  # equal ratings have means that differ by rounding
        raise TrainingDataError(
            f"expected at least two different mean ratings to correlate with, got {len(truth)} photos that "
            f"are all rated alike; rate more photos"
        )
    if np.ptp(predicted) < 1e-9:
        return {"spearman": 0.0, "pearson": 0.0}
    return {
        "spearman": round(float(spearmanr(predicted, truth)[0]), 3),
        "pearson": round(float(pearsonr(predicted, truth)[0]), 3),
    }
