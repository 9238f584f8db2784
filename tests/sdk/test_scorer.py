"""What a scorer makes of a network's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from nitido.bundle.manifest import Build, ScoreTask, TensorSpec, View
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors
from nitido.scorer import QualityScorer, Scorer

VIEW = View(size=64, crop=32, count=4)
PHOTO = np.zeros((90, 70, 3), np.uint8)


def scorer(output: str, *values: float) -> Scorer:
    image, vector = TensorSpec("image", (1, 3, 64, 64)), TensorSpec(output, (1, len(values)), layout="NC")
    build = Build("main", "onnx-fp32", "main.onnx", "", 0, (image,), (vector,), {})

    def run(inputs: Tensors) -> Tensors:
        assert inputs["image"].shape == (1, 3, 64, 64)
        return {output: np.array([values], np.float32)}

    return Scorer(FunctionSession(run, build), ScoreTask(VIEW, output), "an id")  # type: ignore[arg-type]


def test_mean_and_spread_are_those_of_the_distribution() -> None:
    half = scorer("distribution", 0, 0, 0.5, 0, 0, 0, 0.5, 0, 0, 0)(PHOTO)
    assert half.mean == pytest.approx(5.0)
    assert half.spread == pytest.approx(2.0)
    sure = scorer("distribution", *[0.0] * 9, 1.0)(PHOTO)
    assert (sure.mean, sure.spread) == (10.0, 0.0)


def test_a_distribution_that_lost_some_of_its_sum_keeps_its_mean() -> None:
    whole, lossy = (scorer("distribution", 0, s, 0, s, 0, 0, 0, 0, 0, 0)(PHOTO) for s in (0.5, 0.48))
    assert lossy.mean == pytest.approx(whole.mean, abs=1e-6)  # float32 shares


@pytest.mark.parametrize(("raw", "mean"), [(4.25, 4.25), (0.2, 1.0), (11.5, 10.0)])
def test_a_single_score_stays_on_the_scale_and_has_no_spread(raw: float, mean: float) -> None:
    quality = scorer("score", raw)(PHOTO)
    assert (quality.mean, quality.spread) == (mean, 0.0)


def test_a_scorer_is_a_quality_scorer_with_the_id_of_its_bundle() -> None:
    rated_by: QualityScorer = scorer("score", 5.0)
    assert rated_by.id == "an id"
