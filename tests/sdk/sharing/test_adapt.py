"""Adapting to a clip: what the network is told moves to where the sample comes out best, and only then."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nitido.cli import main, opening
from nitido.sharing import Downscaler
from nitido.sharing.coarseness import coarseness

av = pytest.importorskip("av", reason="needs PyAV, of the extra video")
from nitido.sharing.adapt import SAMPLE, adapt, sample  # noqa: E402
from nitido.sharing.clip import ClipSharing  # noqa: E402
from nitido.sharing.x264 import through_x264  # noqa: E402


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds of a texture that moves."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(40, 220, (20, 40, 3), dtype=np.uint8))
    texture = np.asarray(coarse.resize((160, 80), Image.Resampling.BICUBIC))
    file = tmp_path / "in.mp4"
    with av.open(str(file), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = 64, 96, "yuv420p"
        video.codec_context.options = {"crf": "8"}
        for number in range(50):
            part = np.ascontiguousarray(texture[8:72, number : number + 96])
            frame = av.VideoFrame.from_ndarray(part, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return file


@pytest.fixture
def best_when_told(halving_downscaler: Callable[..., Downscaler]) -> Callable[[float], Downscaler]:
    """Makes a network whose result is the noisier the farther what it is told is from a rate factor."""
    noise = np.random.default_rng(1).normal(0, 1, (200, 200)).astype(np.float32)

    def make(crf: float) -> Downscaler:
        wanted = (coarseness("h264", crf) - 4) / 2

        def change(mean: Any, wish: Any) -> Any:
            return mean + abs(float(wish[3]) - wanted) * noise[: len(mean), : mean.shape[1]]

        return halving_downscaler(change)

    return make


def test_a_sample_is_frames_in_a_row_after_the_first_second(clip: Path) -> None:
    assert len(sample(clip)) == SAMPLE


def test_what_is_told_moves_to_where_the_clip_comes_out_best(
    clip: Path, best_when_told: Callable[[float], Downscaler]
) -> None:
    asked = ClipSharing(32, crf=26)
    found = adapt(clip, best_when_told(32), asked)
    assert found.options.told_crf == 32
    assert (found.options.crf, found.options.lines) == (26, 32)
    assert found.saved > 0
    assert found.tried < 30


def test_trials_are_encoded_as_the_clip_will_be(
    clip: Path, make_downscaler: Callable[..., Downscaler], monkeypatch: pytest.MonkeyPatch
) -> None:
    presets: set[str] = set()

    def encode(frames: Any, crf: int, preset: str) -> Any:
        presets.add(preset)
        return through_x264(frames, crf, preset)

    monkeypatch.setattr("nitido.sharing.adapt.through_x264", encode)
    adapt(clip, make_downscaler(), ClipSharing(32, crf=26, preset="veryfast"))
    assert presets == {"veryfast"}


def test_what_makes_no_difference_is_left_alone(
    clip: Path, make_downscaler: Callable[..., Downscaler]
) -> None:
    found = adapt(clip, make_downscaler(), ClipSharing(32, crf=26))  # its network does not heed what is told
    assert found.options.told is None
    assert found.saved >= 0


def test_the_command_adapts_first(
    clip: Path,
    tmp_path: Path,
    best_when_told: Callable[[float], Downscaler],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(opening, "open_downscaler", lambda args, bundle: best_when_told(31))
    words = ["share", str(clip), "-o", str(tmp_path / "out.mp4"), "--to", "32p", "--adapt"]
    assert main(words) == 0
    assert "adapted to the clip: -" in capsys.readouterr().out
