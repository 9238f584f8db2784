"""Tiled equals untiled, to the bit, for networks whose every output bit depends on everything in reach."""

from __future__ import annotations

import math
import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nitido.errors import InvalidOption
from nitido.photo.model import Pixels
from nitido.tiler import Tile, Tiler, crop

WEIGHTS = 2 * np.random.default_rng(3).integers(0, 128, (3, 3), dtype=np.uint8) + np.uint8(1)


@dataclass(frozen=True)
class Network:
    """An encoder and decoder on bytes that wrap around: zero-padded 3x3 convolutions, no sample is ever lost.

    ``before`` layers, blocks of ``multiple`` squared summed, ``inside`` layers, blocks repeated, ``after``
    layers, pixels repeated ``scale`` times, and one last layer.
    """

    before: int
    inside: int
    after: int
    multiple: int
    scale: int

    @property
    def reach(self) -> int:
        """How many pixels a wrong tile border spoils, when the border lies on a multiple.

        A block is spoilt as a whole, hence the rounding; the last layer reaches the next pixel at any scale.
        """
        blocks = math.ceil(self.before / self.multiple) + self.inside
        return blocks * self.multiple + self.after + 1

    def __call__(self, pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        m = self.multiple
        x = layers(pixels, self.before)
        x = x.reshape(height // m, m, width // m, m, 3).sum((1, 3), dtype=np.uint8)
        x = layers(x, self.inside)
        x = layers(x.repeat(m, 0).repeat(m, 1), self.after)
        return layer(x.repeat(self.scale, 0).repeat(self.scale, 1))


def layers(x: Pixels, count: int) -> Pixels:
    for _ in range(count):
        x = layer(x)
    return x


def layer(x: Pixels) -> Pixels:
    """A convolution with odd weights, modulo 256, then a bijection that is not linear; channels are mixed."""
    height, width = x.shape[:2]
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    total = np.full(x.shape, 17, np.uint8)
    for dy in range(3):
        for dx in range(3):
            total += WEIGHTS[dy, dx] * padded[dy : dy + height, dx : dx + width]
    total ^= total >> 3
    return total + 3 * np.roll(total, 1, axis=2)


def photo(height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng([height, width, seed]).integers(0, 256, (height, width, 3), dtype=np.uint8)


def untiled(network: Network, pixels: Pixels, least: tuple[int, int]) -> Pixels:
    """The network on the whole photo, mirrored up to a multiple and to at least ``least``."""
    m = network.multiple
    pad = [
        (0, max(math.ceil(size / m) * m, minimum) - size)
        for size, minimum in zip(pixels.shape[:2], least, strict=True)
    ]
    result = network(np.pad(pixels, (*pad, (0, 0)), mode="symmetric"))
    return result[: pixels.shape[0] * network.scale, : pixels.shape[1] * network.scale]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Network, tuple[int, int], bool, Pixels]:
    network = Network(
        before=draw(st.integers(1, 3)),
        inside=draw(st.integers(1, 2)),
        after=draw(st.integers(0, 2)),
        multiple=draw(st.integers(1, 8)),
        scale=draw(st.integers(1, 4)),
    )
    m = network.multiple
    smallest = math.ceil((2 * network.reach + m) / m) * m
    tile = (smallest + m * draw(st.integers(0, 3)), smallest + m * draw(st.integers(0, 3)))
    size = (draw(st.integers(1, 3 * tile[0])), draw(st.integers(1, 3 * tile[1])))
    return network, tile, draw(st.booleans()), photo(*size)


@settings(deadline=None, max_examples=60)
@given(cases())
def test_tiles_join_exactly_when_the_halo_covers_the_reach(
    case: tuple[Network, tuple[int, int], bool, Pixels],
) -> None:
    network, tile, fixed, pixels = case
    tiler = Tiler(tile, network.reach, network.multiple, network.scale, fixed)
    tiled = tiler.run((pixels,), lambda _, crops: network(crops[0]))
    np.testing.assert_array_equal(tiled, untiled(network, pixels, tile if fixed else (1, 1)))


@settings(deadline=None, max_examples=60)
@given(cases())
def test_a_halo_one_smaller_than_the_reach_shows(case: tuple[Network, tuple[int, int], bool, Pixels]) -> None:
    network, tile, fixed, pixels = case
    tiler = Tiler(tile, network.reach - 1, network.multiple, network.scale, fixed)
    assume(len(tiler.plan(*pixels.shape[:2])) > 1)
    tiled = tiler.run((pixels,), lambda _, crops: network(crops[0]))
    assert (tiled != untiled(network, pixels, tile if fixed else (1, 1))).any()


def test_several_photos_are_cut_alike_and_steps_know_where_they_are() -> None:
    network = Network(before=1, inside=1, after=0, multiple=2, scale=2)
    first, second = photo(61, 83), photo(61, 83, seed=1)
    place = np.indices((62, 84)).sum(0, dtype=np.uint8)[..., None]

    def step(tile: Tile, crops: tuple[Pixels, ...]) -> Pixels:
        here = place[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
        return network(crops[0] + 5 * crops[1] + here)

    tiled = Tiler(24, network.reach, 2, 2).run((first, second), step)
    whole = [np.pad(pixels, ((0, 1), (0, 1), (0, 0)), mode="symmetric") for pixels in (first, second)]
    np.testing.assert_array_equal(tiled, network(whole[0] + 5 * whole[1] + place)[:122, :166])


@settings(deadline=None)
@given(
    size=st.tuples(st.integers(1, 400), st.integers(1, 400)),
    halo=st.integers(0, 20),
    multiple=st.integers(1, 8),
    more=st.integers(0, 12),
    fixed=st.booleans(),
)
def test_a_plan_keeps_each_pixel_once_from_equal_tiles_inside_the_padded_photo(
    size: tuple[int, int], halo: int, multiple: int, more: int, fixed: bool
) -> None:
    tile = (math.ceil(2 * halo / multiple) + 1 + more) * multiple
    plan = Tiler(tile, halo, multiple, fixed=fixed).plan(*size)
    kept = np.zeros(size, int)
    for part in plan:
        kept[slice(*part.rows), slice(*part.columns)] += 1
        assert (
            part.top % multiple
            == part.left % multiple
            == part.height % multiple
            == part.width % multiple
            == 0
        )
        for start, side, total in ((part.top, part.height, size[0]), (part.left, part.width, size[1])):
            assert start >= 0
            assert start + side < max(total + multiple, tile + 1 if fixed else 0)
    assert (kept == 1).all()
    assert {(part.height, part.width) for part in plan} == {(plan[0].height, plan[0].width)}
    assert (
        (plan[0].height, plan[0].width) == (tile, tile)
        if fixed
        else max(plan[0].height, plan[0].width) <= tile
    )


def test_free_tiles_are_no_larger_than_the_photo_needs() -> None:
    plan = Tiler(512, halo=8).plan(100, 1010)
    assert [tile.width for tile in plan] == [348] * 3  # 1010 and twice 16 of overlap, by three, rounded up
    assert {tile.height for tile in plan} == {100}


@pytest.mark.parametrize("size", [(1, 1), (3, 20000), (20000, 3)])
@pytest.mark.parametrize("fixed", [True, False])
def test_extreme_shapes_work(size: tuple[int, int], fixed: bool) -> None:
    network = Network(before=1, inside=1, after=1, multiple=4, scale=2)
    pixels = photo(*size)
    tiled = Tiler(128, network.reach, 4, 2, fixed).run((pixels,), lambda _, crops: network(crops[0]))
    np.testing.assert_array_equal(tiled, untiled(network, pixels, (128, 128) if fixed else (1, 1)))


def test_memory_is_the_result_and_one_tile() -> None:
    pixels = photo(1500, 2000)
    tiler = Tiler(256, halo=16)
    tracemalloc.start()
    result = tiler.run((pixels,), lambda _, crops: crops[0].copy())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(result, pixels)
    assert peak < result.nbytes + 4 * 256 * 256 * 3


@settings(deadline=None, max_examples=40)
@given(cases())
def test_bands_are_the_result_cut_into_rows_of_tiles(
    case: tuple[Network, tuple[int, int], bool, Pixels],
) -> None:
    network, tile, fixed, pixels = case
    tiler = Tiler(tile, network.reach, network.multiple, network.scale, fixed)
    whole = tiler.run((pixels,), lambda _, crops: network(crops[0]))
    bands = list(tiler.bands((pixels,), lambda _, crops: network(crops[0])))
    np.testing.assert_array_equal(np.concatenate(bands), whole)
    assert len(bands) == len({part.rows for part in tiler.plan(*pixels.shape[:2])})


def test_16_bit_photos_stay_16_bit_photos() -> None:
    deep = photo(50, 60).astype(np.uint16) * 200
    result = Tiler(24, 2).run((deep,), lambda _, crops: crops[0] + np.uint16(5))
    assert result.dtype == np.uint16
    np.testing.assert_array_equal(result, deep + 5)


def test_photos_of_two_depths_are_refused() -> None:
    with pytest.raises(InvalidOption, match="one size and depth"):
        Tiler(8, 1).run((photo(8, 8), photo(8, 8).astype(np.uint16)), lambda _, crops: crops[0])


@settings(deadline=None)
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    start=st.tuples(st.integers(-30, 30), st.integers(-30, 30)),
    window=st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
def test_a_crop_beyond_the_edges_is_mirrored(
    size: tuple[int, int], start: tuple[int, int], window: tuple[int, int]
) -> None:
    pixels = photo(*size)
    around = np.pad(pixels, ((30, 60), (30, 60), (0, 0)), mode="symmetric")
    y, x = start[0] + 30, start[1] + 30
    np.testing.assert_array_equal(crop(pixels, *start, *window), around[y : y + window[0], x : x + window[1]])


def test_a_crop_inside_the_photo_copies_nothing() -> None:
    pixels = photo(20, 30)
    assert np.shares_memory(crop(pixels, 2, 3, 18, 27), pixels)


@pytest.mark.parametrize(("tile", "halo", "multiple"), [(16, 8, 1), (20, 8, 8), (18, 4, 4), ((64, 16), 8, 1)])
def test_a_tile_that_cannot_be_is_refused(tile: int | tuple[int, int], halo: int, multiple: int) -> None:
    with pytest.raises(InvalidOption, match="use a larger tile"):
        Tiler(tile, halo, multiple)


def test_photos_of_two_sizes_are_refused() -> None:
    with pytest.raises(InvalidOption, match=r"one size and depth, got \[\(8, 8\), \(8, 9\)\]"):
        Tiler(8, 1).run((photo(8, 8), photo(8, 9)), lambda _, crops: crops[0])


def test_a_step_of_another_scale_is_refused() -> None:
    with pytest.raises(InvalidOption, match="16 x 16 pixels"):
        Tiler(8, 1, scale=2).run((photo(8, 8),), lambda _, crops: crops[0])


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8, 3)),
        np.zeros((8, 8, 3), np.int16),
        np.zeros((0, 8, 3), np.uint8),
    ],
)
def test_what_is_not_pixels_is_refused(pixels: Pixels) -> None:
    with pytest.raises(InvalidOption, match=r"\(H, W, 3\) uint8"):
        Tiler(8, 1).run((pixels,), lambda _, crops: crops[0])
