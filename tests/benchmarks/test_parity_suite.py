"""The parity suite sees a planted difference and measures its size."""

from __future__ import annotations

import numpy as np

from nitido.photo.model import Pixels
from nitido_bench.parity import compare_pixels

PHOTOS = [np.full((20, 30, 3), 100, np.uint8), np.full((10, 10, 3), 250, np.uint8)]


def same(pixels: Pixels) -> Pixels:
    return pixels


def one_pixel_off(pixels: Pixels) -> Pixels:
    changed = pixels.copy()
    changed[3, 4, 1] -= 7
    return changed


def test_equal_results_are_zero_apart() -> None:
    row = compare_pixels("model", "what", PHOTOS, same, same)
    assert (row["largest"], row["differ_percent"], row["photos"]) == (0, 0.0, 2)


def test_a_difference_in_one_pixel_is_seen_in_either_direction() -> None:
    share = 100 * 2 / (20 * 30 * 3 + 10 * 10 * 3)
    for pair in ((same, one_pixel_off), (one_pixel_off, same)):
        row = compare_pixels("model", "what", PHOTOS, *pair)
        assert row["largest"] == 7
        assert row["differ_percent"] == round(share, 4)
