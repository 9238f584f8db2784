"""Colours are laid over a luma that stays exactly as it was, and end where luma has its edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nitido import chroma
from nitido.chroma import Lines, chroma_of, coloured, fitted, is_grey, luma_of
from nitido.photo.model import Pixels

WHOLE = (1.0, 1.0)


def flat(cb: float, cr: float, cells: int = 8) -> Lines:
    """One colour everywhere."""
    offset = np.tile(np.array([cb, cr], np.float32), (cells, cells, 1))
    return Lines(np.zeros_like(offset), offset)


def grey(luma: NDArray[np.uint8]) -> Pixels:
    return np.repeat(luma[..., None], 3, axis=2)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 3))
def test_luma_comes_back_exactly_whatever_the_colours(seed: int, wild: float) -> None:
    rng = np.random.default_rng(seed)
    luma = rng.integers(0, 256, (rng.integers(1, 40), rng.integers(1, 40)), dtype=np.uint8)
    slope, offset = rng.normal(0, wild, (2, 8, 8, 2)).astype(np.float32)
    result = coloured(luma, Lines(slope, offset), (float(rng.uniform(0.1, 1)), 1.0))
    assert np.array_equal(luma_of(result), luma)


def test_no_chroma_is_grey_at_every_level() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(luma_of(grey(levels)), levels)
    assert np.array_equal(coloured(levels, flat(0, 0), WHOLE), grey(levels))


@pytest.mark.parametrize(("cb", "cr"), [(0.1, 0.0), (0.0, 0.1), (-0.12, 0.08), (0.05, -0.15)])
def test_a_colour_that_rgb_has_is_the_one_that_was_asked_for(cb: float, cr: float) -> None:
    luma = np.full((20, 30), 120, np.uint8)
    found = chroma_of(coloured(luma, flat(cb, cr), WHOLE))
    # red and blue are off by half a level at most: 0.5 / 255 / 1.402 of chroma
    assert np.abs(found - [cb, cr]).max() < 0.0015


def test_a_colour_that_rgb_lacks_becomes_paler_and_keeps_its_hue() -> None:
    luma = np.full((4, 4), 240, np.uint8)
    cb, cr = chroma_of(coloured(luma, flat(-0.2, 0.4), WHOLE))[0, 0]
    assert 0 < cr < 0.1
    assert cr / cb == pytest.approx(-2, rel=0.15)  # rounded to whole levels when 10 of them are left


def test_colours_end_where_luma_has_an_edge() -> None:
    luma = np.full((256, 256), 60, np.uint8)
    luma[:, 130:] = 190  # within a cell of 16 pixels
    cells = np.zeros((16, 16, 2), np.float32)
    cells[:, 8:, 1] = 0.1
    coarse = luma.reshape(16, 16, 16, 16).mean((1, 3)).astype(np.float32) / 255
    red = chroma_of(coloured(luma, Lines.through(coarse, cells), WHOLE))[128, :, 1]
    assert red[129] < 0.02
    assert red[130] > 0.06
    assert np.ptp(red[130:180]) < 0.05


def test_flat_luma_takes_the_smoothed_colours() -> None:
    luma = np.full((6, 6), 0.5, np.float32)
    lines = Lines.through(luma, np.full((6, 6, 2), 0.1, np.float32))
    assert np.abs(lines.slope).max() < 1e-4
    assert lines.offset == pytest.approx(np.full((6, 6, 2), 0.1), abs=1e-4)


def test_strips_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    luma = rng.integers(0, 256, (90, 50), dtype=np.uint8)
    slope, offset = rng.normal(0, 0.1, (2, 8, 8, 2)).astype(np.float32)
    whole = coloured(luma, Lines(slope, offset), (1.0, 0.6))
    one_by_one = [slice(top, top + 7) for top in range(0, 90, 7)]
    cut = [slice(rows.start, min(rows.stop, 90)) for rows in one_by_one]
    monkeypatch.setattr(chroma, "strips", lambda height, width: iter(cut))
    apart = np.abs(coloured(luma, Lines(slope, offset), (1.0, 0.6)).astype(int) - whole)
    assert apart.max() <= 2  # positions differ by rounding, and green makes up for red and blue


@pytest.mark.parametrize(
    ("size", "part"),
    [((40, 80), (0.5, 1.0)), ((80, 40), (1.0, 0.5)), ((64, 64), (1.0, 1.0)), ((1, 640), (1 / 64, 1.0))],
)
def test_a_photo_is_fitted_into_the_square_and_mirrored_beyond(
    size: tuple[int, int], part: tuple[float, float]
) -> None:
    y, x = np.mgrid[: size[0], : size[1]]
    photo = (y * 200 // size[0] + x * 50 // size[1]).astype(np.uint8)
    square, found = fitted(photo, 64)
    assert square.shape == (64, 64)
    assert found == part
    rows, columns = round(64 * part[0]), round(64 * part[1])
    if rows < 64:
        assert np.array_equal(square[rows], square[rows - 1])
    if columns < 64:
        assert np.array_equal(square[:, columns], square[:, columns - 1])
    assert fitted(grey(photo), 64)[0].shape == (64, 64, 3)


def test_compression_noise_is_no_colour_but_a_small_red_thing_is() -> None:
    rng = np.random.default_rng(0)
    photo = grey(rng.integers(20, 230, (100, 100), dtype=np.uint8))
    assert is_grey(photo + rng.integers(0, 5, photo.shape, dtype=np.uint8))
    photo[50:55, 50:55] = (200, 30, 30)
    assert not is_grey(photo)
