"""Downscaling around the network: the grid that it reads, tiles, chroma, wishes, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nitido.bundle.manifest import Build, DownscaleTask, TensorSpec
from nitido.errors import BundleInvalid, InvalidOption
from nitido.photo.model import Pixels
from nitido.runtime.function import FunctionSession
from nitido.sharing import Downscaler
from nitido.sharing.coarseness import coarseness
from nitido.sharing.grid import apart, grid_of
from nitido.sharing.wish import Wish, weights_of
from nitido.sizes import Size

Make = Callable[..., Downscaler]


def photo(height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def ramp(height: int, width: int) -> Pixels:
    y, x = np.mgrid[:height, :width]
    levels = 40 + 100 * y / max(1, height - 1) + 60 * x / max(1, width - 1)
    return np.rint(levels).astype(np.uint8)[..., None].repeat(3, axis=2)


def test_at_half_the_size_the_grid_is_the_photo_itself() -> None:
    luma = photo(6, 8)[..., 0]
    np.testing.assert_array_equal(grid_of(luma, (3, 4)), luma)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("shape", [(40, 60), (41, 59), (7, 300), (1, 1)])
@pytest.mark.parametrize("factor", [0.2, 0.5, 0.66, 1.0])
def test_every_size_is_met_and_a_ramp_stays_one(
    make_downscaler: Make, layout: str, shape: tuple[int, int], factor: float
) -> None:
    pixels = ramp(*shape)
    size = Size(to=(max(1, round(shape[1] * factor)), max(1, round(shape[0] * factor))))
    result = make_downscaler(layout)(pixels, size)
    assert result.shape[:2] == size.of(*shape)
    classic = ramp(*result.shape[:2])
    tolerance = 255 / min(*shape, *result.shape[:2]) + 2  # half a pixel of the steepest ramp, and roundings
    assert np.abs(result.astype(int) - classic).max() <= tolerance


def test_tiles_join_exactly(make_downscaler: Make) -> None:
    pixels = photo(300, 410)
    whole = make_downscaler()(pixels, 0.5)
    np.testing.assert_array_equal(make_downscaler(tile=48)(pixels, 0.5), whole)
    np.testing.assert_array_equal(make_downscaler(side=64)(pixels, 0.5), whole)  # a build of one size


def test_what_a_network_does_at_its_border_never_shows(make_downscaler: Make) -> None:
    pixels = photo(80, 90)
    plain = make_downscaler("NHWC")(pixels, 0.5)
    np.testing.assert_array_equal(make_downscaler("NHWC", edge=0.5)(pixels, 0.5), plain)


def test_grey_stays_grey(make_downscaler: Make) -> None:
    result = make_downscaler()(ramp(50, 70), 0.4)
    assert np.ptp(result, axis=2).max() == 0


def test_chroma_is_kept(make_downscaler: Make) -> None:
    pixels = np.full((40, 40, 3), (200, 60, 30), np.uint8)
    assert np.abs(make_downscaler()(pixels, 0.5).astype(int) - (200, 60, 30)).max() <= 2


def test_the_luma_of_the_result_is_the_networks(make_downscaler: Make) -> None:
    pixels = photo(60, 60) // 2 + 64  # nothing clips
    downscaler = make_downscaler()
    luma, _ = apart(pixels, (30, 30))
    made = downscaler.luma(luma, (30, 30), downscaler.wish((60, 60), (30, 30)))
    found = downscaler(pixels, 0.5) @ np.array([0.299, 0.587, 0.114])
    assert np.abs(found - made).max() <= 1.01  # half a level from rounding luma, half from rounding RGB


def test_the_network_is_told_the_wish(make_downscaler: Make, wishes: list[Any]) -> None:
    make_downscaler()(photo(40, 40), 0.5, detail=1.0, codec="webp", quality=60, receiver="nitido")
    expected = Wish(weights_of(1.0), "webp", 60, 0.5, True).vector()
    np.testing.assert_array_equal(wishes[0], expected)


def test_factors_below_those_learned_are_told_as_the_smallest(
    make_downscaler: Make, wishes: list[Any]
) -> None:
    make_downscaler()(photo(100, 100), 0.1)
    np.testing.assert_array_equal(wishes[0], Wish(weights_of(0.5), "jpeg", 75, 0.25).vector())


@given(st.floats(0, 1))
def test_weights_sum_to_one_along_the_slider(detail: float) -> None:
    weights = weights_of(detail)
    assert sum(weights) == pytest.approx(1)
    assert min(weights) >= 0


def test_the_slider_sharpens_from_its_middle_on(make_downscaler: Make) -> None:
    downscaler, luma = make_downscaler(), photo(200, 160)[..., 0] // 2 + 64  # nothing clips; several bands
    shape = 100, 80
    mean = luma.reshape(100, 2, 80, 2).mean((1, 3))
    around = np.pad(mean, 1, "symmetric")
    smooth = sum(around[y : y + 100, x : x + 80] for y in range(3) for x in range(3)) / 9
    for detail, amount in ((0.0, 0.0), (0.5, 0.0), (0.75, 0.05), (1.0, 0.1)):
        made = downscaler.luma(luma, shape, downscaler.wish(luma.shape, shape, detail))
        expected = mean + amount * (mean - smooth)
        assert np.abs(made - expected).max() <= 0.501  # rounded to whole levels


@pytest.mark.parametrize("codec", ["jpeg", "webp", "avif"])
def test_finer_quality_is_less_coarse(codec: Any) -> None:
    values = [coarseness(codec, quality) for quality in range(5, 101, 5)]
    assert values == sorted(values, reverse=True)


def test_coarseness_doubles_every_six_steps_of_qp() -> None:
    assert coarseness("h264", 34) - coarseness("h264", 28) == pytest.approx(1)


@pytest.mark.parametrize("factor", [0.0, -1.0, 1.01, float("nan")])
def test_a_factor_out_of_range_is_refused(make_downscaler: Make, factor: float) -> None:
    with pytest.raises(InvalidOption, match="factor above 0 and up to 1"):
        make_downscaler()(photo(10, 10), factor)


def test_other_nonsense_is_refused(make_downscaler: Make) -> None:
    downscaler = make_downscaler()
    with pytest.raises(InvalidOption, match="at most the photo's 10x10, got 20x20"):
        downscaler(photo(10, 10), Size(long_side=20))
    with pytest.raises(InvalidOption, match="detail from 0 to 1"):
        downscaler(photo(10, 10), 0.5, detail=1.5)
    with pytest.raises(InvalidOption, match="codec among"):
        downscaler(photo(10, 10), 0.5, codec="gif")  # type: ignore[arg-type]
    with pytest.raises(InvalidOption, match="receiver among"):
        downscaler(photo(10, 10), 0.5, receiver="eye")  # type: ignore[arg-type]
    with pytest.raises(InvalidOption, match="expected pixels"):
        downscaler(photo(10, 10)[..., 0], 0.5)


def test_a_graph_of_other_tensors_is_refused() -> None:
    image = TensorSpec("image", (1, 3, None, None))
    build = Build("main", "onnx-fp32", "x", "0" * 64, 1, (image,), (image,), {})
    with pytest.raises(BundleInvalid, match="a grid of luma"):
        Downscaler(FunctionSession(lambda inputs: inputs, build), DownscaleTask(3, 512))
