"""Clips: every frame once, in order, with its time; anything else is an error with a name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nitido.clips import Clip, Planes
from nitido.errors import ClipDamaged, ClipUnsupported, InvalidOption, NotAClip

MakeClip = Callable[..., Path]


def test_frames_come_in_order_with_their_times_and_pixels(
    make_clip: MakeClip, moving_square: Callable[..., NDArray[np.uint8]]
) -> None:
    with Clip(make_clip(frames=10)) as clip:
        frames = list(clip)
    assert [frame.number for frame in frames] == list(range(10))
    assert [float(frame.pts * frame.time_base) for frame in frames] == pytest.approx(
        [number / 25 for number in range(10)], abs=1e-3
    )
    true = moving_square(10, 48, 64)
    # 4:2:0 smears colours at edges, which are few; crf 10 does the rest.
    assert max(np.abs(f.pixels.astype(int) - t).mean() for f, t in zip(frames, true, strict=True)) < 4
    assert clip.damaged == 0
    assert not clip.truncated


def test_planes_are_those_of_the_codec(make_clip: MakeClip) -> None:
    with Clip(make_clip(frames=1)) as clip:
        (frame,) = clip
    assert (frame.planes.width, frame.planes.height) == (64, 48)
    assert frame.planes.u.shape == frame.planes.v.shape == (24, 32)
    assert np.abs(frame.planes.to_pixels().astype(int) - frame.pixels).max() <= 2  # one rounding each way


def test_pixels_to_planes_and_back_lose_little() -> None:
    rows, columns = np.mgrid[:31, :45]
    pixels = np.stack([rows * 4 + 60, columns * 3 + 60, rows + columns + 60], -1).astype(np.uint8)
    planes = Planes.of_pixels(pixels)
    assert planes.y.shape == (31, 45)
    assert planes.u.shape == (16, 23)
    assert np.abs(planes.to_pixels().astype(int) - pixels).mean() < 2


def test_planes_that_do_not_fit_are_refused() -> None:
    y, c = np.zeros((4, 6), np.uint8), np.zeros((2, 2), np.uint8)
    with pytest.raises(InvalidOption, match="half as large"):
        Planes(y, c, c)


def test_other_formats_are_read_as_planes(make_clip: MakeClip) -> None:
    with Clip(make_clip("clip.mkv", frames=2, pix_fmt="yuv444p")) as clip:
        assert [frame.planes.u.shape for frame in clip] == [(24, 32)] * 2


def test_raw_streams_get_times(make_clip: MakeClip) -> None:
    with Clip(make_clip("clip.h264", frames=4)) as clip:
        times = [float(frame.pts * frame.time_base) for frame in clip]
    assert len(times) == 4
    assert np.diff(times) == pytest.approx([0.04] * 3, rel=0.01)


def test_audio_alone_a_photo_and_an_empty_file_are_no_clips(make_clip: MakeClip, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a clip, though it is named like one")
    for file in (
        make_clip("audio.m4a", video=False, audio=True),
        tmp_path / "empty.mp4",
        tmp_path / "text.mp4",
        tmp_path / "missing.mp4",
    ):
        with pytest.raises(NotAClip):
            Clip(file)


def test_a_clip_of_no_frames_is_an_error(make_clip: MakeClip) -> None:
    with pytest.raises((ClipDamaged, NotAClip)):
        list(Clip(make_clip("none.mkv", frames=0, audio=True)))


def test_more_than_8_bits_are_refused_with_the_reason(make_clip: MakeClip) -> None:
    file = make_clip("deep.mkv", frames=2, pix_fmt="yuv420p10le")
    with Clip(file) as clip, pytest.raises(ClipUnsupported, match="10 bits"):
        list(clip)


def test_high_dynamic_range_is_refused_with_the_reason(make_clip: MakeClip) -> None:
    file = make_clip("hlg.mp4", frames=2, tags={"color_trc": 18})
    with Clip(file) as clip, pytest.raises(ClipUnsupported, match="HLG"):
        list(clip)


def test_a_clip_that_breaks_off_gives_what_it_has(make_clip: MakeClip, tmp_path: Path) -> None:
    whole = make_clip("whole.mkv", frames=40).read_bytes()
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(whole[: len(whole) * 6 // 10])
    with Clip(broken) as clip:
        count = len(list(clip))
    assert 5 < count < 40


def test_broken_frames_are_counted_and_the_others_read(make_clip: MakeClip, tmp_path: Path) -> None:
    content = bytearray(make_clip("whole.h264", frames=40).read_bytes())
    middle = len(content) // 2
    content[middle : middle + 60] = bytes(60)
    file = tmp_path / "broken.h264"
    file.write_bytes(content)
    with Clip(file) as clip:
        count = len(list(clip))
    assert clip.damaged > 0
    assert count > 20
