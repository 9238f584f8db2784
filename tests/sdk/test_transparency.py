"""Transparency: hidden colours reach nothing that shows, and flat opacity is not touched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nitido.photo import depth
from nitido.transparency import cover_hidden, keep_flat


@settings(deadline=None, max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    reach=st.integers(1, 6),
    seed=st.integers(0, 99),
    dtype=st.sampled_from([np.uint8, np.uint16]),
)
def test_covered_colours_come_from_visible_ones_only(
    shape: tuple[int, int], reach: int, seed: int, dtype: Any
) -> None:
    random = np.random.default_rng(seed)
    alpha = random.choice(np.array([0, 0, 0, 1, 130, 255], dtype), shape)
    first, second = random.integers(0, 256, (2, *shape, 3)).astype(dtype)
    second[alpha > 0] = first[alpha > 0]
    one, other = cover_hidden(first, alpha, reach), cover_hidden(second, alpha, reach)
    distance = np.array(
        [
            [
                min((max(abs(y - v), abs(x - u)) for v, u in np.argwhere(alpha)), default=99)
                for x in range(shape[1])
            ]
            for y in range(shape[0])
        ]
    )
    near = distance <= reach
    np.testing.assert_array_equal(one[near], other[near])
    np.testing.assert_array_equal(one[alpha > 0], first[alpha > 0])
    np.testing.assert_array_equal(one[~near], first[~near])


def test_large_photos_are_covered_in_strips_that_join(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    alpha = np.where(random.random((90, 40)) < 0.01, 255, 0).astype(np.uint8)
    colour = random.integers(0, 256, (90, 40, 3), dtype=np.uint8)
    whole = cover_hidden(colour, alpha, 7)
    monkeypatch.setattr(depth, "STRIP_PIXELS", 400)
    assert len(list(depth.strips(90, 40))) == 9
    np.testing.assert_array_equal(cover_hidden(colour, alpha, 7), whole)


def test_the_surroundings_weigh_by_their_opacity() -> None:
    colour = np.array([[[200, 0, 0], [9, 9, 9], [0, 200, 0]]], np.uint8)
    alpha = np.array([[30, 0, 10]], np.uint8)
    assert cover_hidden(colour, alpha, 1)[0, 1].tolist() == [150, 50, 0]


def test_flat_opacity_is_kept_and_edges_are_not() -> None:
    alpha = np.zeros((8, 8), np.uint8)
    alpha[:, 4:] = 255
    enlarged = np.full((20, 20), 77, np.uint8)
    keep_flat(enlarged, alpha)
    # Columns 3 and 4 of 8 are at the edge: 7.5 to 12.5 of 20.
    assert np.unique(enlarged[:, :7]).tolist() == [0]
    assert np.unique(enlarged[:, 8:12]).tolist() == [77]
    assert np.unique(enlarged[:, 13:]).tolist() == [255]


@pytest.mark.parametrize("place", [(0, 0), (3, 5), (6, 6)])
def test_one_other_pixel_makes_all_around_it_an_edge(place: tuple[int, int]) -> None:
    alpha = np.full((7, 7), 9, np.uint8)
    alpha[place] = 8
    enlarged = np.full((7, 7), 77, np.uint8)
    keep_flat(enlarged, alpha)
    rows, columns = np.indices((7, 7))
    around = np.maximum(abs(rows - place[0]), abs(columns - place[1])) <= 1
    np.testing.assert_array_equal(enlarged, np.where(around, 77, 9))
