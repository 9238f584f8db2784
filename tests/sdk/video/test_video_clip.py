"""A clip is enlarged whole, and a run that was killed goes on without a visible seam."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nitido.cli import main
from nitido.clips import Clip, Encoding
from nitido.errors import DestinationExists
from nitido.video.clip import enlarge_clip

from .conftest import MakeUpscaler, Sessions

MakeClip = Callable[..., Path]
FAST = Encoding(crf=4, preset="faster", threads=1)
"""With frames that are predicted from later ones."""


def lumas(file: Path) -> np.ndarray:
    with Clip(file) as clip:
        return np.stack([frame.planes.y for frame in clip]).astype(int)


def test_a_clip_is_enlarged_and_keeps_the_rest(
    make_clip: MakeClip, make_upscaler: MakeUpscaler, tmp_path: Path
) -> None:
    times = [0, 40, 90, 100, 300, 340, 400, 500, 530, 600, 1000]
    source = make_clip("in.mp4", frames=11, times=times, audio=True, rotation=90)
    out = tmp_path / "out.mp4"
    done = enlarge_clip(source, out, make_upscaler(144), encoding=FAST, part_frames=4)
    assert (done.frames, done.resumed, done.damaged, done.truncated) == (11, 0, 0, False)
    with Clip(source) as before, Clip(out) as after:
        assert after.info.audio == before.info.audio == ("aac",)
        for a, b in zip(before, after, strict=True):
            assert float(a.pts * a.time_base) == pytest.approx(float(b.pts * b.time_base), abs=1e-3)
            assert b.rotation == a.rotation == 90
            assert (b.planes.width, b.planes.height) == (192, 144)
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def test_a_killed_run_goes_on_where_it_was(
    make_clip: MakeClip, make_upscaler: MakeUpscaler, sessions: Sessions, tmp_path: Path
) -> None:
    source = make_clip("in.mp4", frames=20)
    whole, out = tmp_path / "whole.mp4", tmp_path / "out.mp4"
    enlarge_clip(source, whole, make_upscaler(144), encoding=FAST, part_frames=6)

    def kill(count: int, total: int) -> None:
        if count == 15:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enlarge_clip(source, out, make_upscaler(144), encoding=FAST, part_frames=6, on_frame=kill)
    assert not out.exists()
    sessions.ran.clear()
    done = enlarge_clip(source, out, make_upscaler(144), encoding=FAST, part_frames=6)
    assert (done.frames, done.resumed) == (20, 12)
    assert sessions.ran["body"] == 8
    apart = np.abs(lumas(out) - lumas(whole)).max((1, 2))
    assert apart.max() <= 3  # x264 is not always the same to the last bit; a seam would be 10 and more


def test_parts_of_another_run_are_not_taken(
    make_clip: MakeClip, make_upscaler: MakeUpscaler, tmp_path: Path
) -> None:
    source, out = make_clip("in.mp4", frames=12), tmp_path / "out.mp4"

    def kill(count: int, total: int) -> None:
        if count == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enlarge_clip(source, out, make_upscaler(144), encoding=FAST, part_frames=4, on_frame=kill)
    done = enlarge_clip(source, out, make_upscaler(96), encoding=FAST, part_frames=4)
    assert done.resumed == 0
    with Clip(out) as clip:
        assert clip.info.height == 96


def test_existing_results_stay(make_clip: MakeClip, make_upscaler: MakeUpscaler, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"mine")
    with pytest.raises(DestinationExists):
        enlarge_clip(make_clip("in.mp4"), out, make_upscaler(96))
    assert out.read_bytes() == b"mine"


def test_the_command_enlarges_and_tells(
    make_clip: MakeClip,
    make_upscaler: MakeUpscaler,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        "nitido.cli.opening.open_video_upscaler", lambda args, target, fast, bundle: make_upscaler(target)
    )
    source, out = str(make_clip("in.mkv", frames=5)), str(tmp_path / "out.mp4")
    assert main(["video", source, "-o", out, "--to", "96p", "--json"]) == 0
    told = capsys.readouterr()
    assert '"frames": 5' in told.out
    assert "5 frames" in told.err
    assert main(["video", source, "-o", out, "--to", "96p"]) == 1  # it exists
    assert main(["video", source, "-o", out, "--to", "48p", "--overwrite"]) == 2  # not above the frame
    assert main(["video", source, "-o", out, "--to", "large"]) == 2
    assert "expected a height" in capsys.readouterr().err
