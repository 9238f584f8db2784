"""Metrics of pyiqa on the scale of 1 to 10, with a stand-in for the package, which ships nowhere."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from nitido.errors import InvalidOption
from nitido.scorer import QualityScorer
from nitido_train.opinion.pyiqa_scorer import PyiqaScorer

METRICS: dict[str, dict[str, Any]] = {
    "bright": {"metric_mode": "NR", "lower_better": False, "score_range": "~0, ~100"},
    "dark": {"metric_mode": "NR", "lower_better": True, "score_range": "0, 100"},
    "odd": {"metric_mode": "NR", "lower_better": False, "score_range": "~-1, ~2.5"},
    "open": {"metric_mode": "NR", "lower_better": True, "score_range": "0, ~"},
    "lpips": {"metric_mode": "FR", "lower_better": True, "score_range": "0, 1"},
}


class Metric(SimpleNamespace):
    """Mean grey, 0..100; takes what pyiqa's metrics take."""

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        assert image.ndim == 4
        assert image.shape[1] == 3
        assert 0 <= float(image.min()) <= float(image.max()) <= 1
        return image.mean((1, 2, 3))[None] * 100


@pytest.fixture
def pyiqa(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("pyiqa")
    module.__version__ = "9.9"  # type: ignore[attr-defined]
    module.create_metric = lambda name, device: Metric(**METRICS[name])  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyiqa", module)
    return module


def grey(level: int) -> np.ndarray:
    return np.full((40, 50, 3), level, np.uint8)


@pytest.mark.usefixtures("pyiqa")
def test_the_ends_of_the_range_become_the_ends_of_the_scale() -> None:
    scorer: QualityScorer = PyiqaScorer("bright")
    rated = [scorer(grey(level)).mean for level in (0, 51, 255)]
    assert rated == pytest.approx([1, 2.8, 10], abs=1e-5)  # float32 mean
    assert scorer(grey(51)).spread == 0


@pytest.mark.usefixtures("pyiqa")
def test_where_lower_is_better_the_scale_is_turned_round() -> None:
    scorer = PyiqaScorer("dark")
    assert [scorer(grey(level)).mean for level in (0, 51, 255)] == pytest.approx([10, 8.2, 1], abs=1e-5)


@pytest.mark.usefixtures("pyiqa")
def test_scores_beyond_the_range_are_clipped() -> None:
    assert PyiqaScorer("odd")(grey(200)).mean == 10
    assert PyiqaScorer("open", score_range=(0, 10))(grey(200)).mean == 1


@pytest.mark.usefixtures("pyiqa")
def test_an_open_range_must_be_closed_by_the_caller() -> None:
    with pytest.raises(InvalidOption, match=r"range of open, got '0, ~'; pass score_range="):
        PyiqaScorer("open")
    with pytest.raises(InvalidOption, match=r"\(lowest, highest\), got \(3, 3\)"):
        PyiqaScorer("open", score_range=(3, 3))


@pytest.mark.usefixtures("pyiqa")
def test_metrics_that_need_a_reference_are_refused() -> None:
    with pytest.raises(InvalidOption, match=r"needs no reference, got lpips \(FR\)"):
        PyiqaScorer("lpips")


@pytest.mark.usefixtures("pyiqa")
def test_the_id_changes_with_whatever_the_ratings_depend_on() -> None:
    ids = {PyiqaScorer("bright").id, PyiqaScorer("dark").id, PyiqaScorer("bright", (0, 50)).id}
    assert len(ids) == 3
    assert "pyiqa-9.9-bright-0-100" in ids


def test_without_the_package_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    with pytest.raises(ImportError, match=r"pip install 'nitido\[iqa\]'"):
        PyiqaScorer("niqe")
