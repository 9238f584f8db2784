"""Small clips, encoded in the test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

av = pytest.importorskip("av")

MakeClip = Callable[..., Path]


def moving_square(frames: int, height: int, width: int) -> NDArray[np.uint8]:
    """RGB (frames, H, W, 3): a square on a gradient, a pixel further in each frame."""
    rows, columns = np.mgrid[:height, :width]
    back = np.stack([40 + rows, 60 + columns, np.full_like(rows, 90)], -1).clip(0, 255).astype(np.uint8)
    clip = np.repeat(back[None], frames, 0)
    for number in range(frames):
        clip[number, 8:24, number + 4 : number + 20] = (220, 120, 40)
    return clip


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    """Writes a clip and returns its file."""

    def make(
        name: str = "clip.mp4",
        frames: int = 10,
        size: tuple[int, int] = (48, 64),
        *,
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        times: Sequence[int] | None = None,
        audio: bool = False,
        video: bool = True,
        rotation: int = 0,
        tags: dict[str, int] | None = None,
        aspect: Fraction = Fraction(1),
    ) -> Path:
        file = tmp_path / name
        with av.open(str(file), "w") as container:
            stream = container.add_stream(codec, rate=25) if video else None
            sound = container.add_stream("aac", rate=8000, layout="mono") if audio else None
            if stream is not None:
                stream.height, stream.width = size
                stream.pix_fmt = pix_fmt
                stream.codec_context.time_base = Fraction(1, 1000)
                stream.codec_context.options = {"crf": "10"}
                stream.codec_context.sample_aspect_ratio = aspect
                for tag, value in (tags or {}).items():
                    setattr(stream.codec_context, tag, value)
                if rotation:
                    stream.set_display_rotation(rotation)
                for number, pixels in enumerate(moving_square(frames, *size)):
                    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                    frame.pts = number * 40 if times is None else times[number]
                    frame.time_base = Fraction(1, 1000)
                    container.mux(stream.encode(frame))
                container.mux(stream.encode(None))
            if sound is not None:
                for number in range(4):
                    wave = (3000 * np.sin(np.arange(1024) / 5 + number)).astype(np.int16)
                    part = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
                    part.sample_rate, part.pts = 8000, number * 1024
                    container.mux(sound.encode(part))
                container.mux(sound.encode(None))
        return file

    return make
