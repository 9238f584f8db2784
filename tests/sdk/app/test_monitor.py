"""The camera's callback: told of every crossing that lasts, and of no other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nitido.errors import InvalidOption
from nitido.monitor import Monitor
from nitido.photo.model import Pixels
from nitido.suggestion import Policy, Suggestion
from nitido.trigger import Improvability

FRAME = np.zeros((2, 2, 3), np.uint8)


class Scores:
    """A trigger that gives these scores, one a frame."""

    threshold = 0.4

    def __init__(self, scores: Iterable[float]) -> None:
        self._scores = iter(scores)

    def __call__(self, pixels: Pixels) -> Improvability:
        score = next(self._scores)
        thresholds = {"denoise": 0.2, "upscale": 0.2}
        return Improvability.judged(score, {"denoise": score / 2, "upscale": 0.0}, score >= 0.4, thresholds)


def watch(scores: list[float], **options: Any) -> list[tuple[int, Suggestion]]:
    """What the callback is told, and at which frame."""
    told: list[tuple[int, Suggestion]] = []
    frame = 0
    monitor = Monitor(Scores(scores), lambda suggestion: told.append((frame, suggestion)), **options)
    for frame in range(len(scores)):  # noqa: B007 - the callback reads it
        monitor(FRAME)
    return told


def crossings(scores: list[float], **options: Any) -> list[tuple[int, bool]]:
    return [(frame, told.improvability.recommended) for frame, told in watch(scores, **options)]


def test_it_tells_when_the_score_rises_and_when_it_falls() -> None:
    scores = [0.0] * 50 + [1.0] * 50 + [0.0] * 50
    up, down = crossings(scores, smoothing=10.0)
    # After n frames, 1 - exp(-n / 10) has reached 0.4 from n = 5.1 on: the sixth frame. From the 0.9933 that
    # 50 frames came to, exp(-n / 10) has fallen below 0.3 from n = 11.97 on: the twelfth.
    assert up == (50 + 6 - 1, True)
    assert down == (100 + 12 - 1, False)


def test_a_first_frame_that_is_worth_it_is_told_at_once() -> None:
    assert crossings([0.4] * 3) == [(0, True)]


def test_a_score_around_the_threshold_is_told_once() -> None:
    flicker = [0.45, 0.35] * 100
    assert crossings(flicker, smoothing=0.5, rest=1) == [(0, True)]
    assert len(crossings(flicker, smoothing=0.1, rest=1, hysteresis=0.0)) == 200


def test_one_odd_frame_is_smoothed_away() -> None:
    assert crossings([0.0] * 20 + [3.0] + [0.0] * 20, smoothing=10.0) == []


def test_calls_are_at_least_so_many_frames_apart_and_a_lasting_crossing_is_told_late() -> None:
    scores = [1.0] * 5 + [0.0] * 45
    assert crossings(scores, smoothing=0.1, rest=30) == [(0, True), (30, False)]
    assert crossings([1.0, 0.0] * 50, smoothing=0.1, rest=30) == [
        (0, True),
        (31, False),
        (62, True),
        (93, False),
    ]


@given(st.lists(st.floats(-2, 2), max_size=80), st.floats(0.1, 20), st.floats(0, 0.5), st.integers(1, 20))
def test_what_is_told_alternates_and_is_never_too_soon(
    scores: list[float], smoothing: float, hysteresis: float, rest: int
) -> None:
    told = crossings(scores, smoothing=smoothing, hysteresis=hysteresis, rest=rest)
    assert [up for _, up in told] == [index % 2 == 0 for index in range(len(told))]
    frames = [frame for frame, _ in told]
    assert all(after - before >= rest for before, after in pairwise(frames))


def test_the_callback_gets_smoothed_gains_and_an_action() -> None:
    ((_, up), (_, down)) = watch([2.0] * 40 + [0.0] * 40)
    assert (up.path, up.action, up.reason) == (None, "automatic", "noisy: +1.0")
    assert up.improvability.strengths == {"denoise": 1.0}
    assert 0 < down.improvability.score < 0.3  # on its way down, no more and no less
    assert down.improvability.factors["denoise"] == pytest.approx(down.improvability.score / 2)
    assert down.action is None


def test_own_threshold_and_policy_replace_the_triggers() -> None:
    assert crossings([0.5] * 3, threshold=0.6) == []
    ((_, told),) = watch([0.5] * 3, threshold=-1.0, policy=Policy(-1.0, 9.0, 9.0))
    assert told.action == "alert"


def test_each_frame_returns_the_smoothed_improvability() -> None:
    monitor = Monitor(Scores([0.0, 1.0]), lambda told: None, smoothing=1 / math.log(2))
    assert [monitor(FRAME).score for _ in range(2)] == [0.0, pytest.approx(0.5)]


def test_a_plain_function_needs_a_threshold() -> None:
    def trigger(pixels: Pixels) -> Improvability:
        return Improvability(0.5, {}, True)

    told: list[Suggestion] = []
    with pytest.raises(InvalidOption, match="pass threshold="):
        Monitor(trigger, told.append)
    Monitor(trigger, told.append, threshold=0.5)(FRAME)
    assert [each.improvability for each in told] == [Improvability(0.5, {}, True)]


def test_what_the_callback_raises_surfaces_and_watching_goes_on() -> None:
    def fail(told: Suggestion) -> None:
        raise RuntimeError("the view is gone")

    monitor = Monitor(Scores([1.0, 1.0, 0.0]), fail, smoothing=0.1, rest=1)
    with pytest.raises(RuntimeError, match="the view is gone"):
        monitor(FRAME)
    monitor(FRAME)  # told once, though in vain
    with pytest.raises(RuntimeError):
        monitor(FRAME)


def test_a_score_that_is_no_number_is_refused_and_forgotten() -> None:
    told: list[Suggestion] = []
    monitor = Monitor(Scores([math.nan, 0.5]), told.append)
    with pytest.raises(InvalidOption, match="finite"):
        monitor(FRAME)
    assert monitor(FRAME).score == 0.5
    assert len(told) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"threshold": math.inf},
        {"smoothing": 0.0},
        {"smoothing": math.nan},
        {"hysteresis": -0.1},
        {"hysteresis": math.inf},
        {"rest": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    callback: Callable[[Suggestion], None] = lambda told: None  # noqa: E731
    with pytest.raises(InvalidOption, match="expected"):
        Monitor(Scores([]), callback, **options)
