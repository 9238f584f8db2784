"""Steps that take turns in one process, so that whatever disturbs the machine disturbs them all."""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from nitido.errors import InvalidOption

Step = Callable[[], object]
Round = list[float]
"""Seconds of the runs of one turn."""
Turns = list[list[Round]]
"""Of one step: by launch, by round, by run."""

_MOST_RUNS = 50
"""In one turn, however short they are."""


@dataclass(frozen=True)
class Effort:
    """How much is measured. Memory layout differs from process to process, so several are launched."""

    launches: int = 5
    """Fresh processes."""
    rounds: int = 5
    """Turns of each step in each of them."""
    turn: float = 0.05
    """Seconds that a turn lasts at least, in one run or several."""
    rest: float = 0.06
    """Seconds before each turn: ONNX Runtime's threads, where a session does not tell them otherwise, spin
    for about 0.05 after a run in case another follows, and would take a core from the next step."""

    def __post_init__(self) -> None:
        if (
            self.launches < 1
            or self.rounds < 1
            or self.launches * self.rounds < 2
            or min(self.turn, self.rest) < 0
        ):
            raise InvalidOption(
                f"expected at least two turns of each step, got {self.launches} launches of {self.rounds} "
                f"rounds; an interval needs more than one figure"
            )

    @property
    def warm_up(self) -> int:
        """Runs of each step that do not count: one at the start of each launch, one before each turn."""
        return self.launches * (self.rounds + 1)


def arguments(parser: argparse.ArgumentParser, default: Effort, quick: Effort) -> None:
    """Options that ``effort`` reads."""
    parser.add_argument(
        "--launches", type=int, help=f"processes, one after another (default: {default.launches})"
    )
    parser.add_argument("--rounds", type=int, help=f"turns in each process (default: {default.rounds})")
    parser.add_argument("--quick", action="store_true", help="less of everything, for a look or for CI")
    parser.set_defaults(effort=default, quick_effort=quick)


def effort(args: argparse.Namespace) -> Effort:
    """What was asked for. Raises InvalidOption."""
    base: Effort = args.quick_effort if args.quick else args.effort
    asked = {"launches": args.launches, "rounds": args.rounds}
    return replace(base, **{name: number for name, number in asked.items() if number is not None})


def take_turns(
    steps: Mapping[str, Step], effort: Effort, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[Round]]:
    """The rounds of one launch.

    Each turn begins with a rest, for the threads of the step before to stop, and a run that does not count:
    it brings the step's data back into the caches. Every second round goes through the steps backwards, so
    that a drift of the machine's speed favours none.
    """
    rounds: dict[str, list[Round]] = {name: [] for name in steps}
    for step in steps.values():
        step()
    gc.collect()
    gc.disable()
    try:
        for number in range(effort.rounds):
            for name in list(steps)[:: -1 if number % 2 else 1]:
                time.sleep(effort.rest)
                rounds[name].append(_turn(steps[name], effort.turn, clock))
    finally:
        gc.enable()
    return rounds


def _turn(step: Step, seconds: float, clock: Callable[[], float]) -> Round:
    step()
    runs: Round = []
    while not runs or (sum(runs) < seconds and len(runs) < _MOST_RUNS):
        start = clock()
        step()
        runs.append(clock() - start)
    return runs
