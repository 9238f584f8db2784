"""The suite ``video`` measures what it says, on a network whose results are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido_bench.video_quality import clips, flicker, means, profile_error


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
