"""Kernels: normalised and centred as bicubic's are; those that somebody knows are checked."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nitido.blind import KernelShape
from nitido.blind.known import known, like, moments, shrink
from nitido.blind.shape import FAMILIES, SIDE, centre, largest
from nitido.blind.space import sample, starts
from nitido.errors import InvalidOption

SCALES = (2, 3, 4)
LARGE = (200, 200, 3)


@st.composite
def shapes(draw: st.DrawFn) -> KernelShape:
    extents = sorted(draw(st.lists(st.floats(0.25, 2.3), min_size=2, max_size=2)))
    turned = extents[1] > 1.1 * extents[0]  # nearly equal extents have no axis to turn
    angle = draw(st.floats(0, math.pi - 0.01)) if turned else 0.0
    return KernelShape(draw(st.sampled_from(FAMILIES)), extents[1], extents[0], angle)


@given(shape=shapes(), scale=st.sampled_from(SCALES))
def test_kernels_sum_to_one_and_have_their_mass_where_the_scale_wants_it(shape, scale):
    kernel = shape.kernel(scale)
    places = np.arange(SIDE) - SIDE // 2
    assert kernel.shape == (SIDE, SIDE)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    # a twentieth of a pixel: discs and boxes are rasterised on a grid of sixths
    assert [float(places @ kernel.sum(axis)) for axis in (0, 1)] == pytest.approx(
        [centre(scale)] * 2, abs=0.05
    )


@pytest.mark.parametrize("scale", SCALES)
def test_a_cubic_narrower_than_a_point_sample_is_one(scale):
    narrow = KernelShape("bicubic", 0.25, 0.25)
    assert np.array_equal(narrow.kernel(scale), KernelShape.impulse().kernel(scale))


@given(shape=shapes(), scale=st.sampled_from(SCALES))
def test_coordinates_tell_a_shape(shape, scale):
    again = KernelShape.at(shape.family, shape.coordinates, scale)
    assert (again.long, again.short) == pytest.approx((shape.long, shape.short), rel=1e-6)
    assert np.abs(again.kernel(scale) - shape.kernel(scale)).max() < 0.02  # the angle, rounded, moves edges


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    "shape", [KernelShape.bicubic(3), KernelShape.impulse(), KernelShape.motion(5, 0.7)], ids=str
)
def test_small_and_large_photos_cover_the_same_ground(scale, shape):
    """On a ramp every centred kernel reads the value at its pixel's middle: s * i + (s - 1) / 2."""
    x = np.arange(64 * scale)
    ramp = np.broadcast_to((x * 200.0 / x[-1])[None, :, None], (24 * scale, len(x), 3))
    small = shrink(np.round(ramp).astype(np.uint8), shape.kernel(scale), scale)
    middles = (scale * np.arange(64) + (scale - 1) / 2) * 200.0 / x[-1]
    inner = slice(8, -8)  # beyond, borders mirror
    assert (
        np.abs(small[12, inner, 0] - middles[inner]).max() < 1.1
    )  # rounded twice, and a twentieth of a pixel


def test_extents_are_standard_deviations():
    for family in ("gaussian", "disc", "box"):
        long, short, angle = moments(KernelShape(family, 2.0, 1.0, 0.5).kernel(3), 3)
        assert (long, short, angle) == pytest.approx((2.0, 1.0, 0.5), abs=0.06)  # as areas of pixels
    assert like(KernelShape("box", 2.0, 1.0, 0.5).kernel(2), 2).long == pytest.approx(2.0, abs=0.06)


@pytest.mark.parametrize("scale", SCALES)
def test_draws_repeat_by_their_seed_and_cover_the_families(scale):
    first, again = ([sample(np.random.default_rng(5), scale) for _ in range(1)] for _ in range(2))
    assert first == again
    rng = np.random.default_rng(0)
    drawn = [sample(rng, scale) for _ in range(300)]
    assert {shape.family for shape in drawn} == set(FAMILIES)
    assert KernelShape.bicubic(scale) in drawn
    assert max(shape.long for shape in drawn) <= largest(scale)
    assert all(shape.long >= shape.short > 0 for shape in drawn)


@pytest.mark.parametrize("scale", SCALES)
def test_searches_start_from_different_kernels(scale):
    kernels = np.stack([shape.kernel(scale).ravel() for shape in starts(scale)])
    apart = np.abs(kernels[:, None] - kernels[None]).sum(axis=2) + 9 * np.eye(len(kernels))
    assert starts(scale)[0] == KernelShape.bicubic(scale)
    assert apart.min() > 0.05


def test_widening_stays_in_the_space():
    shape = KernelShape("gaussian", 1.5, 0.5)
    assert shape.widened(0.4, 2).long == pytest.approx(1.9)
    assert shape.widened(-9, 2).short > 0
    assert shape.widened(9, 2).long == largest(2)


@pytest.mark.parametrize("scale", SCALES)
def test_a_known_kernel_that_is_centred_stays_as_it_is(scale):
    kernel = KernelShape("gaussian", 1.2, 0.7, 0.3).kernel(scale)
    assert np.abs(known(3 * kernel, scale, LARGE) - kernel).max() < 1e-5


def test_where_the_middle_of_a_known_kernel_lies_does_not_matter():
    y, x = np.mgrid[-5:6, -5:6]
    at_pixel = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    moved = np.pad(at_pixel, ((3, 1), (0, 4)))  # 15 x 15, its middle elsewhere
    expected = KernelShape("gaussian", 1.5, 1.5).kernel(2)
    for kernel in (at_pixel, moved):
        assert np.abs(known(kernel, 2, LARGE) - expected).max() < 2e-3  # cut at 11 pixels, and interpolated


@pytest.mark.parametrize(
    ("kernel", "told"),
    [
        (np.ones((8, 8)), "two odd sides"),
        (np.ones(9), "two odd sides"),
        (-np.ones((9, 9)), "positive sum"),
        (np.full((9, 9), np.nan), "positive sum"),
        (np.ones((21, 21)), "made for a larger scale"),
        (np.pad(np.ones((3, 3)), 300), "no larger than the photo"),
        (np.pad(np.ones((41, 1)), ((0, 0), (20, 20))), "made for a larger scale"),
    ],
)
def test_kernels_that_cannot_be_are_refused_with_the_reason(kernel, told):
    with pytest.raises(InvalidOption, match=told):
        known(kernel, 2, LARGE)
