"""The tables of suite ``trigger``, from pictures of which prediction and true gain are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import pearsonr, spearmanr

from nitido_bench.suite import Row
from nitido_bench.trigger_baselines import OF_FACTOR
from nitido_bench.trigger_value import fewest, possible_gain, value
from nitido_train.trigger import decisions
from nitido_train.trigger.calibration import calibration_error, reliability
from nitido_train.trigger.decisions import WORTH, Flags, Numbers

TRIGGER, FINE_TUNED = "trigger", "fine-tuned trigger"
JOINT = "joint"
BETTER = 1
"""The oracle's rating (``nitido_train.trigger.oracle``) from which an enhanced photo is better."""
_EQUAL = 1e-6


@dataclass(frozen=True)
class Judged:
    """One picture: what it truly gains, and what was predicted."""

    clean: bool
    megapixels: float
    gains: Mapping[str, float]
    """True change of quality, on the scale of 1 to 10: joint and per factor."""
    applied: float
    """True change of quality by what the Enhancer did, which turns only the knobs that the trigger named."""
    rating: int
    """The oracle's, of the picture with everything restored."""
    scores: Mapping[str, float]
    """By predictor: triggers in points of quality, the others in their own unit."""
    factors: Mapping[str, float]
    """The trigger's gain per factor."""


def photos_row(name: str, judged: Sequence[Judged], threshold: float) -> Row:
    """Correlations of the trigger, its decisions at the threshold, and what these are worth."""
    scores, gains = scores_of(judged, TRIGGER), gains_of(judged, JOINT)
    clean, chosen = np.array([j.clean for j in judged]), scores >= threshold
    worth = value(chosen, gains, megapixels(judged), possible_gain(gains))
    return {
        "table": "photos",
        "photos": name,
        "count": len(judged),
        "threshold": threshold,
        **correlations(scores, gains),
        "clean_left_alone": round(float(np.mean(~chosen[clean])), 4),
        "degraded_enhanced": round(float(np.mean(chosen[~clean])), 4),
        **worth,
    }


def factor_rows(judged: Sequence[Judged], thresholds: Mapping[str, float]) -> Iterator[Row]:
    """Each factor on its own, beside the measurement that one would guess its gain from."""
    for factor, threshold in thresholds.items():
        predicted, gains = np.array([j.factors[factor] for j in judged]), gains_of(judged, factor)
        at = decisions.judged(threshold, predicted, gains > WORTH)
        row: Row = {
            "table": "factors",
            "factor": factor,
            "count": len(judged),
            "threshold": threshold,
            **correlations(predicted, gains),
            "precision": round(at.precision, 4),
            "recall": round(at.recall, 4),
        }
        if factor in OF_FACTOR:
            row["without"] = OF_FACTOR[factor]
            found = correlations(scores_of(judged, OF_FACTOR[factor]), gains)
            row |= {f"without_{name}": figure for name, figure in found.items()}
        yield row


def alone_rows(pairs: Mapping[str, Sequence[tuple[float, float]]], judged: Sequence[Judged]) -> Iterator[Row]:
    """Each factor on pictures with no other damage: (predicted, true) gains by factor; and again with as many
    of the clean pictures among ``judged`` beside them.

    In a mixed gallery most pictures gain nothing from a factor, and their order is that of rounding errors.
    """
    for factor, both in pairs.items():
        predicted, true = (np.array(column) for column in zip(*both, strict=True))
        clean = [(j.factors[factor], j.gains[factor]) for j in judged if j.clean][: len(true)]
        row: Row = {"table": "alone", "factor": factor, "count": len(true), **correlations(predicted, true)}
        row |= {"predicted": round(float(predicted.mean()), 4), "true": round(float(true.mean()), 4)}
        mixed = np.array([*both, *clean])
        row |= {f"{name}_with_clean": v for name, v in correlations(mixed[:, 0], mixed[:, 1]).items()}
        yield row


def predictor_rows(judged: Sequence[Judged], triggers: Sequence[str]) -> Iterator[Row]:
    """The trigger and what one would do without it, on the same pictures."""
    gains, better = gains_of(judged, JOINT), np.array([j.rating >= BETTER for j in judged])
    for name in judged[0].scores:
        scores = scores_of(judged, name)
        row: Row = {
            "table": "predictors",
            "predictor": name,
            "count": len(judged),
            **correlations(scores, gains),
        }
        for key, positive in (("auc_pr", gains > WORTH), ("auc_pr_better", better)):
            if positive.any():  # else recall is undefined
                row[key] = round(decisions.average_precision(scores, positive), 4)
                row[f"{key}_of_chance"] = round(float(positive.mean()), 4)
        if name in triggers:
            row["calibration_error"] = round(calibration_error(reliability(scores, gains)), 4)
        yield row


def value_rows(judged: Sequence[Judged], thresholds: Mapping[str, float]) -> Iterator[Row]:
    """Ways to choose what to enhance; ``thresholds`` are those of the triggers."""
    gains = gains_of(judged, JOINT)
    applied = np.array([j.applied for j in judged])
    chosen: dict[str, tuple[Flags, Numbers]] = {"every photo": (np.ones(len(judged), np.bool_), gains)}
    for name, threshold in thresholds.items():
        chosen[f"{name}, from its threshold"] = (scores_of(judged, name) >= threshold, gains)
    found = scores_of(judged, TRIGGER) >= thresholds[TRIGGER]
    chosen[f"{TRIGGER}, from its threshold, only the factors it names"] = (found, applied)
    for name in judged[0].scores:
        chosen[f"{name}, 99% of the gain"] = (fewest(scores_of(judged, name), gains), gains)
    chosen["oracle, 99% of the gain"] = (fewest(gains, gains), gains)
    chosen["oracle, all that gains"] = (gains > 0, gains)
    for way, (flags, reached) in chosen.items():
        worth = value(flags, reached, megapixels(judged), possible_gain(gains))
        yield {"table": "value", "way": way, "count": int(flags.sum()), **worth}


def reliability_rows(judged: Sequence[Judged], triggers: Sequence[str]) -> Iterator[Row]:
    """The points of a reliability plot of each trigger's score."""
    for name in triggers:
        points = reliability(scores_of(judged, name), gains_of(judged, JOINT))
        for number, point in enumerate(points, 1):
            yield {
                "table": "reliability",
                "predictor": name,
                "bin": number,
                "count": point.count,
                "predicted": round(point.predicted, 4),
                "true": round(point.true, 4),
            }


def correlations(predicted: Numbers, true: Numbers) -> Row:
    """Rank and linear correlation, -1..1; left out where all values are equal: undefined."""
    if len(true) < 2 or min(np.ptp(predicted), np.ptp(true)) < _EQUAL:
        return {}
    return {
        "spearman": round(float(spearmanr(predicted, true)[0]), 4),
        "pearson": round(float(pearsonr(predicted, true)[0]), 4),
    }


def scores_of(judged: Sequence[Judged], predictor: str) -> Numbers:
    """(N,) scores of one predictor."""
    return np.array([j.scores[predictor] for j in judged])


def gains_of(judged: Sequence[Judged], name: str) -> Numbers:
    """(N,) true gains, joint or of a factor."""
    return np.array([j.gains[name] for j in judged])


def megapixels(judged: Sequence[Judged]) -> Numbers:
    """(N,) sizes."""
    return np.array([j.megapixels for j in judged])
