"""One row per gain, and each says what it claims to say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import label_fakes
import numpy as np
import pytest

from nitido.blur import Blur
from nitido.errors import InvalidOption
from nitido.photo.model import Pixels
from nitido.scorer import Quality
from nitido_train.degrade import GAINS, Degradation
from nitido_train.label.enhancers import Models
from nitido_train.label.measure import Row, measure
from nitido_train.label.samples import Sample, crop_of, degraded
from nitido_train.label.store import COLUMNS
from nitido_train.opinion.pseudo import quality
from nitido_train.resample import bicubic_downscale, bicubic_upscale

PHOTO = label_fakes.smooth(
    label_fakes.smooth(np.random.default_rng(1).integers(0, 256, (60, 70, 3), dtype=np.uint8))
)
NOISY = Sample("a.png", "0" * 16, 5, 7, 32, 3, 99, False, Degradation(read_noise=30.0))
CLEAN = replace(NOISY, clean=True, degradation=Degradation())
MODELS = Models(label_fakes.make(), label_fakes.make_calm())


def rows(sample: Sample, models: Models = MODELS) -> dict[str, Row]:
    made = measure(sample, PHOTO, models)
    assert [row["factor"] for row in made] == list(GAINS)
    assert all(list(row) == list(COLUMNS) for row in made)
    return {str(row["factor"]): row for row in made}


def test_deltas_are_after_minus_before_by_both_judges() -> None:
    pristine = crop_of(NOISY, PHOTO)
    pixels = degraded(NOISY, pristine)
    better = label_fakes.smooth(pixels)
    joint = rows(NOISY)["joint"]
    calm = label_fakes.make_calm()
    assert (joint["q_input"], joint["q_enhanced"]) == (calm(pixels).mean, calm(better).mean)
    assert joint["delta"] == calm(better).mean - calm(pixels).mean > 0
    assert joint["reference_input"] == quality(pixels, pristine)
    assert joint["reference_delta"] == quality(better, pristine) - quality(pixels, pristine) > 0


def test_a_clean_photo_that_is_smoothed_is_a_regression_to_the_reference_alone() -> None:
    joint = rows(CLEAN)["joint"]
    assert joint["reference_input"] == 10
    assert joint["reference_delta"] < 0 < joint["delta"]  # a no-reference scorer can be fooled


def test_a_factor_that_the_enhancer_cannot_remove_alone_gains_nothing() -> None:
    found = rows(NOISY)
    assert found["denoise"]["reference_delta"] == found["joint"]["reference_delta"]
    for factor in ("deblur", "deartifact", "desaturate"):
        assert (found[factor]["delta"], found[factor]["reference_delta"]) == (0, 0)


def test_upscaling_is_measured_against_bicubic_from_half_the_size() -> None:
    pristine = crop_of(CLEAN, PHOTO)
    small = bicubic_downscale(pristine, 2)
    row = rows(CLEAN)["upscale"]
    assert row["reference_input"] == quality(bicubic_upscale(small, 2), pristine)
    assert row["reference_enhanced"] == quality(small.repeat(2, 0).repeat(2, 1), pristine)
    assert row["reference_delta"] < 0  # nearest neighbour loses to bicubic


def test_without_a_scorer_only_the_reference_judges_and_without_a_pristine_photo_only_the_scorer() -> None:
    by_reference = rows(NOISY, Models(label_fakes.make(), None))["joint"]
    assert [by_reference[name] for name in ("q_input", "q_enhanced", "delta", "scorer")] == [None] * 4
    assert by_reference["reference_delta"] == rows(NOISY)["joint"]["reference_delta"]
    by_scorer = rows(replace(CLEAN, clean=False))["joint"]
    assert [by_scorer[f"reference_{name}"] for name in ("input", "enhanced", "delta")] == [None] * 3
    assert by_scorer["delta"] == rows(CLEAN)["joint"]["delta"]


def test_rows_name_the_degradation_and_the_models() -> None:
    sample = replace(NOISY, degradation=Degradation(blur=Blur("motion", 5.0, 0.25)))
    row = rows(sample)["upscale"]
    assert '"family":"motion"' in str(row["degradation"])
    assert (row["enhancer"], row["upscaler"], row["scorer"]) == ("smoother-1", "nearest-1", "calm-1")


class Returning(label_fakes.Smoother):
    def __init__(self, **results: Pixels) -> None:
        self.results = results

    def __call__(self, pixels: Pixels) -> dict[str, Pixels]:
        return self.results


@pytest.mark.parametrize(
    ("results", "complaint"),
    [
        ({"denoise": np.zeros((32, 32, 3), np.uint8)}, "to return 'joint'"),
        ({"joint": np.zeros((32, 32, 3), np.uint8), "dehaze": np.zeros((32, 32, 3), np.uint8)}, "dehaze"),
        ({"joint": np.zeros((16, 32, 3), np.uint8)}, r"shape \(16, 32, 3\) for 'joint'"),
        ({"joint": np.zeros((32, 32, 3), np.float32)}, "float32"),
    ],
)
def test_an_enhancer_that_returns_something_else_is_named(results: dict[str, Pixels], complaint: str) -> None:
    with pytest.raises(InvalidOption, match=complaint):
        measure(NOISY, PHOTO, Models(Returning(**results), None))


def test_a_score_that_is_no_number_is_an_error() -> None:
    class Broken:
        id = "broken"

        def __call__(self, pixels: Pixels) -> Quality:
            return Quality(float("nan"), 0.0)

    with pytest.raises(InvalidOption, match="finite score, got nan"):
        measure(NOISY, PHOTO, Models(label_fakes.make(), Broken()))


def test_a_factory_is_found_or_the_error_says_what_is_wrong(config) -> None:
    from nitido_train.label.enhancers import open_models

    assert open_models(config()).ids.enhancer == "smoother-1"
    for factory, complaint in {
        "no_such_package.x:make": "PYTHONPATH",
        "label_fakes:nothing": "to have nothing",
        "label_fakes:make_nothing": "NoneType without id, upscaler_id, upscaled",
        "label_fakes:make_calm": "Calm without upscaler_id, upscaled",
    }.items():
        with pytest.raises(InvalidOption, match=complaint):
            open_models(config(enhancer=factory))
    with pytest.raises(InvalidOption, match="brings its own"):
        config(upscaler="sr-x2")


def test_the_shipped_bundles_label_as_the_sdk_enhances(tmp_path: Path, config) -> None:
    import nitido
    from nitido_train.label.enhancers import open_models

    models = open_models(config(enhancer="restore", scorer=None))
    results = models.enhancer(PHOTO)
    restore = nitido.Restorer.open("restore", threads=1)
    assert list(results) == ["joint", *GAINS[1:-1]]
    assert np.array_equal(results["joint"], restore(PHOTO))
    assert np.array_equal(results["denoise"], restore(PHOTO, {"denoise": 1.0}))
    assert models.enhancer.upscaled(PHOTO).shape == (120, 140, 3)
    assert models.ids == type(models.ids)(restore.id, nitido.Upscaler.open(scale=2).id, None)
    with pytest.raises(InvalidOption, match="scale of 2, got 3"):
        open_models(config(enhancer="restore", scorer=None, upscaler="sr-x3"))
