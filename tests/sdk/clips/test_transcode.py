"""Transcoding changes the frames and nothing else, and never leaves half a file."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from nitido.clips import Clip, Encoding, Planes, transcode
from nitido.errors import (
    CannotWrite,
    ClipUnsupported,
    DestinationExists,
    DestinationIsSource,
    NotAClip,
)

MakeClip = Callable[..., Path]
FAST = Encoding(crf=10, preset="faster")
"""With frames that are predicted from later ones."""


def doubled(planes: Planes) -> Planes:
    return Planes(*(plane.repeat(2, 0).repeat(2, 1) for plane in (planes.y, planes.u, planes.v)))


def same(planes: Planes) -> Planes:
    return planes


def audio_of(file: Path) -> bytes:
    with Clip(file) as clip:
        return b"".join(bytes(item) for item in clip.items() if not hasattr(item, "planes"))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_frames_change_and_the_rest_is_kept(make_clip: MakeClip, tmp_path: Path, suffix: str) -> None:
    times = [0, 40, 90, 100, 300, 340, 400, 1000]  # a variable rate
    source = make_clip(
        f"in{suffix}",
        frames=8,
        times=times,
        audio=True,
        rotation=90,
        tags={"color_primaries": 1, "color_trc": 1, "colorspace": 1, "color_range": 1},
        aspect=Fraction(4, 3),
    )
    out = tmp_path / "made" / f"out{suffix}"
    told: list[tuple[int, int]] = []
    result = transcode(source, out, doubled, encoding=FAST, on_frame=lambda *done: told.append(done))
    assert (result.frames, result.damaged, result.truncated) == (8, 0, False)
    assert told[-1][0] == 8
    assert audio_of(out) == audio_of(source) != b""
    with Clip(source) as before, Clip(out) as after:
        assert after.video.sample_aspect_ratio == before.video.sample_aspect_ratio == Fraction(4, 3)
        for a, b in zip(before, after, strict=True):
            assert float(a.pts * a.time_base) == pytest.approx(float(b.pts * b.time_base), abs=1e-3)
            assert b.rotation == a.rotation == 90
            assert (b.planes.width, b.planes.height) == (128, 96)
            assert np.abs(b.planes.y[::2, ::2].astype(int) - a.planes.y).mean() < 3
            for tag in ("color_primaries", "color_trc", "colorspace", "color_range"):
                assert getattr(b.decoded, tag) == getattr(a.decoded, tag) == 1


def test_full_range_stays_full_range(make_clip: MakeClip, tmp_path: Path) -> None:
    source = make_clip("full.mp4", frames=3, pix_fmt="yuvj420p", tags={"color_range": 2})
    out = tmp_path / "out.mp4"
    transcode(source, out, same, encoding=FAST)
    with Clip(source) as before, Clip(out) as after:
        for a, b in zip(before, after, strict=True):
            assert a.decoded.format.name == b.decoded.format.name == "yuvj420p"
            assert np.abs(b.planes.y.astype(int) - a.planes.y).mean() < 2


def test_nothing_is_left_behind_when_a_change_fails(make_clip: MakeClip, tmp_path: Path) -> None:
    source = make_clip()
    folder = tmp_path / "made"
    count = 0

    def failing(planes: Planes) -> Planes:
        nonlocal count
        count += 1
        if count == 5:
            raise ZeroDivisionError
        return planes

    with pytest.raises(ZeroDivisionError):
        transcode(source, folder / "out.mp4", failing, encoding=FAST)
    assert list(folder.iterdir()) == []


def test_existing_files_are_not_replaced_by_accident(make_clip: MakeClip, tmp_path: Path) -> None:
    source = make_clip()
    out = tmp_path / "out.mp4"
    out.write_bytes(b"mine")
    with pytest.raises(DestinationExists):
        transcode(source, out, same, encoding=FAST)
    with pytest.raises(DestinationIsSource):
        transcode(source, source, same, encoding=FAST, overwrite=True)
    assert out.read_bytes() == b"mine"
    transcode(source, out, same, encoding=FAST, overwrite=True)
    with Clip(out) as clip:
        assert len(list(clip)) == 10


def test_what_cannot_be_written_says_so(make_clip: MakeClip, tmp_path: Path) -> None:
    source = make_clip(audio=True)
    with pytest.raises(CannotWrite, match="ends in"):
        transcode(source, tmp_path / "out.gif", same)
    with pytest.raises(CannotWrite, match="webm"):
        transcode(source, tmp_path / "out.webm", same, encoding=FAST)
    with pytest.raises(ClipUnsupported, match="even sides"):
        transcode(source, tmp_path / "out.mp4", lambda p: Planes(p.y[:47], p.u, p.v), encoding=FAST)
    with pytest.raises(NotAClip):
        transcode(tmp_path / "missing.mp4", tmp_path / "out.mp4", same)
    assert not (tmp_path / "out.mp4").exists()


def test_a_size_that_changes_in_mid_clip_becomes_the_first(make_clip: MakeClip, tmp_path: Path) -> None:
    first, second = (
        make_clip(f"{n}.h264", frames=5, size=size) for n, size in enumerate(((48, 64), (96, 128)))
    )
    both = tmp_path / "both.h264"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    out = tmp_path / "out.mp4"
    transcode(both, out, same, encoding=FAST)
    with Clip(out) as clip:
        sizes = {(frame.planes.width, frame.planes.height) for frame in clip}
        assert (clip.info.width, clip.info.height) == (64, 48)
    assert sizes == {(64, 48)}


def test_a_clip_that_breaks_off_is_transcoded_as_far_as_it_goes(make_clip: MakeClip, tmp_path: Path) -> None:
    whole = make_clip("whole.mkv", frames=40).read_bytes()
    broken, out = tmp_path / "broken.mkv", tmp_path / "out.mp4"
    broken.write_bytes(whole[: len(whole) * 6 // 10])
    result = transcode(broken, out, same, encoding=FAST)
    with Clip(out) as clip:
        assert len(list(clip)) == result.frames
    assert 5 < result.frames < 40
