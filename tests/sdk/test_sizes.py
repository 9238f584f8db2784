"""Sizes: what was asked for comes out, in the photo's proportions, by the least networks that are enough."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nitido.errors import InvalidOption, PhotoUnsupported
from nitido.sizes import Size, passes

SIDES = st.integers(1, 20000)


@given(SIDES, SIDES, SIDES, SIDES)
def test_a_photo_fits_exactly_into_a_box_in_its_proportions(
    height: int, width: int, wide: int, tall: int
) -> None:
    rows, columns = Size(to=(wide, tall)).of(height, width)
    assert rows <= tall
    assert columns <= wide
    assert rows == tall or columns == wide
    if min(rows, columns) > 1:  # each side is the photo's, times one factor, rounded to whole pixels
        factor = rows / height if rows == tall else columns / width
        other = columns if rows == tall else rows
        assert abs(other - factor * (width if rows == tall else height)) <= 0.5 or columns == wide


@given(SIDES, SIDES, SIDES)
def test_the_longer_side_is_exactly_as_asked_for(height: int, width: int, side: int) -> None:
    rows, columns = Size(long_side=side).of(height, width)
    assert max(rows, columns) == side
    assert (rows >= columns) == (height >= width) or rows == columns


@given(SIDES, SIDES, st.floats(1, 16))
def test_a_scale_is_met_within_half_a_pixel(height: int, width: int, scale: float) -> None:
    rows, columns = Size(scale=scale).of(height, width)
    assert abs(rows - height * scale) <= 0.5
    assert abs(columns - width * scale) <= 0.5


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (Size(to=(3000, 2000)), (2000, 2667)),  # 4:3 into 3:2
        (Size(to=(2000, 3000)), (1500, 2000)),
        (Size(to=(4000, 3000)), (3000, 4000)),
        (Size(long_side=4096), (3072, 4096)),
        (Size(scale=2.5), (1875, 2500)),
    ],
)
def test_sizes_of_a_photo_of_1000x750(size: Size, expected: tuple[int, int]) -> None:
    assert size.of(750, 1000) == expected


@given(SIDES, SIDES, st.floats(1, 16))
def test_networks_reach_the_target_and_none_smaller_would(height: int, width: int, scale: float) -> None:
    target = Size(scale=scale).of(height, width)
    assume(target != (height, width))
    chain = passes((height, width), target, (2, 3, 4))
    reached = math.prod(chain)
    assert height * reached >= target[0]
    assert width * reached >= target[1]
    products = {2, 3, 4, 6, 8, 9, 12, 16}
    assert not any(
        height * less >= target[0] and width * less >= target[1] for less in products if less < reached
    )
    assert len(chain) == (1 if reached <= 4 else 2)
    assert list(chain) == sorted(chain)


@pytest.mark.parametrize(
    ("scales", "factor", "expected"),
    [
        ((2, 3, 4), 1, ()),
        ((2, 3, 4), 3.2, (4,)),
        ((2, 3, 4), 5, (2, 3)),
        ((2, 3, 4), 7, (2, 4)),
        ((2, 3, 4), 8.5, (3, 3)),
        ((2, 3, 4), 16, (4, 4)),
        ((2, 4), 3, (4,)),
        ((2,), 3, (2, 2)),
    ],
)
def test_the_smallest_sufficient_networks(
    scales: tuple[int, ...], factor: float, expected: tuple[int, ...]
) -> None:
    assert passes((100, 50), Size(scale=factor).of(100, 50), scales) == expected


def test_a_size_out_of_reach_is_refused_with_its_limit() -> None:
    with pytest.raises(PhotoUnsupported, match="at most 4 times, got 10x10 to become 41x41"):
        passes((10, 10), (41, 41), (2,))


@pytest.mark.parametrize("target", [(9, 20), (20, 9), (9, 9)])
def test_a_size_smaller_than_the_photo_is_refused(target: tuple[int, int]) -> None:
    with pytest.raises(InvalidOption, match="at least the photo's 10x10"):
        passes((10, 10), target, (2, 3, 4))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"scale": 2, "long_side": 5},
        {"scale": 0.5},
        {"scale": 16.5},
        {"scale": math.nan},
        {"to": (0, 5)},
        {"long_side": 0},
    ],
)
def test_a_size_that_makes_no_sense_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption, match="expected"):
        Size(**asked)
