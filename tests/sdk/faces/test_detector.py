"""The detector: every face of a photo of any size once, whole, at its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nitido.bundle.manifest import TensorSpec
from nitido.errors import BundleInvalid, InvalidOption, WrongTask
from nitido.faces import FaceDetector
from nitido.photo.model import Pixels

from .conftest import TASK

MakeDetector = Callable[..., FaceDetector]
Draw = Callable[..., Pixels]
Squares = list[tuple[int, int, int]]


def assert_found(detector: FaceDetector, pixels: Pixels, squares: Squares) -> None:
    """Each square once, no other. A quarter of the size shows a square one pixel of four off at each side."""
    found = sorted(face.box for face in detector(pixels))
    wanted = sorted((x, y, x + side, y + side) for x, y, side in squares)
    assert len(found) == len(wanted), (found, wanted)
    for box, (left, top, right, bottom) in zip(found, wanted, strict=True):
        tolerance = 1 + (right - left) / 8
        assert np.allclose(box, (left, top, right, bottom), atol=tolerance), (box, wanted)


@pytest.mark.parametrize("side", [None, 128])
def test_small_and_large_faces_are_found_once_each(
    side: int | None, make_detector: MakeDetector, draw: Draw
) -> None:
    squares = [(5, 7, 9), (60, 20, 24), (130, 40, 48), (200, 10, 90), (30, 120, 150), (300, 150, 12)]
    assert_found(make_detector(side), draw(290, 330, squares), squares)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 170), st.integers(0, 110), st.integers(8, 90))
def test_a_face_is_found_wherever_windows_end(
    make_detector: MakeDetector, draw: Draw, left: int, top: int, side: int
) -> None:
    assert_found(make_detector(), draw(220, 280, [(left, top, side)]), [(left, top, side)])


def test_photos_smaller_than_a_window_are_no_problem(make_detector: MakeDetector, draw: Draw) -> None:
    for side in (None, 128):
        assert_found(make_detector(side), draw(20, 24, [(4, 5, 12)]), [(4, 5, 12)])
        assert make_detector(side)(draw(1, 1, [])) == ()


def test_faces_smaller_than_asked_for_cost_no_time(make_detector: MakeDetector, draw: Draw) -> None:
    pixels = draw(100, 100, [(10, 10, 9), (50, 50, 40)])
    assert len(make_detector(smallest=8)(pixels)) == 2
    assert len(make_detector(smallest=32)(pixels)) == 1


def test_a_higher_confidence_leaves_faces_out(make_detector: MakeDetector, draw: Draw) -> None:
    pixels = draw(60, 60, [(10, 10, 30)])
    assert len(make_detector(confidence=0.89)(pixels)) == 1
    assert make_detector(confidence=0.91)(pixels) == ()


@pytest.mark.parametrize("options", [{"confidence": 0.0}, {"confidence": 1.5}, {"smallest": 0.5}])
def test_options_out_of_range_are_refused(make_detector: MakeDetector, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption, match="leave them out for the defaults"):
        make_detector(**options)


def test_a_graph_of_other_maps_is_refused(make_detector: MakeDetector) -> None:
    session = make_detector()._session
    build = session.build
    others = TensorSpec("stride_32", (1, 15, None, None)), TensorSpec("stride_32", (1, 16), layout="NC")
    for outputs in (build.outputs[:2], *((*build.outputs[:2], other) for other in others)):
        wrong = type(session)(session.run, dataclasses.replace(build, outputs=outputs))
        with pytest.raises(BundleInvalid, match="a map of 16 channels for each of the strides"):
            FaceDetector(wrong, TASK)


def test_an_upscaler_is_no_detector(tiny_bundle: Path) -> None:
    with pytest.raises(WrongTask, match="whose task is face, got tiny, whose task is upscale"):
        FaceDetector.open(tiny_bundle)


def test_what_is_not_pixels_is_refused(make_detector: MakeDetector) -> None:
    with pytest.raises(InvalidOption, match="expected pixels"):
        make_detector()(np.zeros((8, 8), np.uint8))
