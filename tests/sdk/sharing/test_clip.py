"""Clips made small: even sizes, audio, times and colours as they were, never a detour through RGB."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nitido.cli import main, opening
from nitido.errors import ClipUnsupported, InvalidOption
from nitido.sharing import Downscaler
from nitido.sharing.clip import ClipSharing, share_clip, target
from nitido.sharing.wish import Wish, weights_of

av = pytest.importorskip("av", reason="needs PyAV, of the extra video")
Make = Callable[..., Downscaler]


def make_clip(
    file: Path,
    size: tuple[int, int] = (48, 64),
    times: Sequence[int] = tuple(range(0, 400, 40)),
    pix_fmt: str = "yuv420p",
    audio: bool = False,
) -> Path:
    """A grey ramp that brightens by a level a frame, with a red patch."""
    with av.open(str(file), "w") as container:
        video = container.add_stream("libx264", rate=25)
        sound = container.add_stream("aac", rate=8000, layout="mono") if audio else None
        video.height, video.width = size
        video.pix_fmt = pix_fmt
        video.codec_context.time_base = Fraction(1, 1000)
        video.codec_context.options = {"crf": "4"}
        for tag, value in (("color_range", 1), ("colorspace", 1), ("color_trc", 13)):
            setattr(video.codec_context, tag, value)
        for number, pts in enumerate(times):
            levels = np.linspace(60, 160, size[1]).astype(np.uint8) + number
            pixels = np.broadcast_to(levels[None, :, None], (*size, 3)).copy()
            pixels[8:24, 8:24] = (200, 60, 60)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=pix_fmt)
            frame.color_range, frame.colorspace, frame.color_trc = 1, 1, 13
            frame.pts, frame.time_base = pts, Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            for number in range(4):
                part = av.AudioFrame.from_ndarray(
                    np.full((1, 1024), 100, np.int16), format="s16", layout="mono"
                )
                part.sample_rate, part.pts = 8000, number * 1024
                container.mux(sound.encode(part))
            container.mux(sound.encode(None))
    return file


def frames(file: Path) -> list[Any]:
    with av.open(str(file)) as container:
        return list(container.decode(video=0))


def test_frames_are_small_and_look_the_same(make_downscaler: Make, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4")
    done = share_clip(source, tmp_path / "out.mp4", make_downscaler(), ClipSharing(24, crf=4))
    before, after = frames(source), frames(tmp_path / "out.mp4")
    assert done.frames == len(after) == 10
    for old, new in zip(before, after, strict=True):
        assert (new.height, new.width) == (24, 32)
        small = old.reformat(32, 24, interpolation="AREA").to_ndarray(format="rgb24").astype(float)
        assert np.abs(new.to_ndarray(format="rgb24") - small).mean() < 4


def test_a_variable_rate_audio_and_colour_tags_stay(make_downscaler: Make, tmp_path: Path) -> None:
    times = (0, 10, 50, 60, 200, 210)
    source = make_clip(tmp_path / "in.mp4", times=times, audio=True)
    share_clip(source, tmp_path / "out.mp4", make_downscaler(), ClipSharing(24))
    assert [round(frame.time * 1000) for frame in frames(tmp_path / "out.mp4")] == list(times)
    tags = [
        {(frame.color_range, frame.colorspace, frame.color_trc) for frame in frames(file)}
        for file in (source, tmp_path / "out.mp4")
    ]
    assert tags[0] == tags[1] == {(1, 1, 13)}
    with av.open(str(source)) as old, av.open(str(tmp_path / "out.mp4")) as new:
        packets = [[bytes(packet) for packet in clip.demux(audio=0) if packet.size] for clip in (old, new)]
        assert packets[0] == packets[1]
        assert len(packets[0]) > 1


def test_the_network_is_told_of_h264_and_the_rate_factor(
    make_downscaler: Make, wishes: list[Any], tmp_path: Path
) -> None:
    source = make_clip(tmp_path / "in.mp4", times=(0,))
    share_clip(source, tmp_path / "out.mp4", make_downscaler(), ClipSharing(24, crf=33, detail=0.25))
    np.testing.assert_array_equal(wishes[0], Wish(weights_of(0.25), "h264", 33, 0.5).vector())


@pytest.mark.parametrize(
    ("shape", "lines", "expected"),
    [
        ((1080, 1920), 540, (540, 960)),
        ((1920, 1080), 540, (960, 540)),  # held upright
        ((719, 1279), 360, (360, 640)),
        ((45, 63), 100, (44, 62)),  # small enough, but odd
        ((480, 854), 240, (240, 428)),
    ],
)
def test_sizes_are_even_and_no_larger(shape: tuple[int, int], lines: int, expected: tuple[int, int]) -> None:
    assert target(shape, lines) == expected


def test_ten_bits_are_refused_and_nothing_is_written(make_downscaler: Make, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", pix_fmt="yuv420p10le")
    with pytest.raises(ClipUnsupported, match="10 bits"):
        share_clip(source, tmp_path / "out.mp4", make_downscaler(), ClipSharing(24))
    assert not (tmp_path / "out.mp4").exists()


def test_a_clip_that_breaks_off_is_kept_as_far_as_it_goes(
    make_downscaler: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = make_clip(tmp_path / "whole.mkv", times=tuple(range(0, 4000, 40)))
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    monkeypatch.setattr(opening, "open_downscaler", lambda args, bundle: make_downscaler())
    words = ["share", str(tmp_path / "cut.mkv"), "-o", str(tmp_path / "out.mkv"), "--to", "24p", "--json"]
    status = main(words)
    told = json.loads(capsys.readouterr().out)
    assert 0 < told["frames"] < 100
    assert len(frames(tmp_path / "out.mkv")) == told["frames"]
    assert status == (1 if told["truncated"] or told["damaged"] else 0)


def test_the_command_makes_a_clip_small(
    make_downscaler: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(opening, "open_downscaler", lambda args, bundle: make_downscaler())
    source = make_clip(tmp_path / "in.mp4")
    assert main(["share", str(source), "-o", str(tmp_path / "out"), "--to", "24p", "--crf", "30"]) == 0
    assert "10 frames" in capsys.readouterr().out
    assert frames(tmp_path / "out" / "in.mp4")[0].height == 24
    assert main(["share", str(source), "-o", str(tmp_path / "x.mp4"), "--long-side", "32"]) == 2
    assert main(["share", str(tmp_path), "-o", str(tmp_path / "y"), "--to", "24p"]) == 2


def test_fast_is_another_network_and_a_faster_encoder_and_not_for_photos(
    make_downscaler: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        opening, "open_downscaler", lambda args, bundle: asked.append(bundle) or make_downscaler()
    )
    source = make_clip(tmp_path / "in.mp4")
    for words in ([], ["--fast"]):
        name = str(tmp_path / f"out{len(words)}.mp4")
        assert main(["share", str(source), "-o", name, "--to", "24p", *words]) == 0
    assert asked == ["share", "share-fast"]
    slow, fast = (tmp_path / f"out{number}.mp4" for number in (0, 1))
    assert b"subme=7" in slow.read_bytes()  # x264 writes its settings into the stream
    assert b"subme=2" in fast.read_bytes()
    assert main(["share", str(tmp_path), "-o", str(tmp_path / "y"), "--long-side", "24", "--fast"]) == 2
    assert "--fast with a clip" in capsys.readouterr().err


@pytest.mark.parametrize("options", [{"lines": 1}, {"lines": 24, "crf": 52}, {"lines": 24, "crf": -1}])
def test_nonsense_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(InvalidOption):
        ClipSharing(**options)
