"""The suite ``video`` measures what it says, on a network whose results are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nitido
from nitido_bench.live_link import BUFFER, PROPAGATION, Arrived, Link, on_screen, stalls, traces
from nitido_bench.video_faces import figures
from nitido_bench.video_quality import clips, flicker, means, profile_error
from nitido_bench.video_singles import nearest


def test_a_still_error_does_not_flicker_and_a_changing_one_does() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(60, 180, (6, 64, 64)).astype(np.uint8)
    shifted = truth + np.uint8(7)
    wobbling = truth + np.array([0, 4, 0, 4, 0, 4], np.uint8)[:, None, None]
    assert flicker(truth, truth) == profile_error(truth, truth) == 0
    assert flicker(shifted, truth) == pytest.approx(0, abs=1e-5)
    assert profile_error(shifted, truth) == pytest.approx(0, abs=1e-5)
    assert flicker(wobbling, truth) == pytest.approx(4)
    assert profile_error(wobbling, truth) == pytest.approx(2)


def test_clips_are_folders_of_frames_cut_to_every_ratio(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.new("RGB", (50, 40), (number, 0, 0)).save(tmp_path / name / f"{number}.png")
    found = clips(tmp_path, 2)
    assert list(found) == ["a", "b"]
    assert [frame.shape for frame in found["a"]] == [(36, 48, 3)] * 2
    assert [int(frame[0, 0, 0]) for frame in found["a"]] == [0, 1]


def test_means_are_over_the_clips_of_a_path() -> None:
    same = {"table": "paths", "model": "m", "path": "180 to 360", "crf": 0}
    rows = [{**same, "clip": "a", "psnr": 30.0}, {**same, "clip": "b", "psnr": 32.0}]
    other = {**same, "path": "180 to 720", "clip": "a", "psnr": 20.0}
    assert list(means([*rows, other])) == [{**same, "clip": "mean", "psnr": 31.0}]


def test_a_path_is_held_against_the_single_frame_network_of_its_cost() -> None:
    bundle = nitido.Bundle.open("video-fast")
    found = {path: nearest(bundle, *path) for path in [(180, 360), (180, 720), (360, 720), (360, 1080)]}
    names = {path: single.name for path, single in found.items() if single is not None}
    assert names == {
        (180, 360): "sr-x2",
        (180, 720): "sr-x4",
        (360, 720): "sr-x2-fast",  # which works on four times as many pixels as its sibling at 180p
        (360, 1080): "sr-x3-fast",
    }
    assert all(0.5 < single.cost < 2 for single in found.values() if single is not None)
    assert nearest(bundle, 180, 1080) is None  # six times, and one and a half: there is none
    assert nearest(bundle, 720, 1080) is None


def test_a_link_carries_what_its_trace_says() -> None:
    link = Link(np.array([8000.0, 8000.0, 0.0, 16000.0]))
    assert link.send(100, 0.0) == pytest.approx(0.1 + PROPAGATION)  # 800 bits
    assert link.send(100, 0.0) == pytest.approx(0.2 + PROPAGATION)  # after the first
    assert link.send(100, 0.2) == pytest.approx(0.35 + PROPAGATION)  # nothing for a while, then twice as fast


def test_a_stall_is_what_a_player_waits() -> None:
    smooth = [Arrived(n, n / 10) for n in range(40)]
    assert stalls(smooth, 10) == []
    late = [Arrived(n, n / 10 + (1.0 if n >= 20 else 0.0)) for n in range(40)]
    assert stalls(late, 10) == pytest.approx([1.0 - BUFFER])
    slow = [Arrived(n, n / 4) for n in range(40)]  # each frame takes 0.25 s, not 0.1
    assert stalls(slow, 10)[0] == pytest.approx(39 * 0.15 - BUFFER, abs=0.1)
    missing = [frame for frame in smooth if not 10 <= frame.number < 14]
    assert stalls(missing, 10) == pytest.approx([0.4])


def test_the_screen_shows_the_newest_frame_that_has_arrived() -> None:
    arrived = [Arrived(0, 0.05), Arrived(1, 0.5), Arrived(3, 0.35)]
    assert on_screen(arrived, 4, 10.0, 0.1) == [0, 0, 0, 3]
    assert on_screen([Arrived(0, 9.0)], 2, 10.0, 0.1) == [None, None]


def test_traces_are_the_same_each_time_and_of_three_kinds() -> None:
    first, again = traces(20.0), traces(20.0)
    assert list(first) == ["drive", "steps", "outages"]
    for name, trace in first.items():
        assert len(trace) == 200
        assert np.array_equal(trace, again[name])
    assert first["outages"].min() == 0
    assert len(set(first["steps"])) == 4


def test_faces_and_what_is_around_them_count_apart() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(60, 180, (3, 48, 64)).astype(np.uint8)
    inside = np.zeros(truth.shape, bool)
    inside[:, 16:32, 20:40] = True
    made = truth + np.where(inside, 4, 1).astype(np.uint8)
    found = figures(made, truth, inside, None)
    assert found["psnr_faces"] == pytest.approx(20 * np.log10(255 / 4))
    assert found["psnr_outside"] == pytest.approx(20 * np.log10(255 / 1))
    assert found["psnr_outside"] > found["psnr"] > found["psnr_faces"]
    assert found["flicker"] == 0
    flat = np.full_like(truth, 128)
    assert figures(flat, truth, inside, None)["sharpness"] == 0
