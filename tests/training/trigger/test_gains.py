"""The loss of a trigger counts the order of photos beside their gains; looks are made once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nitido.bundle.manifest import View
from nitido_train.label import Labels
from nitido_train.nets.trigger import OUTPUTS
from nitido_train.trigger import gains
from nitido_train.trigger.gains import Looks, loss_of, rank_losses


def columns(values: list[float]) -> torch.Tensor:
    return torch.tensor(values)[:, None].repeat(1, len(OUTPUTS))


def test_photos_in_their_order_cost_nothing_however_far_apart() -> None:
    truth = columns([0.0, 0.001, 0.002, 3.0])
    assert float(rank_losses(columns([0.0, 2.0, 4.0, 6.0]), truth).max()) < 1e-6


def test_a_pair_in_the_wrong_order_costs_the_more_the_further_their_places_are_apart() -> None:
    truth = columns([0.0, 1.0, 2.0, 3.0])
    neighbours = columns([2.0, 0.0, 4.0, 6.0])
    ends = columns([6.0, 2.0, 4.0, 0.0])
    assert 0 < float(rank_losses(neighbours, truth)[0]) < float(rank_losses(ends, truth)[0])


def test_equal_gains_have_no_order() -> None:
    guess = torch.randn(8, len(OUTPUTS), generator=torch.Generator().manual_seed(0)).requires_grad_()
    rank_losses(guess, torch.zeros(8, len(OUTPUTS))).sum().backward()
    assert guess.grad is not None
    assert not guess.grad.any()


def test_the_loss_falls_when_a_tiny_difference_comes_out_in_the_right_order() -> None:
    truth = columns([0.0, 0.01])
    wrong, right = columns([0.1, 0.0]), columns([0.0, 0.1])
    assert float(loss_of(right, truth)) < float(loss_of(wrong, truth)) - 0.01


def test_looks_are_made_once_while_memory_lasts(
    labels: Labels, noisy_photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    original = gains.pixels_of
    monkeypatch.setattr(gains, "pixels_of", lambda *args: made.append(1) or original(*args))
    view = View(size=32, crop=16, count=4)
    looks = Looks(labels.samples[:3], noisy_photos, view, None)
    assert [len(list(looks)) for _ in range(2)] == [3, 3]
    assert len(made) == 3
    monkeypatch.setattr(gains, "_KEPT_BYTES", 32 * 32 * 3 + 1)  # room for the first two
    made.clear()
    looks = Looks(labels.samples[:3], noisy_photos, view, None)
    assert [len(list(looks)) for _ in range(2)] == [3, 3]
    assert len(made) == 4
