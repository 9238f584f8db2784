"""A view takes any photo, shows crops as they are, and the whole photo antialiased."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nitido.bundle.manifest import View
from nitido.view import mosaic

CROPS = View(size=64, crop=32, count=4)
WHOLE = View(size=64, crop=64, count=0, whole=1)
BOTH = View(size=64, crop=32, count=3, whole=1)
TWICE = View(size=64, crop=32, count=2, whole=2)


def random_photo(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 150), st.integers(1, 150), st.sampled_from([CROPS, WHOLE, BOTH, TWICE]))
def test_any_photo_fills_any_view_the_same_way_every_time(height: int, width: int, view: View) -> None:
    photo = random_photo(height, width)
    before = photo.copy()
    seen = mosaic(photo, view)
    assert (seen.shape, seen.dtype) == ((64, 64, 3), np.uint8)
    assert np.array_equal(seen, mosaic(photo, view))
    assert np.array_equal(photo, before)


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (1, 1)])
@pytest.mark.parametrize("view", [CROPS, WHOLE, BOTH])
def test_extreme_shapes_are_seen(size: tuple[int, int], view: View) -> None:
    assert mosaic(np.full((*size, 3), 77, np.uint8), view).tolist() == np.full((64, 64, 3), 77).tolist()


@settings(max_examples=40, deadline=None)
@given(st.integers(32, 150), st.integers(32, 150))
def test_every_crop_is_a_piece_of_the_photo_at_its_own_size(height: int, width: int) -> None:
    photo = random_photo(height, width)
    windows = np.lib.stride_tricks.sliding_window_view(photo, (32, 32), axis=(0, 1))
    first = np.moveaxis(mosaic(photo, CROPS)[:32, :32], 2, 0)
    assert (windows[..., 0, 0] == first[:, 0, 0]).all(-1).any()  # cheap filter before the full comparison
    assert any(
        np.array_equal(windows[y, x], first) for y, x in np.argwhere(windows[:, :, 0, 0, 0] == first[0, 0, 0])
    )


def test_the_whole_photo_comes_after_the_crops() -> None:
    photo = np.zeros((200, 320, 3), np.uint8)
    photo[:, 160:] = 200
    for view, cells in ((BOTH, [(32, 32)]), (TWICE, [(32, 0), (32, 32)])):
        seen = mosaic(photo, view)
        for y, x in cells:
            cell = seen[y : y + 32, x : x + 32, 0]
            assert (cell[:, :14] == 0).all()
            assert (cell[:, 18:] == 200).all()


def test_shrinking_averages_instead_of_skipping_pixels() -> None:
    stripes = np.zeros((1200, 1600, 3), np.uint8)
    stripes[:, ::2] = 255
    seen = mosaic(stripes, WHOLE).astype(int)
    assert np.abs(seen - 127.5).max() <= 2  # skipping would show 0 or 255; two roundings leave at most 2


def test_a_photo_of_the_cells_size_is_seen_as_it_is() -> None:
    photo = random_photo(64, 64)
    assert np.array_equal(mosaic(photo, WHOLE), photo)


def test_a_view_whose_cells_do_not_fill_the_square_is_refused() -> None:
    for view in (View(64, 32, 3), View(64, 32, 4, 1), View(64, 48, 1), View(64, 32, 0, 1)):
        with pytest.raises(ValueError, match="fill a square"):
            mosaic(random_photo(64, 64), view)


def test_photos_that_are_not_contiguous_in_memory_are_seen_the_same() -> None:
    photo = random_photo(90, 120)
    for view in (CROPS, WHOLE, BOTH):
        assert np.array_equal(mosaic(photo[::-1].copy()[::-1], view), mosaic(photo, view))
