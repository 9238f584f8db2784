"""Enlarging with kernels: known, estimated, per region and painted; tiles never show."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nitido.blind import BlindUpscaler, KernelMap, KernelShape, Stroke, read_strokes, write_strokes
from nitido.errors import BundleInvalid, BundleNotFound, InvalidOption

TRUTH = KernelShape("gaussian", 1.5, 1.5)
WIDE = KernelShape("gaussian", 2.3, 2.3)


def test_the_estimated_kernel_is_what_the_photo_is_enlarged_with(blind, waves):
    upscaler, pixels = blind(TRUTH), waves(100, 130)
    estimate = upscaler.estimate(pixels)
    assert np.array_equal(upscaler(pixels), upscaler(pixels, estimate))
    assert np.array_equal(upscaler(pixels, estimate), upscaler(pixels, estimate.kernel))
    assert not np.array_equal(upscaler(pixels), upscaler(pixels, WIDE))


def test_depth_and_shape(blind, waves):
    pixels = waves(70, 90)
    assert blind(TRUTH)(pixels, TRUTH).shape == (140, 180, 3)
    deep = blind(TRUTH)(pixels.astype(np.uint16) * 257, TRUTH)
    assert deep.dtype == np.uint16
    grey = np.repeat(pixels[..., 1:2], 3, axis=2)
    assert np.ptp(blind(TRUTH)(grey, TRUTH).astype(int), axis=2).max() == 0


def test_tiles_see_the_latents_of_their_place(blind, waves):
    """The doubled network shows a latent per pixel, so that any tile's window that is off shows as well."""
    upscaler, pixels = blind(TRUTH), waves(110, 150)
    shapes = ((TRUTH, WIDE), (KernelShape("gaussian", 0.5, 0.5), TRUTH))
    kernels = KernelMap(shapes, (Stroke(-0.5, circle=(75, 55, 30)),))
    field = kernels.field(lambda shape: upscaler.estimator.latent(shape.kernel(2)), 2, 110, 150)
    shown = np.clip(0.5 + 0.2 * field.window(0, 0, 110, 150)[..., 0], 0, 1)
    found = upscaler(pixels, map=kernels)[::2, ::2, 2]
    assert np.abs(found / 255 - shown).max() < 0.003  # 8 bits
    assert np.ptp(found) > 40


def test_latents_change_smoothly_from_region_to_region(blind):
    latent = blind(TRUTH).estimator.latent
    field = KernelMap(((TRUTH, WIDE),)).field(lambda shape: latent(shape.kernel(2)), 2, 8, 100)
    row = field.window(0, 0, 8, 100)[4, :, 0]
    assert row[10] == row[0]  # up to the middle of the first region
    assert (np.diff(row[25:75]) > 0).all()
    assert np.ptp(np.diff(row[26:74])) < 1e-5


def test_a_stroke_changes_the_photo_inside_it_alone(blind, waves):
    upscaler, pixels = blind(TRUTH), waves(100, 120)
    stroke = Stroke(0.7, polygon=((20, 20), (80, 20), (80, 60), (20, 60)), feather=4)
    plain = upscaler(pixels, map=KernelMap.of(TRUTH))
    painted = upscaler(pixels, map=KernelMap.of(TRUTH, (stroke,)))
    changed = (plain != painted).any(axis=2)
    assert changed[60:100, 60:140].all()
    assert not changed[:30].any()  # beyond the feather
    assert not changed[:, 180:].any()
    assert np.array_equal(painted[80, 100], upscaler(pixels, TRUTH.widened(0.7, 2))[80, 100])


def test_strokes_travel_as_json():
    strokes = (Stroke(0.5, circle=(10, 20, 5)), Stroke(-0.3, polygon=((0, 0), (9, 0), (0, 9)), feather=0))
    assert read_strokes(write_strokes(strokes)) == strokes


@pytest.mark.parametrize(
    "entry",
    [
        {"sigma": 1},
        {"sigma": 1, "circle": [1, 2, 0]},
        {"sigma": 1, "circle": [1, 2]},
        {"sigma": 1, "polygon": [[1, 2], [3, 4]]},
        {"sigma": 1, "circle": [1, 2, 3], "polygon": [[1, 2], [3, 4], [5, 0]]},
        {"circle": [1, 2, 3]},
        {"sigma": 1, "circle": [1, 2, 3], "colour": "red"},
        {"sigma": 1, "circle": [1, 2, 3], "feather": -1},
        [1, 2],
    ],
    ids=str,
)
def test_strokes_that_make_no_sense_are_refused(entry):
    with pytest.raises(InvalidOption, match="stroke"):
        read_strokes(json.dumps({"strokes": [entry]}))


@pytest.mark.parametrize("text", ["", "[]", '{"strokes": 3}', "{"])
def test_what_is_no_list_of_strokes_is_refused(text):
    with pytest.raises(InvalidOption, match="expected strokes as in"):
        read_strokes(text)


def test_a_stroke_outside_the_photo_is_refused(blind, waves):
    outside = KernelMap.of(TRUTH, (Stroke(0.5, circle=(500, 500, 20)),))
    with pytest.raises(InvalidOption, match="touch the photo of 90 x 70"):
        blind(TRUTH)(waves(70, 90), map=outside)


def test_a_kernel_for_another_scale_is_refused(blind, waves):
    from dataclasses import replace

    pixels = waves(70, 90)
    estimate = replace(blind(TRUTH).estimate(pixels), scale=4)
    with pytest.raises(InvalidOption, match="for scale 2, got an estimate for scale 4"):
        blind(TRUTH)(pixels, estimate)
    with pytest.raises(InvalidOption, match="made for a larger scale"):
        blind(TRUTH)(pixels, KernelShape("gaussian", 4, 4).kernel(4))


def test_a_kernel_and_a_map_are_one_too_many(blind, waves):
    with pytest.raises(InvalidOption, match="got both"):
        blind(TRUTH)(waves(70, 90), TRUTH, KernelMap.of(TRUTH))


def test_maps_have_rows_of_one_length():
    with pytest.raises(InvalidOption, match="rows of one length"):
        KernelMap(((TRUTH,), (TRUTH, WIDE)))


def test_graphs_of_something_else_are_refused(blind):
    upscaler = blind(TRUTH)
    kernel = upscaler.estimator.mapping
    with pytest.raises(BundleInvalid, match="export the bundle again"):
        BlindUpscaler(kernel, kernel, kernel, upscaler.task)


def test_a_scale_that_is_not_in_the_zoo_is_told():
    with pytest.raises(BundleNotFound, match="expected blind-x7 in the zoo"):
        BlindUpscaler.open(scale=7)
