"""Calibration of predicted gains: a straight line per output, and how reliable predictions are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Numbers = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Bin:
    """Photos of similar prediction: a point of a reliability plot."""

    predicted: float
    true: float
    """Mean true gain; equal to ``predicted`` in a calibrated trigger."""
    count: int


def fit_lines(predicted: Numbers, true: Numbers) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(slopes, offsets), one of each per column: least squares of the true over the predicted gains.

    A slope below zero says that an output knows nothing; it becomes 0, and the output the mean gain. Where
    all predictions are equal the slope stays 1.
    """
    x, y = predicted.astype(np.float64), true.astype(np.float64)
    spread = x - x.mean(0)
    variance = (spread**2).mean(0)
    flat = variance < 1e-12
    slopes = np.where(flat, 1.0, (spread * y).mean(0) / np.where(flat, 1.0, variance))
    slopes = np.maximum(slopes, 0.0)
    return slopes, y.mean(0) - slopes * x.mean(0)


def fold(last: nn.Linear, slopes: Numbers, offsets: Numbers) -> None:
    """Apply the lines inside a network's last layer, so that the graph stays as it is."""
    with torch.no_grad():
        scale = torch.from_numpy(slopes).to(last.weight)
        last.weight.mul_(scale[:, None])
        last.bias.mul_(scale).add_(torch.from_numpy(offsets).to(last.bias))


def reliability(predicted: Numbers, true: Numbers, bins: int = 10) -> tuple[Bin, ...]:
    """The photos in order of prediction, cut into ``bins`` parts of equal count (fewer where photos are)."""
    order = np.argsort(predicted, kind="stable")
    return tuple(
        Bin(float(predicted[part].mean()), float(true[part].mean()), len(part))
        for part in np.array_split(order, min(bins, len(order)))
        if len(part)
    )


def calibration_error(table: tuple[Bin, ...]) -> float:
    """Expected calibration error: the mean distance of predicted and true gain over the bins, by count."""
    total = sum(b.count for b in table)
    return sum(b.count * abs(b.predicted - b.true) for b in table) / total
