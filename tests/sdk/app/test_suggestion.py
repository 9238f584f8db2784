"""From a score to what a product does about a photo."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import pytest

from nitido.errors import InvalidOption
from nitido.suggestion import Policy, Suggestion
from nitido.trigger import Improvability

POLICY = Policy(alert=0.1, recommend=0.5, automatic=1.0)
THRESHOLDS = {"deblur": 0.5, "denoise": 0.25, "upscale": 0.5}


def found(score: float, recommended: bool = True, **factors: float) -> Improvability:
    gains = {"deblur": 0.0, "denoise": 0.0, "upscale": 0.0, **factors}
    return Improvability.judged(score, gains, recommended, THRESHOLDS)


@pytest.mark.parametrize(
    ("score", "action"),
    [
        (-1.0, None),
        (0.0999, None),
        (0.1, "alert"),
        (0.4999, "alert"),
        (0.5, "recommend"),
        (0.9999, "recommend"),
        (1.0, "automatic"),
        (9.0, "automatic"),
    ],
)
def test_the_strongest_action_that_the_score_reaches_is_taken(score: float, action: str | None) -> None:
    assert POLICY.action(score) == action
    assert Suggestion.of(found(score), POLICY).action == action


def test_what_the_trigger_does_not_recommend_is_left_alone_whatever_the_policy() -> None:
    assert Suggestion.of(found(9.0, recommended=False), POLICY).action is None


def test_equal_thresholds_leave_an_action_out() -> None:
    policy = Policy(0.2, 0.2, math.inf)
    assert [policy.action(score) for score in (0.1, 0.2, 9.0)] == [None, "recommend", "recommend"]


@pytest.mark.parametrize(
    "values", [(0.2, 0.1, 0.3), (0.1, 0.3, 0.2), (math.nan, 0.1, 0.2), (0.1, 0.2, math.nan)]
)
def test_a_ladder_that_does_not_ascend_is_refused(values: tuple[float, float, float]) -> None:
    with pytest.raises(InvalidOption, match="alert <= recommend <= automatic"):
        Policy(*values)


def test_the_ladder_of_a_trigger_begins_at_its_threshold() -> None:
    assert Policy.of(SimpleNamespace(threshold=0.1)) == Policy(0.1, 0.2, 0.4)


@pytest.mark.parametrize("threshold", [0.0, -0.5])
def test_a_threshold_below_zero_still_makes_a_ladder(threshold: float) -> None:
    assert Policy.of(SimpleNamespace(threshold=threshold)).action(threshold) == "automatic"


def test_a_function_without_a_threshold_is_taken_at_its_word() -> None:
    policy = Policy.of(lambda pixels: found(0.0))
    assert Suggestion.of(found(0.01), policy).action == "recommend"
    assert Suggestion.of(found(9.0, recommended=False), policy).action is None


def test_the_reason_names_what_is_wrong_the_worst_first() -> None:
    suggestion = Suggestion.of(found(0.9, denoise=0.82, deblur=0.49, upscale=1.5), POLICY, Path("a.jpg"))
    assert suggestion.reason == "few pixels: +1.5, noisy: +0.8"
    assert suggestion.path == Path("a.jpg")


def test_the_reason_is_told_where_no_factor_is_worth_it_alone_and_where_nothing_is() -> None:
    assert Suggestion.of(found(0.6, denoise=0.2), POLICY).reason == "a little of everything: +0.6"
    assert Suggestion.of(found(0.03, recommended=False), POLICY).reason == "not worth it: +0.03"


def test_a_factor_of_someone_elses_enhancer_keeps_its_name() -> None:
    theirs = Improvability.judged(0.9, {"dehaze": 0.7}, True, {"dehaze": 0.1})
    assert Suggestion.of(theirs, POLICY).reason == "dehaze: +0.7"
