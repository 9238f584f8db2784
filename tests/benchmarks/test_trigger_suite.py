"""The figures of suite ``trigger`` mean what they say."""

from __future__ import annotations

import pytest

from nitido_bench.trigger import Judged, spearman, summary


def test_spearman_is_one_for_any_rising_curve_and_minus_one_for_a_falling_one() -> None:
    values = [0.1, 0.5, 2.0, 3.0]
    assert spearman(values, [v**3 for v in values]) == pytest.approx(1)
    assert spearman(values, [-v for v in values]) == pytest.approx(-1)


def test_equal_values_share_their_mean_rank() -> None:
    # ranks 1.5, 1.5, 3 against 1, 2, 3: correlation of (-.5, -.5, 1) and (-1, 0, 1) is 1.5 / sqrt(1.5 * 2)
    assert spearman([5, 5, 9], [1, 2, 3]) == pytest.approx(1.5 / (1.5 * 2) ** 0.5)


def test_the_summary_counts_decisions_and_their_worth() -> None:
    judged = [
        Judged(clean=True, score=0.0, recommended=False, gain=-0.1),
        Judged(clean=True, score=0.4, recommended=True, gain=-0.2),
        Judged(clean=False, score=0.6, recommended=True, gain=1.2),
        Judged(clean=False, score=0.2, recommended=False, gain=0.8),
    ]
    row = summary("four", judged, 0.3)
    assert (row["clean_left_alone"], row["degraded_enhanced"], row["harmed"]) == (0.5, 0.5, 1)
    assert row["gain_kept"] == pytest.approx((1.2 - 0.2) / 2.0)
