"""Curves of suite ``trigger``: more and more of the photos enhanced, best predicted first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nitido_bench.suite import Row
from nitido_bench.trigger_tables import JOINT, Judged, gains_of, megapixels, scores_of
from nitido_bench.trigger_value import possible_gain, value
from nitido_train.trigger.decisions import WORTH

ORACLE = "oracle"
"""Knows the true gains."""
SHARES = tuple(tenths / 20 for tenths in range(1, 21))
"""Of the photos that are enhanced."""


def curve_rows(judged: Sequence[Judged]) -> Iterator[Row]:
    """Points of the precision-recall curve, and of compute saved against gain kept, of each predictor."""
    gains = gains_of(judged, JOINT)
    worth, possible, sizes = gains > WORTH, possible_gain(gains), megapixels(judged)
    ways = {name: scores_of(judged, name) for name in judged[0].scores} | {ORACLE: gains}
    for name, scores in ways.items():
        order = np.argsort(np.negative(scores), kind="stable")
        for share in SHARES:
            chosen = np.zeros(len(judged), np.bool_)
            chosen[order[: round(share * len(judged))]] = True
            if not chosen.any():
                continue
            row: Row = {"table": "curves", "predictor": name, "share": share, "count": int(chosen.sum())}
            if worth.any():
                row["precision"] = round(float(worth[chosen].mean()), 4)
                row["recall"] = round(float(worth[chosen].sum() / worth.sum()), 4)
            yield row | value(chosen, gains, sizes, possible)
