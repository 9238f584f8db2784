"""A line per output makes predictions mean what they say, without changing the graph."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from nitido_train.trigger.calibration import calibration_error, fit_lines, fold, reliability


def test_a_stretched_and_shifted_prediction_is_set_right() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(size=(500, 2))
    predicted = np.stack([true[:, 0] / 2 - 1, 3 * true[:, 1] + 0.5], axis=1)
    slopes, offsets = fit_lines(predicted, true)
    assert predicted * slopes + offsets == pytest.approx(true)
    before = calibration_error(reliability(predicted[:, 0], true[:, 0]))
    after = calibration_error(reliability(predicted[:, 0] * slopes[0] + offsets[0], true[:, 0]))
    assert before > 0.5
    assert after < 1e-9


def test_an_output_that_knows_nothing_becomes_the_mean() -> None:
    x = np.array([[1.0], [2.0], [3.0]])
    slopes, offsets = fit_lines(x, -x)
    assert (slopes[0], offsets[0]) == (0.0, -2.0)


def test_equal_predictions_are_only_shifted() -> None:
    slopes, offsets = fit_lines(np.full((3, 1), 0.25), np.array([[1.0], [2.0], [3.0]]))
    assert (slopes[0], offsets[0]) == (1.0, 1.75)


def test_folded_into_the_last_layer_the_graph_computes_the_line() -> None:
    torch.manual_seed(0)
    last = nn.Linear(5, 3)
    x = torch.randn(7, 5)
    slopes, offsets = np.array([0.5, 1.0, 2.0]), np.array([1.0, 0.0, -1.0])
    expected = last(x).detach().numpy() * slopes + offsets
    fold(last, slopes, offsets)
    assert last(x).detach().numpy() == pytest.approx(expected, abs=1e-5)  # float32


def test_reliability_counts_every_photo_once_in_order_of_prediction() -> None:
    predicted = np.random.default_rng(1).normal(size=103)
    table = reliability(predicted, predicted + 0.25, bins=10)
    assert sum(b.count for b in table) == 103
    assert max(b.count for b in table) - min(b.count for b in table) <= 1
    assert [b.predicted for b in table] == sorted(b.predicted for b in table)
    assert calibration_error(table) == pytest.approx(0.25)
    assert len(reliability(predicted[:3], predicted[:3])) == 3
