"""Curves of suite ``trigger`` on predictions and gains that are known."""

from __future__ import annotations

import pytest

from nitido_bench.trigger_curves import ORACLE, SHARES, curve_rows
from nitido_bench.trigger_tables import TRIGGER, Judged


def judged(score: float, gain: float) -> Judged:
    return Judged(False, 1.0, {"joint": gain}, 0.0, 0, {TRIGGER: score}, {})


TWENTY = [judged(score=number, gain=1.0 if number in (19, 18, 10, 5) else -0.2) for number in range(20)]


def test_a_curve_takes_the_best_predicted_first() -> None:
    points = {float(row["share"]): row for row in curve_rows(TWENTY) if row["predictor"] == TRIGGER}
    assert list(points) == list(SHARES)
    assert (points[0.1]["precision"], points[0.1]["recall"]) == (1.0, 0.5)  # photos 19 and 18
    assert (points[0.5]["precision"], points[0.5]["recall"]) == (0.3, 0.75)  # the upper ten, without photo 5
    assert points[0.5]["saved"] == 0.5
    assert points[0.5]["gain_kept"] == pytest.approx((3 - 7 * 0.2) / 4)
    assert points[1.0]["recall"] == 1.0


def test_no_predictor_is_above_the_oracle() -> None:
    rows = list(curve_rows(TWENTY))
    best = {row["share"]: row for row in rows if row["predictor"] == ORACLE}
    for row in rows:
        for key in ("precision", "recall", "gain_kept"):
            assert float(row[key]) <= float(best[row["share"]][key])


def test_photos_that_gain_nothing_have_no_precision() -> None:
    rows = list(curve_rows([judged(0.5, -1.0), judged(0.1, 0.0)]))
    assert rows
    assert not any("precision" in row or "gain_kept" in row for row in rows)
