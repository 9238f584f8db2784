"""The stopwatch is fair, and what is made of its times is right; how long anything takes is not tested."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from nitido.errors import InvalidOption
from nitido_bench.errors import ProbeFailed
from nitido_bench.timing import probe, stopwatch
from nitido_bench.timing.spread import drift, interval, ratio, spread
from nitido_bench.timing.stopwatch import Effort, take_turns
from nitido_bench.timing.turns_probe import slowed


class Clock:
    """Time that passes only when a step says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_steps_take_turns_forwards_and_backwards_after_runs_that_do_not_count() -> None:
    order: list[str] = []
    clock = Clock()

    def step(name: str) -> Any:
        def run() -> None:
            order.append(name)
            clock.now += 1

        return run

    rounds = take_turns({name: step(name) for name in "ab"}, Effort(1, 2, turn=2), clock)
    assert order == [*"ab", *"aaa", *"bbb", *"bbb", *"aaa"]  # a warm-up each, then turns of 1 + 2 runs
    assert rounds == {"a": [[1.0, 1.0]] * 2, "b": [[1.0, 1.0]] * 2}


def test_short_steps_run_until_their_turn_is_over_and_long_ones_once() -> None:
    clock = Clock()

    def short() -> None:
        clock.now += 0.125

    def long() -> None:
        clock.now += 9

    rounds = take_turns({"short": short, "long": long}, Effort(1, 2, turn=0.625), clock)
    assert [len(turn) for turn in rounds["short"]] == [5, 5]
    assert [len(turn) for turn in rounds["long"]] == [1, 1]


def test_each_turn_rests_first_so_that_spinning_threads_of_the_step_before_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events: list[str] = []
    monkeypatch.setattr(stopwatch.time, "sleep", lambda seconds: events.append(f"rest {seconds}"))
    steps = {name: partial(events.append, name) for name in "ab"}
    take_turns(steps, Effort(1, 2, turn=0, rest=0.25), Clock())
    turns = [["rest 0.25", name, name] for name in "abba"]  # a run that does not count, and one that does
    assert events == ["a", "b", *(event for turn in turns for event in turn)]


def test_runs_that_do_not_count_are_counted() -> None:
    assert Effort(launches=3, rounds=4).warm_up == 15


@pytest.mark.parametrize("few", [(0, 5), (5, 0), (1, 1)])
def test_fewer_than_two_turns_are_refused(few: tuple[int, int]) -> None:
    with pytest.raises(InvalidOption, match="at least two turns"):
        Effort(*few)


def test_a_spread_is_over_all_runs() -> None:
    row = spread([[[0.001, 0.002]], [[0.003], [0.004, 0.005]]])
    assert row == {"samples": 5, "median_ms": 3.0, "iqr_ms": 2.0, "p90_ms": 4.6, "p99_ms": 4.96}


def test_a_ratio_does_not_see_what_slows_both() -> None:
    rng = np.random.default_rng(0)
    machine = rng.uniform(1, 9, (4, 5))  # how slow it is, by launch and round
    one = [[[2 * slow] for slow in launch] for launch in machine]
    other = [[[slow] for slow in launch] for launch in machine]
    found = ratio(one, other)
    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2))


def test_a_ratio_leaves_out_the_odd_round_that_hits_one_step() -> None:
    own = [[[2.0], [2.0], [2.0], [50.0]], [[2.0], [9.0], [2.0], [2.0]]]
    found = ratio(own, [[[1.0]] * 4] * 2)
    assert found.value == pytest.approx(2)
    assert found.low == pytest.approx(2)


def test_rounds_that_agree_within_launches_do_not_hide_that_launches_differ() -> None:
    found = ratio([[[slow]] * 50 for slow in (1.0, 1.1, 1.2, 1.3, 1.4)], [[[1.0]] * 50] * 5)
    assert found.value == pytest.approx(1.2)
    assert found.low < 1.11
    assert found.high > 1.29


@pytest.mark.parametrize(("between", "within"), [(0.01, 0.04), (0.0, 0.04), (0.02, 0.02)])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(between: float, within: float) -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        values = rng.normal(3.0, between, (5, 1)) + rng.normal(0, within, (5, 7))
        low, high = interval(values)
        hits += low <= 3.0 <= high
    # Of five launches it holds 93 to 99 %; three standard errors of 400 tries are 3 %.
    assert hits / 400 > 0.90


def test_drift_is_that_of_the_end_against_the_beginning() -> None:
    assert drift([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.1, 1.2, 1.2]) == pytest.approx(0.2)
    assert drift([1.0]) == 0


def test_a_planted_slowdown_takes_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()

    def step() -> None:
        clock.now += 1.0

    def tick() -> float:
        clock.now += 1e-3
        return clock.now

    monkeypatch.setattr("nitido_bench.timing.turns_probe.time.perf_counter", tick)
    assert slowed(step, 0.0) is step
    slowed(step, 0.25)()
    assert clock.now == pytest.approx(1.25, abs=0.01)  # the clock's own ticks


def test_a_named_error_in_another_process_is_told() -> None:
    case = {"bundle": "no-such", "graph": "main", "target": "x", "device": "cpu", "threads": 1}
    job = {"cases": [{**case, "height": 8, "width": 8}], "threads": 1}
    with pytest.raises(ProbeFailed, match="BundleNotFound: expected a bundle's folder"):
        probe.launch("nitido_bench.timing.turns_probe", job, Effort(1, 2))


def test_a_process_that_dies_is_told_with_its_last_words() -> None:
    with pytest.raises(ProbeFailed, match=r"No module named nitido_bench\.timing\.nothing"):
        probe.ask("nitido_bench.timing.nothing", {})
