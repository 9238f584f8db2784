"""Shrinking in bands: as if in one piece, without shift, without aliasing, in eight and sixteen bits."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from nitido.resample import shrink


def picture(height: int, width: int, dtype: Any) -> NDArray[Any]:
    random = np.random.default_rng([height, width])
    return random.integers(0, np.iinfo(dtype).max, (height, width, 3), dtype=dtype, endpoint=True)


def cut(samples: NDArray[Any], height: int) -> Iterator[NDArray[Any]]:
    for top in range(0, len(samples), height):
        yield samples[top : top + height]


def in_one_piece(samples: NDArray[Any], target: tuple[int, int]) -> NDArray[Any]:
    planes = [
        Image.fromarray(samples[..., channel].astype(np.float32)).resize(
            target[::-1], Image.Resampling.LANCZOS
        )
        for channel in range(3)
    ]
    result = np.floor(np.stack([np.asarray(plane) for plane in planes], axis=2) + 0.5)
    return result.clip(0, np.iinfo(samples.dtype).max)


@settings(deadline=None, max_examples=80)
@given(
    shape=st.tuples(st.integers(1, 220), st.integers(1, 60)),
    share=st.tuples(st.floats(0.25, 1), st.floats(0.25, 1)),
    band=st.integers(1, 80),
    dtype=st.sampled_from([np.uint8, np.uint16]),
)
def test_bands_give_what_one_piece_gives(
    shape: tuple[int, int], share: tuple[float, float], band: int, dtype: Any
) -> None:
    """Up to the rounding of Pillow's 32-bit coordinates: a ten thousandth of the range from 0 to white."""
    target = max(1, int(shape[0] * share[0])), max(1, int(shape[1] * share[1]))
    samples = picture(*shape, dtype)
    result = shrink(cut(samples, band), shape, target)
    assert result.dtype == dtype
    difference = np.abs(result.astype(float) - in_one_piece(samples, target))
    assert difference.max() <= (1 if dtype == np.uint8 else 8)


@pytest.mark.parametrize("target", [(300, 40), (257, 33), (151, 21), (600, 31)])
def test_a_ramp_is_where_it_was(target: tuple[int, int]) -> None:
    """Lanczos' ripple on a ramp averages out over all phases; a shift of 1/50 of a pixel would not."""
    height, width = 600, 80
    rows, columns = np.indices((height, width), np.float64)
    ramps = np.stack([100 * rows, 800 * columns, 100 * rows], axis=2)
    result = shrink(cut(ramps.astype(np.uint16), 50), (height, width), target).astype(np.float64)
    down, across = height / target[0], width / target[1]
    inner = np.s_[8:-8, 8:-8]
    expected_rows = 100 * ((np.arange(target[0]) + 0.5) * down - 0.5)[:, None] + 0 * result[0, :, 0]
    expected_columns = 800 * ((np.arange(target[1]) + 0.5) * across - 0.5)[None] + 0 * result[:, :1, 0]
    assert abs((result[..., 0] - expected_rows)[inner].mean()) < 2
    assert np.abs((result[..., 0] - expected_rows)[inner]).max() < 10
    assert abs((result[..., 1] - expected_columns)[inner].mean()) < 16


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("level", [0, 100, 255])
def test_what_is_flat_stays_exactly(dtype: Any, level: int) -> None:
    samples = np.full((97, 41, 3), level, dtype)
    assert np.unique(shrink(cut(samples, 10), (97, 41), (61, 29))).tolist() == [level]


def test_detail_too_fine_becomes_its_mean_and_no_pattern() -> None:
    """A checkerboard at half size has no frequency left: Lanczos leaves less than 2 percent of it inside."""
    rows, columns = np.indices((128, 128))
    board = np.where((rows + columns) % 2, 200, 100).astype(np.uint8)[..., None].repeat(3, 2)
    inner = shrink(cut(board, 16), (128, 128), (70, 70))[5:-5, 5:-5].astype(int)
    assert np.abs(inner - 150).max() <= 2


def test_memory_is_the_result_and_a_few_bands() -> None:
    """Sixteen bands of 3.7 MB come in; if all were held, 60 MB would be."""
    shape, target = (1600, 800), (1000, 500)

    def bands() -> Iterator[NDArray[np.uint8]]:
        for number in range(16):
            yield np.full((100, 800, 3), number, np.uint8)

    tracemalloc.start()
    result = shrink(bands(), shape, target)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result.shape == (1000, 500, 3)
    assert peak < result.nbytes + 8 * 100 * 800 * 3


def test_too_few_rows_are_no_silent_success() -> None:
    with pytest.raises(ValueError, match="expected 20 rows, got 10"):
        shrink(iter([np.zeros((10, 5, 3), np.uint8)]), (20, 5), (15, 4))
