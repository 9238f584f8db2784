"""Estimating: the true kernel is found, regions differ, and photos that tell nothing are told so."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nitido.blind import Effort, KernelShape
from nitido.errors import InvalidOption

TRUTH = KernelShape("gaussian", 1.9, 0.8, 0.9)


def test_the_kernel_that_made_the_photo_is_found(blind, waves):
    upscaler = blind(TRUTH)
    found = upscaler.estimate(waves(160, 200))
    assert found.shape.coordinates == pytest.approx(TRUTH.coordinates, abs=0.1)
    assert np.array_equal(found.kernel, found.shape.kernel(2))
    assert found.after < 0.2 * found.before
    assert found.confidence > 0.7
    assert found.note == ""
    assert found.latent == pytest.approx(upscaler.estimator.latent(found.kernel))


def test_more_effort_finds_a_closer_kernel(blind, waves):
    upscaler = blind(TRUTH)
    errors = [upscaler.estimate(waves(160, 200), Effort(rounds=rounds)).after for rounds in (0, 1, 3)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 1.5 * errors[2]


def test_a_search_that_begins_at_the_truth_ends_there(blind, waves):
    bicubic = KernelShape.bicubic(2)
    found = blind(bicubic).estimate(waves(160, 200))
    assert found.shape == bicubic
    assert (found.after, found.iterations) == (pytest.approx(0, abs=1e-3), 0)


def test_a_photo_too_small_to_tell_falls_back_to_bicubic_and_says_so(blind, waves):
    found = blind(TRUTH).estimate(waves(31, 200))
    assert found.shape == KernelShape.bicubic(2)
    assert found.confidence == 0
    assert "too small" in found.note


def test_what_gains_too_little_to_be_seen_stays_bicubic(blind, waves):
    bicubic = KernelShape.bicubic(2)
    near = dataclasses.replace(bicubic, long=1.02 * bicubic.long)
    found = blind(near).estimate(waves(160, 200))
    assert found.shape == bicubic
    assert found.after == found.before
    assert found.note == ""


def test_a_small_photo_is_judged_with_its_mirror_image(blind, waves):
    found = blind(TRUTH).estimate(waves(40, 200))
    assert found.shape.coordinates == pytest.approx(TRUTH.coordinates, abs=0.15)
    assert found.note == ""


def test_where_families_tie_the_commoner_is_taken(blind, waves):
    disc, gaussian, soft = (KernelShape(family, 1.6, 1.6) for family in ("disc", "gaussian", "bicubic"))
    estimator = blind(gaussian).estimator  # a disc of the same extents is the same to its judge
    wrong = [KernelShape("gaussian", extent, extent) for extent in (0.3, 0.4, 2.3)]
    for order in ((disc, gaussian), (gaussian, disc)):
        tied = dataclasses.replace(estimator, candidates=(soft, *order, *wrong))
        assert tied(waves(160, 200), Effort(rounds=0)).shape == gaussian


def test_a_flat_photo_has_no_confidence_and_says_so(blind):
    found = blind(TRUTH).estimate(np.full((128, 128, 3), 130, np.uint8))
    assert found.shape == KernelShape.bicubic(2)
    assert found.confidence < 0.05
    assert "bicubic is assumed" in found.note


def test_kernels_of_regions_are_told_apart(blind, waves):
    left, right = KernelShape("gaussian", 0.8, 0.8), KernelShape("gaussian", 1.9, 1.9)
    upscaler = blind(left, right)
    pixels = waves(128, 256, 128, 129)
    row = upscaler.estimate_map(pixels).shapes[0]
    assert len(row) == 6
    assert row[0].long == pytest.approx(0.8, abs=0.1)
    assert row[-1].long == pytest.approx(1.9, abs=0.1)


def test_regions_keep_a_direction_that_the_whole_photo_has(blind, waves):
    narrow, wide = KernelShape("gaussian", 1.1, 0.4, 0.9), KernelShape("gaussian", 2.2, 0.8, 0.9)
    upscaler = blind(narrow, wide)
    row = upscaler.estimate_map(waves(128, 256, 128, 129)).shapes[0]
    assert row[0].long < 0.7 * row[-1].long
    assert all(shape.long > 1.5 * shape.short for shape in row)
    assert all(shape.angle == pytest.approx(0.9, abs=0.3) for shape in row)


def test_regions_that_say_nothing_take_after_their_neighbours(blind, waves):
    pixels = waves(128, 256)
    pixels[:, 128:] = 128
    row = blind(TRUTH).estimate_map(pixels).shapes[0]
    assert row[-1].coordinates == pytest.approx(TRUTH.coordinates, abs=0.2)


def test_a_photo_that_tells_nothing_has_one_kernel_everywhere(blind, waves):
    assert blind(TRUTH).estimate_map(waves(31, 300)).shapes == ((KernelShape.bicubic(2),),)


def test_sixteen_bits_are_estimated_on_their_upper_half(blind, waves):
    pixels = waves(128, 128)
    upscaler = blind(TRUTH)
    deep = upscaler.estimate(pixels.astype(np.uint16) * 257)
    assert deep.shape == upscaler.estimate(pixels).shape


def test_what_is_no_photo_is_refused(blind):
    with pytest.raises(InvalidOption, match="pixels"):
        blind(TRUTH).estimate(np.zeros((64, 64), np.uint8))
