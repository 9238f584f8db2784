"""The search: crops that tell something, judged many at once, and descents beside each other."""

from __future__ import annotations

import numpy as np
import pytest

from nitido.blind import KernelShape
from nitido.blind.crops import cut, informative, mirrored
from nitido.blind.search import descend


def test_each_of_several_searches_finds_the_bottom_of_its_own_bowl():
    bottoms = np.array([[0.5, -0.2, 0.1], [-0.4, 0.3, 0.0]])
    steep = np.array([1.0, 3.0, 0.5])
    found = descend(
        lambda points: (steep * (points - bottoms) ** 2).sum(axis=2),
        np.zeros((2, 3)),
        (steep * bottoms**2).sum(axis=1),
        rounds=3,
        step=0.3,
    )
    assert found.points == pytest.approx(bottoms, abs=0.01)  # a parabola is met but for moves cut short


def test_the_best_that_was_seen_is_returned_where_parabolas_mislead():
    def bumpy(points: np.ndarray) -> np.ndarray:
        return np.sin(9 * points).sum(axis=2) + 3

    start = np.array([[0.1, 0.2]])
    first = bumpy(start[None])[0]
    found = descend(bumpy, start, first, rounds=5, step=0.4)
    assert found.scores[0] == bumpy(found.points[None])[0, 0] <= first[0]


def test_a_search_ends_when_its_score_is_enough_or_stops_falling():
    calls = []

    def flat(points: np.ndarray) -> np.ndarray:
        calls.append(len(points))
        return np.ones(points.shape[:2])

    descend(flat, np.zeros((1, 3)), np.ones(1), rounds=9, step=0.3)
    assert calls == [6, 1]  # one round: neighbours, and where they point to
    assert descend(flat, np.zeros((1, 3)), np.ones(1), rounds=9, step=0.3, enough=1.0).rounds == 0


def test_crops_are_taken_where_there_is_texture_and_nothing_is_blown_out(waves):
    pixels = np.full((200, 300, 3), 128, np.uint8)
    pixels[:, 200:] = waves(200, 100)
    pixels[:, :100] = np.where(waves(200, 100) > 128, 255, 0)  # steeper, but clipped
    places = informative(pixels, 64, 3)
    assert len(places) == 3
    assert all(left >= 136 for _, left in places)
    assert cut(pixels, places, 64).shape == (3, 64, 64, 3)


def test_what_is_smaller_than_a_crop_goes_on_as_its_mirror_image(waves):
    pixels = waves(40, 90)
    larger = mirrored(pixels, 64)
    assert larger.shape == (64, 90, 3)
    assert np.array_equal(larger[:40], pixels)
    assert np.array_equal(larger[40:], pixels[16:][::-1])
    assert mirrored(pixels, 32) is pixels


@pytest.mark.parametrize("side", [None, 192])
def test_crops_judged_in_one_image_count_each_for_itself(blind, waves, side):
    truth = KernelShape("gaussian", 1.5, 1.0)
    judge = blind(truth, side=side).estimator.judge
    crops = np.stack([waves(64, 64)] * 45)  # more than fit into one image
    crops[7:] //= 2
    latent = blind(truth).estimator.latent(truth.kernel(2))
    off = np.linspace(0, 2, 45, dtype=np.float32)
    latents = latent + off[:, None] * np.array([1, 0, 0, 0], np.float32)
    errors = judge(crops, latents)
    alone = np.concatenate([judge(crops[[i]], latents[[i]]) for i in (0, 3, 44)])
    assert errors[[0, 3, 44]] == pytest.approx(alone, rel=1e-5)
    assert errors[0] == pytest.approx(0, abs=1e-6)
    assert errors[44] == pytest.approx(errors[22] * 4, rel=1e-3)  # a square: twice as wrong
