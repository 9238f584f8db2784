"""The optimisation loop: learns, resumes where it stopped, logs, and survives a bad step."""

from __future__ import annotations

import gc
import json
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from nitido_train.loop import LoopConfig, Progress, fit, prefetch, schedule

Pair = tuple[Tensor, Tensor]


def pairs(seed: int = 0) -> Iterator[Pair]:
    generator = torch.Generator().manual_seed(seed)
    while True:
        x = torch.rand(8, 3, 4, 4, generator=generator)
        yield x, 2 * x - 0.5


def squared(net: nn.Conv2d, pair: Pair) -> Tensor:
    error: Tensor = (net(pair[0]).float() - pair[1]).square().mean()
    return error


def first_weight(net: nn.Conv2d) -> dict[str, float]:
    return {"weight": float(net.weight.flatten()[0])}


def conv() -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(3, 3, 1)


CONFIG = LoopConfig(steps=400, learning_rate=0.05, warmup=10, ema_decay=0.9, log_every=50, evaluate_every=100)


def test_loop_learns_a_linear_map_and_logs_it(tmp_path: Path) -> None:
    net, progress = fit(conv(), pairs(), squared, CONFIG, tmp_path, evaluate=first_weight)
    assert progress.step == 400
    assert float(squared(net, next(pairs(1)))) < 1e-3  # a constant prediction would score 0.33
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "weight" in row] == [100, 200, 300, 400]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert losses[-1] < 0.1 * losses[0]


def test_resume_goes_on_from_the_saved_step(tmp_path: Path) -> None:
    half = LoopConfig(**{**CONFIG.__dict__, "steps": 200})
    fit(conv(), pairs(), squared, half, tmp_path)
    net, progress = fit(conv(), pairs(2), squared, CONFIG, tmp_path, resume=True)
    assert progress.step == 400
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == sorted(steps)
    assert float(squared(net, next(pairs(1)))) < 1e-3


def test_a_step_with_infinite_gradient_is_dropped(tmp_path: Path) -> None:
    calls = iter(range(10_000))

    def sometimes_bad(net: nn.Conv2d, pair: Pair) -> Tensor:
        return squared(net, pair) * (float("inf") if next(calls) % 10 == 3 else 1.0)

    net, _ = fit(conv(), pairs(), sometimes_bad, CONFIG, tmp_path)
    assert float(squared(net, next(pairs(1)))) < 1e-3


def test_learning_rate_warms_up_and_anneals_by_steps_or_minutes() -> None:
    config = LoopConfig(steps=1000, minutes=10, warmup=100)
    assert schedule(config, Progress(9, 0)) == pytest.approx(0.1, rel=0.01)
    assert schedule(config, Progress(500, 0)) == pytest.approx(0.505)
    assert schedule(config, Progress(500, 10)) == pytest.approx(0.01)
    assert schedule(config, Progress(1000, 0)) == pytest.approx(0.01)


def test_batches_are_let_go_of_when_nobody_takes_them_any_more() -> None:
    held = torch.zeros(1)
    kept = weakref.ref(held)

    def batches(photos: Tensor) -> Iterator[Tensor]:
        while True:
            yield photos + 1

    source = prefetch(batches(held))
    next(source)
    del held
    threads = [thread for thread in threading.enumerate() if thread.daemon and "work" in thread.name]
    del source
    for thread in threads:
        thread.join(10)
    gc.collect()
    assert kept() is None


def test_an_error_while_making_batches_reaches_the_caller() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("photo vanished")

    source = prefetch(broken())
    assert next(source) == 1
    with pytest.raises(OSError, match="vanished"):
        next(source)
