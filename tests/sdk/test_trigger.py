"""The trigger's view of a photo and what it makes of the network's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from nitido.bundle.manifest import Build, TensorSpec, TriggerTask, View
from nitido.cues import CUES
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors
from nitido.trigger import Improvability, Trigger
from nitido.view import mosaic

VIEW = View(size=64, crop=32, count=4)
BUILD = Build(
    "main",
    "onnx-fp32",
    "main.onnx",
    "",
    0,
    (TensorSpec("image", (1, 3, 64, 64)), TensorSpec("cues", (1, len(CUES)), layout="NC")),
    (TensorSpec("gains", (1, 3), layout="NC"),),
    {},
)


def trigger(score: float) -> Trigger:
    def run(inputs: Tensors) -> Tensors:
        assert inputs["image"].shape == (1, 3, 64, 64)
        assert inputs["cues"].shape == (1, len(CUES))
        return {"gains": np.array([[score, 0.25, 0.5]], np.float32)}

    task = TriggerTask(
        ("denoise", "upscale"),
        VIEW,
        threshold=0.5,
        thresholds={"upscale": 0.375, "denoise": 0.25},
        precision=0.9,
        enhancer="abc",
        upscale_below=200,
    )
    return Trigger(FunctionSession(run, BUILD), task, "id")


def test_recommended_from_the_threshold_on() -> None:
    photo = np.zeros((90, 90, 3), np.uint8)
    assert trigger(0.5)(photo).recommended
    assert not trigger(0.4999)(photo).recommended
    assert trigger(-1.0)(photo).score == -1.0


def test_factors_carry_their_names() -> None:
    assert trigger(1.0)(np.zeros((90, 90, 3), np.uint8)).factors == {"denoise": 0.25, "upscale": 0.5}


def test_a_photo_larger_than_a_screen_gains_nothing_from_upscaling() -> None:
    assert trigger(1.0)(np.zeros((20, 201, 3), np.uint8)).factors["upscale"] == 0.0
    assert trigger(1.0)(np.zeros((20, 200, 3), np.uint8)).factors["upscale"] == 0.5


def test_a_factor_crosses_from_its_own_threshold_on_the_largest_gain_first() -> None:
    found = trigger(-1.0)(np.zeros((90, 90, 3), np.uint8))
    assert found.crossed == ("upscale", "denoise")
    assert found.thresholds == {"denoise": 0.25, "upscale": 0.375}
    large = trigger(-1.0)(np.zeros((20, 201, 3), np.uint8))
    assert large.crossed == ("denoise",)


def test_strengths_are_one_for_what_crosses_and_more_pixels_are_no_knob() -> None:
    assert trigger(1.0)(np.zeros((90, 90, 3), np.uint8)).strengths == {"denoise": 1.0}
    thresholds = {"deblur": 0.2, "denoise": 0.5, "upscale": 0.1}
    found = Improvability.judged(0.9, {"deblur": 0.2, "denoise": 0.49, "upscale": 0.3}, True, thresholds)
    assert found.strengths == {"deblur": 1.0, "denoise": 0.0}


def test_without_thresholds_nothing_crosses() -> None:
    found = Improvability(1.0, {"denoise": 9.0}, True)
    assert (found.crossed, found.strengths) == ((), {})


@pytest.mark.parametrize("size", [(1, 1), (31, 400), (32, 32), (64, 64), (65, 63), (3, 2000), (900, 1200)])
def test_any_size_fills_the_view(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    view = mosaic(pixels, VIEW)
    assert view.shape == (64, 64, 3)
    assert np.array_equal(view, mosaic(pixels, VIEW))  # the same photo is always looked at in the same way


def quarters(image: np.ndarray) -> list[bytes]:
    return sorted(image[y : y + 32, x : x + 32].tobytes() for y in (0, 32) for x in (0, 32))


def test_a_photo_of_four_crops_is_seen_whole() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    assert quarters(mosaic(pixels, VIEW)) == quarters(pixels)


def test_view_is_native_size_and_prefers_texture_but_also_sees_flat_parts() -> None:
    pixels = np.full((256, 256, 3), 100, np.uint8)
    pixels[:96, :96] = np.random.default_rng(2).integers(0, 255, (96, 96, 3))
    view = mosaic(pixels, VIEW)
    textured = [view[y : y + 32, x : x + 32].std() > 20 for y in (0, 32) for x in (0, 32)]
    assert textured[0]
    assert not textured[3]


def test_a_view_that_crops_cannot_fill_is_refused() -> None:
    with pytest.raises(ValueError, match="fill a square"):
        mosaic(np.zeros((64, 64, 3), np.uint8), View(size=64, crop=32, count=3))
