"""The tables of suite ``trigger``, on predictions and gains that are known."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data

from nitido.blur import Blur
from nitido.cues.artifacts import jpeg_step
from nitido.scorer import Quality
from nitido_bench.trigger_baselines import JPEG, LAPLACIAN, NOISE, laplacian, no_reference
from nitido_bench.trigger_tables import (
    TRIGGER,
    Judged,
    alone_rows,
    correlations,
    factor_rows,
    photos_row,
    predictor_rows,
    reliability_rows,
    value_rows,
)
from nitido_bench.trigger_value import fewest, possible_gain, value
from nitido_train.degrade import blurred, compressed, noisy
from nitido_train.trigger.ratings import rating_of

PHOTO = np.ascontiguousarray(skimage.data.coffee()[:240, 100:340])


def judged(score: float, gain: float, *, clean: bool = False, applied: float = 0.0) -> Judged:
    scores = {TRIGGER: score, LAPLACIAN: -score, NOISE: 0.0, JPEG: 0.0}
    gains = {"joint": gain, "denoise": gain, "deblur": -gain}
    return Judged(clean, 1.0, gains, applied, rating_of(gain), scores, {"denoise": score, "deblur": 0.5})


FOUR = [
    judged(0.0, -0.2, clean=True),
    judged(0.4, -0.4, clean=True, applied=-0.1),
    judged(0.6, 1.2, applied=1.5),
    judged(0.2, 0.8),
]


def test_a_set_of_photos_counts_decisions_and_their_worth() -> None:
    row = photos_row("four", FOUR, 0.3)
    assert (row["clean_left_alone"], row["degraded_enhanced"], row["harmed"]) == (0.5, 0.5, 1)
    assert row["gain_kept"] == pytest.approx((1.2 - 0.4) / 2.0)
    assert row["saved"] == 0.5
    assert row["spearman"] == pytest.approx(0.4)  # ranks 1 3 4 2 and 2 1 4 3: 1 - 6 * (1 + 4 + 0 + 1) / 60


def test_each_factor_stands_beside_what_one_would_measure_instead() -> None:
    denoise, deblur = factor_rows(FOUR, {"denoise": 0.3, "deblur": 0.3})
    assert (denoise["precision"], denoise["recall"]) == (0.5, 0.5)
    assert denoise["without"] == NOISE
    assert "without_spearman" not in denoise  # all its values are equal
    assert "spearman" not in deblur
    assert deblur["without_spearman"] == pytest.approx(0.4)


def test_each_factor_alone_is_ranked_with_and_without_clean_photos() -> None:
    pairs = [(0.1, 0.3), (0.2, 0.2), (0.3, 0.4)]
    (row,) = alone_rows({"denoise": pairs}, FOUR)
    assert (row["count"], row["spearman"]) == (3, 0.5)
    # the two clean ones: predicted 0.0 and 0.4, gained -0.2 and -0.4; ranks 2 3 4 1 5 and 4 3 5 2 1
    assert row["spearman_with_clean"] == pytest.approx(1 - 6 * (4 + 0 + 1 + 1 + 16) / 120)
    assert (row["predicted"], row["true"]) == (0.2, 0.3)


def test_predictors_are_compared_on_the_same_photos() -> None:
    rows = {str(row["predictor"]): row for row in predictor_rows(FOUR, [TRIGGER])}
    # in order of the score: worth it, not, worth it, not
    assert rows[TRIGGER]["auc_pr"] == pytest.approx((1 + 2 / 3) / 2, abs=1e-4)
    assert rows[LAPLACIAN]["auc_pr"] == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert rows[NOISE]["auc_pr"] == rows[NOISE]["auc_pr_of_chance"] == 0.5
    assert "calibration_error" in rows[TRIGGER]
    assert "calibration_error" not in rows[LAPLACIAN]


def test_without_a_photo_that_gains_there_is_no_precision_recall() -> None:
    (row, *_) = predictor_rows([judged(0.1, -1.0), judged(0.2, 0.0)], [TRIGGER])
    assert "auc_pr" not in row


def test_the_value_of_trigger_no_trigger_and_oracle() -> None:
    rows = {str(row["way"]): row for row in value_rows(FOUR, {TRIGGER: 0.3})}
    figures = {
        way: (row["count"], row["saved"], row["gain_kept"], row["harmed"]) for way, row in rows.items()
    }
    assert figures["every photo"] == (4, 0.0, 0.7, 2)
    assert figures["trigger, from its threshold"] == (2, 0.5, 0.4, 1)
    assert figures["trigger, from its threshold, only the factors it names"] == (2, 0.5, 0.7, 1)
    assert figures["trigger, 99% of the gain"] == (3, 0.25, 0.8, 1)
    assert figures["oracle, all that gains"] == (2, 0.5, 1.0, 0)
    assert figures["oracle, 99% of the gain"] == (2, 0.5, 1.0, 0)


def test_the_parts_of_the_reliability_plot_hold_every_photo_once() -> None:
    rows = list(reliability_rows(FOUR, [TRIGGER]))
    assert [(row["predicted"], row["true"]) for row in rows] == [
        (0, -0.2),
        (0.2, 0.8),
        (0.4, -0.4),
        (0.6, 1.2),
    ]


def test_equal_values_have_no_correlation() -> None:
    assert correlations(np.ones(3), np.arange(3.0)) == {}
    assert correlations(np.arange(3.0), np.ones(3)) == {}
    assert correlations(np.arange(3.0), np.exp(np.arange(3.0)))["spearman"] == 1.0


def test_compute_is_saved_by_area_and_small_losses_harm_nobody() -> None:
    gains, megapixels = np.array([1.0, -0.04, -0.06]), np.array([1.0, 3.0, 6.0])
    assert value(np.array([True, True, False]), gains, megapixels, possible_gain(gains)) == {
        "saved": 0.6,
        "gain_kept": 0.96,
        "harmed": 0,
    }
    assert value(np.ones(3, np.bool_), gains, megapixels, 0.0) == {"saved": 0.0, "harmed": 1}


def test_the_fewest_photos_that_keep_the_gain_never_split_equal_scores() -> None:
    gains = np.array([0.5, -3.0, 0.48, 0.02, -1.0])
    assert fewest(np.array([5, 4, 3, 2, 1]), gains, 0.97).tolist() == [True, True, True, False, False]
    assert fewest(np.array([5, 4, 3, 3, 3]), gains, 0.97).tolist() == [True] * 5
    assert fewest(gains, gains, 0.97).tolist() == [True, False, True, False, False]
    assert not fewest(gains, -np.abs(gains)).any()


def test_baselines_rise_with_what_they_measure() -> None:
    soft, softer = (blurred(PHOTO, Blur("gaussian", sigma)) for sigma in (1.0, 2.0))
    assert laplacian(PHOTO) < laplacian(soft) < laplacian(softer)
    assert laplacian(noisy(PHOTO, 20, 0, np.random.default_rng(0))) < laplacian(PHOTO)
    assert (
        0 == jpeg_step(PHOTO // 2 + 60) < jpeg_step(compressed(PHOTO, 60)) < jpeg_step(compressed(PHOTO, 30))
    )


def test_the_laplacian_of_a_checkerboard_is_known() -> None:
    board = np.indices((16, 16)).sum(0) % 2
    pixels = np.stack([board * 10] * 3, axis=-1).astype(np.uint8)
    # +-4 * 10 at every pixel: a variance of 40^2, to which 1 is added
    assert laplacian(pixels) == pytest.approx(-np.log(1601), abs=1e-4)  # luma weights in float32


def test_a_photo_that_a_scorer_finds_bad_is_expected_to_gain() -> None:
    class Brightness:
        id = "brightness"

        def __call__(self, pixels: np.ndarray) -> Quality:
            return Quality(float(pixels.mean()), 0.0)

    predict = no_reference(Brightness())
    assert predict(np.zeros((8, 8, 3), np.uint8)) > predict(np.full((8, 8, 3), 9, np.uint8))
