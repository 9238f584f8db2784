"""Thresholds keep their precision, or say that they cannot; precision-recall counts as defined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nitido_train.trigger.decisions import (
    NEVER,
    SUPPORT,
    WORTH,
    average_precision,
    choose_threshold,
    judged,
    precision_recall,
)


def test_the_lowest_score_that_keeps_the_precision_is_chosen() -> None:
    scores = np.linspace(0.11, 1.1, 100)  # 0.11, 0.12, ...
    worth = scores > 0.505  # 40 photos below it are not worth it, 60 above are
    chosen = choose_threshold(scores, worth, 0.9)
    # 60 right and 6 wrong make 0.909, 60 and 7 make 0.896: the threshold is the sixth score below 0.505
    assert chosen.value == pytest.approx(0.45, abs=0.0011)  # thresholds are in thousandths
    assert chosen.precision == pytest.approx(60 / 66)
    assert chosen.recall == 1.0


def test_no_threshold_is_below_a_gain_that_counts() -> None:
    scores = np.linspace(-1, 1, 200)
    assert choose_threshold(scores, np.ones(200, bool), 0.9).value == WORTH


def test_a_precision_that_no_score_reaches_means_never() -> None:
    scores = np.linspace(0.2, 1, 100)
    chosen = choose_threshold(scores, np.arange(100) % 2 == 0, 0.9)
    assert (chosen.value, chosen.precision, chosen.recall) == (NEVER, 0.0, 0.0)


def test_a_few_lucky_photos_at_the_top_are_no_evidence() -> None:
    scores = np.linspace(0.2, 1, 100)
    lucky = np.zeros(100, bool)
    lucky[-(SUPPORT - 1) :] = True
    assert choose_threshold(scores, lucky, 1.0).value == NEVER
    lucky[-SUPPORT:] = True
    assert choose_threshold(scores, lucky, 1.0).value < NEVER


def test_clean_photos_are_left_alone_even_where_precision_would_allow_more() -> None:
    scores = np.linspace(0.2, 1.19, 100)
    clean = np.arange(100) < 50  # the lower half, yet all are worth it
    assert choose_threshold(scores, np.ones(100, bool), 0.9).value == pytest.approx(0.2)
    kept = choose_threshold(scores, np.ones(100, bool), 0.9, clean, 0.97)
    assert np.mean(scores[clean] < kept.value) >= 0.97
    assert kept.value < 0.7


@given(
    st.lists(st.tuples(st.floats(-2, 3, width=32), st.booleans()), min_size=1, max_size=60), st.floats(0.5, 1)
)
def test_a_chosen_threshold_always_keeps_its_promise(
    photos: list[tuple[float, bool]], precision: float
) -> None:
    scores = np.array([score for score, _ in photos], np.float32)
    worth = np.array([flag for _, flag in photos])
    chosen = choose_threshold(scores, worth, precision)
    if chosen.value != NEVER:
        above = scores >= chosen.value
        assert above.sum() >= SUPPORT
        assert worth[above].mean() >= precision
        assert chosen.value >= WORTH


def test_judging_a_threshold_counts_precision_and_recall() -> None:
    found = judged(0.5, np.array([0.4, 0.5, 0.6, 0.7]), np.array([True, True, False, True]))
    assert (found.precision, found.recall) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_average_precision_by_hand() -> None:
    scores, positive = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False])
    assert average_precision(scores, positive) == pytest.approx((1 / 1 + 2 / 3) / 2)
    precision, recall = precision_recall(scores, positive)
    assert precision == pytest.approx([1, 1 / 2, 2 / 3, 2 / 4])
    assert recall == pytest.approx([0.5, 0.5, 1, 1])


def test_equal_scores_count_together_whatever_their_order() -> None:
    scores = np.array([0.5, 0.5, 0.5, 0.5])
    for positive in ([True, False, False, False], [False, False, False, True]):
        assert average_precision(scores, np.array(positive)) == pytest.approx(0.25)


def test_a_perfect_order_has_area_one_and_nothing_positive_is_refused() -> None:
    assert average_precision(np.array([3.0, 2.0, 1.0]), np.array([True, True, False])) == 1.0
    with pytest.raises(ValueError, match="at least one positive"):
        average_precision(np.array([3.0, 2.0]), np.array([False, False]))
