"""What a trained trigger is worth on validation photos: calibration, thresholds, and the figures of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import pearsonr, spearmanr

from nitido.bundle.manifest import View
from nitido_train.label import Sample
from nitido_train.nets.trigger import OUTPUTS, TriggerNet
from nitido_train.trigger.calibration import calibration_error, fit_lines, fold, reliability
from nitido_train.trigger.decisions import WORTH, Flags, average_precision, choose_threshold
from nitido_train.trigger.gains import Gains, Looks, predict, true_gains

WATCHED = 200
"""How many validation samples are looked at during training; all of them are at its end."""
_EQUAL = 1e-6
"""Points of quality within which gains are equal."""
CLEAN_LEFT_ALONE = 0.97
"""The joint threshold leaves this share of the clean validation photos alone."""


def watcher(samples: Sequence[Sample], folder: Path, view: View) -> Callable[[TriggerNet], dict[str, float]]:
    """What shows how a training goes on: correlations on WATCHED of the samples, evenly chosen."""
    watched = samples[:: -(-len(samples) // WATCHED)]
    looks: list[Looks] = []

    def evaluate(net: TriggerNet) -> dict[str, float]:
        if not looks:  # the estimator of blur is the same all along
            looks.append(Looks(watched, folder, view, net.estimator))
        return correlations(predict(net, looks[0]), true_gains(watched))

    return evaluate


def conclude(
    net: TriggerNet, samples: Sequence[Sample], folder: Path, view: View, precision: float
) -> dict[str, float]:
    """Calibrate a trained network on validation samples, choose its thresholds there, and measure it."""
    truth, clean = true_gains(samples), np.array([s.clean for s in samples])
    guess = calibrate(net, predict(net, Looks(samples, folder, view, net.estimator)), truth)
    return measure(guess, truth, clean, precision)


def correlations(guess: Gains, truth: Gains) -> dict[str, float]:
    """``spearman_<output>`` and ``pearson_<output>``; left out where all values are equal: undefined."""
    found = {}
    for i, name in enumerate(OUTPUTS):
        if min(np.ptp(guess[:, i]), np.ptp(truth[:, i])) > _EQUAL:
            found[f"spearman_{name}"] = round(float(spearmanr(truth[:, i], guess[:, i])[0]), 3)
            found[f"pearson_{name}"] = round(float(pearsonr(truth[:, i], guess[:, i])[0]), 3)
    return found


def calibrate(net: TriggerNet, guess: Gains, truth: Gains) -> Gains:
    """Fold the lines that fit ``guess`` to ``truth`` into the network; returns what it predicts from now on.

    Two numbers per output are fitted to the same photos that figures are then taken from.
    """
    slopes, offsets = fit_lines(guess, truth)
    fold(net.last, slopes, offsets)
    calibrated: Gains = (guess * slopes + offsets).astype(np.float32)
    return calibrated


def measure(guess: Gains, truth: Gains, clean: Flags, precision: float) -> dict[str, float]:
    """Correlations, calibration errors and thresholds, by the names that export reads.

    ``threshold`` (joint) and ``threshold_<factor>``; ``precision_<output>`` and ``recall_<output>`` say how
    these do, for gains above WORTH. ``auc_pr`` is the area under the joint precision-recall curve.
    """
    found = correlations(guess, truth)
    for i, name in enumerate(OUTPUTS):
        worth = truth[:, i] > WORTH
        joint = name == "joint"
        chosen = choose_threshold(
            guess[:, i], worth, precision, clean if joint else None, CLEAN_LEFT_ALONE if joint else 0.0
        )
        found["threshold" if joint else f"threshold_{name}"] = chosen.value
        found[f"precision_{name}"] = round(chosen.precision, 3)
        found[f"recall_{name}"] = round(chosen.recall, 3)
        found[f"calibration_error_{name}"] = round(
            calibration_error(reliability(guess[:, i], truth[:, i])), 4
        )
        if joint and worth.any():
            found["auc_pr"] = round(average_precision(guess[:, i], worth), 4)
    recommended = guess[:, 0] >= found["threshold"]
    found["clean_share"] = round(float(clean.mean()), 3)
    for name, part in (
        ("clean_left_alone", ~recommended[clean]),
        ("degraded_recommended", recommended[~clean]),
    ):
        if part.size:
            found[name] = round(float(part.mean()), 3)
    return found
