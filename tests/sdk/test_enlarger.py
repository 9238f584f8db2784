"""The enlarger: photos of any shape to any size, with all their bits, their grey and their transparency."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nitido import zoo
from nitido.enlarger import Enlarger
from nitido.errors import BundleNotFound, InvalidOption, PhotoUnsupported
from nitido.photo.depth import to_8_bits
from nitido.photo.model import Metadata, Photo
from nitido.sizes import Size

SAME_FIXTURE = settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
"""The enlarger is the same for all examples on purpose: it keeps nothing but opened networks."""


def deep_photo(height: int, width: int) -> NDArray[np.uint16]:
    return np.random.default_rng([height, width]).integers(0, 65536, (height, width, 3), dtype=np.uint16)


def disc(height: int, width: int, white: int) -> NDArray[Any]:
    """An antialiased disc in the middle, off it by a third of a pixel."""
    rows, columns = np.indices((height, width))
    distance = np.hypot(rows - height / 2 + 0.2, columns - width / 2 - 0.3)
    return np.clip((height / 3 - distance) * white, 0, white).astype(np.uint16 if white > 255 else np.uint8)


@SAME_FIXTURE
@given(
    shape=st.sampled_from([(1, 1), (1, 90), (300, 1), (2, 131), (37, 53), (64, 64)]),
    size=st.one_of(st.builds(Size, scale=st.floats(1, 16)), st.builds(Size, long_side=st.integers(300, 700))),
    dtype=st.sampled_from([np.uint8, np.uint16]),
)
def test_any_shape_comes_out_in_exactly_the_size_asked_for(
    bicubic_enlarger: Enlarger, shape: tuple[int, int], size: Size, dtype: Any
) -> None:
    samples = deep_photo(*shape) if dtype == np.uint16 else to_8_bits(deep_photo(*shape))
    assume(max(size.of(*shape)) <= min(16 * max(shape), 1500))
    result = bicubic_enlarger(samples, size)
    assert result.shape == (*size.of(*shape), 3)
    assert result.dtype == dtype


@pytest.mark.parametrize("scale", [1.3, 2, 2.7, 3.5, 4, 5.5, 8])
def test_a_ramp_is_not_shifted(bicubic_enlarger: Enlarger, scale: float) -> None:
    """A quarter of a pixel of the network's would be 50 levels of 65535 or more; Lanczos' ripple is below."""
    height, width = 50, 70
    rows, columns = np.indices((height, width))
    samples = np.stack([800 * columns, 800 * columns, 800 * rows], axis=2).astype(np.uint16) + 4000
    result = bicubic_enlarger(samples, Size(scale=scale)).astype(float)
    tall, wide = result.shape[:2]
    across = 4000 + 800 * ((np.arange(wide) + 0.5) * width / wide - 0.5)
    down = 4000 + 800 * ((np.arange(tall) + 0.5) * height / tall - 0.5)
    inner = slice(int(6 * scale), -int(6 * scale))
    for error in (result[:, inner, 0] - across[inner], result[inner, :, 2] - down[inner, None]):
        assert np.abs(error).max() < 25
        assert abs(error.mean()) < 5


def test_whole_scales_are_the_network_alone(bicubic_enlarger: Enlarger) -> None:
    samples = deep_photo(40, 50)
    alone = bicubic_enlarger._upscaler(3)(samples)
    np.testing.assert_array_equal(bicubic_enlarger(samples, Size(scale=3)), alone)
    np.testing.assert_array_equal(bicubic_enlarger(samples, Size(to=(150, 5000))), alone)


def test_networks_are_opened_when_needed_and_told(bicubic_enlarger: Enlarger) -> None:
    assert bicubic_enlarger.info == ""
    bicubic_enlarger(deep_photo(5, 5), Size(scale=6.5))
    assert sorted(bicubic_enlarger._opened) == [2, 4]
    assert bicubic_enlarger.info.startswith("onnx-fp32 on cpu (function")
    assert bicubic_enlarger.passes((5, 5), Size(scale=6.5)) == (2, 4)


def test_the_size_that_a_photo_has_returns_the_photo(bicubic_enlarger: Enlarger) -> None:
    samples = deep_photo(20, 30)
    assert bicubic_enlarger(samples, Size(long_side=30)) is samples
    photo = Photo(to_8_bits(samples), Metadata("PNG"), alpha=disc(20, 30, 255))
    same = bicubic_enlarger.photo(photo, Size(scale=1))
    np.testing.assert_array_equal(same.alpha, photo.alpha)
    np.testing.assert_array_equal(same.pixels, photo.pixels)


def test_smaller_and_far_larger_sizes_are_refused(bicubic_enlarger: Enlarger) -> None:
    with pytest.raises(InvalidOption, match="at least the photo's 30x20, got 15x10"):
        bicubic_enlarger(deep_photo(20, 30), Size(long_side=15))
    with pytest.raises(PhotoUnsupported, match="at most 16 times, got 30x20 to become 600x400"):
        bicubic_enlarger(deep_photo(20, 30), Size(long_side=600))


@pytest.mark.parametrize("scale", [1.7, 2, 5])
def test_all_16_bits_of_a_photo_are_enlarged(bicubic_enlarger: Enlarger, scale: float) -> None:
    """A ramp of 3 levels of 65535 a pixel is flat in 8 bits; enlarged it rises as evenly as before."""
    ramp = (30000 + 3 * np.arange(60))[None, :, None].repeat(40, 0).repeat(3, 2).astype(np.uint16)
    photo = Photo(to_8_bits(ramp), Metadata("PNG"), bit_depth=16, deep=ramp)
    enlarged = bicubic_enlarger.photo(photo, Size(scale=scale))
    assert enlarged.bit_depth == 16
    assert enlarged.deep is not None
    np.testing.assert_array_equal(to_8_bits(enlarged.deep), enlarged.pixels)
    wide = enlarged.width
    expected = 30000 + 3 * ((np.arange(wide) + 0.5) * 60 / wide - 0.5)
    margin = int(6 * scale)
    # Rounded once by each network and once by the resample; a ripple of Lanczos.
    assert np.abs(enlarged.deep[:, margin:-margin, 1] - expected[margin:-margin]).max() <= 1.6


@pytest.mark.parametrize("scale", [2, 2.5, 7])
def test_grey_stays_grey(bicubic_enlarger: Enlarger, scale: float) -> None:
    grey = deep_photo(33, 47)[..., :1].repeat(3, 2)
    for samples in (grey, to_8_bits(grey)):
        result = bicubic_enlarger(samples, Size(scale=scale))
        assert (result == result[..., :1]).all()


def transparent(white: int, hidden: NDArray[Any]) -> Photo:
    """A red disc; what is hidden around it is anything."""
    alpha = disc(48, 56, white)
    colour = hidden.astype(alpha.dtype)
    colour[alpha > 0] = [white, white // 5, 0]
    if white == 255:
        return Photo(colour, Metadata("PNG"), alpha=alpha)
    return Photo(
        to_8_bits(colour), Metadata("PNG"), to_8_bits(alpha), bit_depth=16, deep=colour, deep_alpha=alpha
    )


@pytest.mark.parametrize("white", [255, 65535])
@pytest.mark.parametrize("scale", [1.4, 2, 3.3, 6])
def test_no_hidden_colour_bleeds_into_what_shows(
    bicubic_enlarger: Enlarger, white: int, scale: float
) -> None:
    garbage = np.random.default_rng(0).integers(0, white + 1, (2, 48, 56, 3))
    first, second = (
        bicubic_enlarger.photo(transparent(white, hidden), Size(scale=scale)) for hidden in garbage
    )
    shows = first.finest_alpha
    assert shows is not None
    assert (first.finest != second.finest).any(), "far from the disc, hidden colours stay"
    colours = np.unique(first.finest[shows > 0], axis=0)
    np.testing.assert_array_equal(colours, [[white, white // 5, 0]])
    np.testing.assert_array_equal(first.finest[shows > 0], second.finest[shows > 0])


@pytest.mark.parametrize("white", [255, 65535])
@pytest.mark.parametrize("scale", [1.4, 2, 3.3, 6])
def test_opacity_is_enlarged_in_place_with_the_colours(
    bicubic_enlarger: Enlarger, white: int, scale: float
) -> None:
    photo = transparent(white, np.zeros((48, 56, 3)))
    # The same disc in colour, on black: where opacity and colour come apart, there is a fringe.
    grey = photo.finest_alpha[..., None].repeat(3, 2)  # type: ignore[index]
    enlarged, beside = (
        bicubic_enlarger.photo(photo, Size(scale=scale)),
        bicubic_enlarger(grey, Size(scale=scale)),
    )
    alpha = enlarged.finest_alpha
    assert alpha is not None
    assert alpha.dtype == (np.uint8 if white == 255 else np.uint16)
    assert (enlarged.deep_alpha is None) == (white == 255)
    # keep_flat takes away the overshoot of bicubic and Lanczos beside the edge: some 4 percent at most.
    assert np.abs(alpha.astype(float) - beside[..., 0]).max() < 0.06 * white
    rows, columns = np.indices(alpha.shape)
    weight = alpha / alpha.sum(dtype=np.float64)
    before = photo.finest_alpha
    assert before is not None
    y, x = np.indices(before.shape)
    share = before / before.sum(dtype=np.float64)
    for after, place, factor in (
        ((rows * weight).sum(), (y * share).sum(), alpha.shape[0] / 48),
        ((columns * weight).sum(), (x * share).sum(), alpha.shape[1] / 56),
    ):
        assert abs((after + 0.5) / factor - (place + 0.5)) < 0.01  # of a pixel of the photo


def test_flat_opacity_stays_exactly_and_needs_no_network() -> None:
    photo = Photo(to_8_bits(deep_photo(10, 12)), Metadata("PNG"), alpha=np.full((10, 12), 200, np.uint8))
    opened = Enlarger({})
    opacity = opened._opacity(photo.alpha, Size(scale=2.5))  # type: ignore[type-var]
    assert opacity.shape == (25, 30)
    assert np.unique(opacity).tolist() == [200]


def test_a_shipped_network_leaves_opaque_and_clear_as_they_are() -> None:
    """Where all around is 255 the network itself may answer 254."""
    alpha = np.full((40, 60), 255, np.uint8)
    alpha[:, 30:] = 0
    photo = Photo(to_8_bits(deep_photo(40, 60)), Metadata("PNG"), alpha=alpha)
    enlarged = Enlarger.open(threads=1).photo(photo, Size(scale=2.5)).alpha
    assert enlarged is not None
    assert np.unique(enlarged[:, :72]).tolist() == [255]
    assert np.unique(enlarged[:, 78:]).tolist() == [0]


@pytest.mark.parametrize("scale", [1.5, 2])
def test_a_shipped_network_and_the_resample_do_not_shift(scale: float) -> None:
    """A tenth of a pixel of the photo would be 25 levels; networks are not exact on ramps, hence the 8."""
    ramp = (3000 + 250 * np.arange(120))[None, :, None].repeat(40, 0).repeat(3, 2).astype(np.uint16)
    result = Enlarger.open(threads=1)(ramp, Size(scale=scale)).astype(float)
    wide = result.shape[1]
    expected = 3000 + 250 * ((np.arange(wide) + 0.5) * 120 / wide - 0.5)
    error = (result[..., 1] - expected)[20:-20, 30:-30]
    slope = np.polyfit(expected[30:-30], result[20:-20, 30:-30, 1].mean(0), 1)[0]
    # A tint of the network is an offset; what is left of it between two mirrored ramps is shift.
    mirrored = Enlarger.open(threads=1)(ramp[:, ::-1].copy(), Size(scale=scale)).astype(float)[:, ::-1]
    assert abs((result - mirrored)[20:-20, 30:-30, 1].mean()) / 2 < 8
    assert 0.99 < slope < 1.01
    assert np.abs(error - error.mean()).max() < 257


def test_the_enlarger_takes_the_networks_of_one_tier(
    tmp_path: Path, make_bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoo, "_ROOT", tmp_path)
    make_bundle(tmp_path / "sr-x2")
    make_bundle(tmp_path / "sr-x4-fast", scale=4)
    assert Enlarger.open().passes((10, 10), Size(scale=3)) == (2, 2)
    assert Enlarger.open(tier="fast").passes((10, 10), Size(scale=2)) == (4,)
    pixels = to_8_bits(deep_photo(10, 14))
    assert Enlarger.open(threads=1)(pixels, Size(scale=2.5)).shape == (25, 35, 3)
    with pytest.raises(BundleNotFound, match=r"sr-x2-quality, .* the zoo has: sr-x2, sr-x4-fast"):
        Enlarger.open(tier="quality")
    with pytest.raises(InvalidOption, match="a tier among"):
        Enlarger.open(tier="best")
