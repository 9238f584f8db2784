"""Reading a detector's maps, and keeping one of several boxes around a face."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nitido.faces.face import Face, decode, strongest

from .conftest import cell_of

PLACES = st.floats(1.0, 150.0)


@settings(deadline=None)
@given(
    x=PLACES,
    y=PLACES,
    width=st.floats(4.0, 300.0),
    height=st.floats(4.0, 300.0),
    marks=st.lists(st.tuples(PLACES, PLACES), min_size=5, max_size=5),
    confidence=st.floats(0.61, 0.999),
    stride=st.sampled_from([8, 16, 32]),
)
def test_a_face_is_read_off_its_cell(x, y, width, height, marks, confidence, stride):  # type: ignore[no-untyped-def]
    box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    face = Face(box, tuple(marks), confidence)
    row, column, values = cell_of(face, stride)
    found = np.full((152 // stride + 1, 152 // stride + 1, 16), -9.0, np.float32)
    found[row, column] = values
    (decoded,) = decode(found, stride, 0.6)
    # Cells are float32: a millionth of a box of 300 pixels.
    assert decoded.box == pytest.approx(box, abs=1e-3)
    assert np.allclose(decoded.landmarks, marks, atol=1e-3)
    assert decoded.confidence == pytest.approx(confidence, abs=1e-4)


def test_a_face_below_the_confidence_is_not_reported() -> None:
    row, column, values = cell_of(Face((10, 10, 30, 30), ((20.0, 20.0),) * 5, 0.7), 8)
    found = np.full((8, 8, 16), -9.0, np.float32)
    found[row, column] = values
    assert decode(found, 8, 0.71) == []
    assert len(decode(found, 8, 0.69)) == 1


def face(left: float, top: float, side: float, confidence: float) -> Face:
    return Face((left, top, left + side, top + side), ((left, top),) * 5, confidence)


def test_of_boxes_around_one_face_the_surest_stays() -> None:
    sure, shifted, mouth = face(10, 10, 40, 0.9), face(14, 12, 40, 0.8), face(25, 35, 12, 0.7)
    assert strongest([shifted, mouth, sure]) == (sure,)


def test_neighbours_stay_both_and_the_surer_comes_first() -> None:
    left, right = face(10, 10, 40, 0.7), face(40, 10, 40, 0.9)
    assert strongest([left, right]) == (right, left)


def test_moving_undoes_a_windows_place_and_zoom() -> None:
    moved = face(10, 20, 40, 0.9).moved(2.0, 100, 60)
    assert moved.box == (55, 40, 75, 60)
    assert moved.landmarks[0] == (55, 40)
    assert moved.side == 20
