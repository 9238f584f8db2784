"""What tests of several packages need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nitido.bundle.manifest import Build, DownscaleTask, TensorSpec
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors
from nitido.sharing import Downscaler
from nitido.sharing.wish import COUNT

MakeClip = Callable[..., Path]
MakeDownscaler = Callable[..., Downscaler]


@pytest.fixture(scope="session")
def squeezenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of a very narrow SqueezeNet, in the layout of the trained ones."""
    rng = np.random.default_rng(0)
    weights: dict[str, np.ndarray] = {}

    def add(name: str, outputs: int, inputs: int, side: int) -> None:
        weights[f"{name}.weight"] = rng.normal(0, (2 / inputs) ** 0.5 / side, (outputs, inputs, side, side))
        weights[f"{name}.bias"] = rng.normal(0, 0.1, outputs)

    add("conv1", 6, 3, 7)
    for number in range(2, 10):
        add(f"fire{number}/conv1x1_1", 4, 6 if number == 2 else 8, 1)
        add(f"fire{number}/conv1x1_2", 4, 4, 1)
        add(f"fire{number}/conv3x3_2", 4, 4, 3)
    file = tmp_path_factory.mktemp("squeezenet") / "squeezenet.npz"
    np.savez(file, **{name: values.astype(np.float32) for name, values in weights.items()})
    return file


@pytest.fixture
def halving_downscaler() -> MakeDownscaler:
    """Makes downscalers whose network takes the mean of 2 x 2 pixels, and does ``change`` to that."""

    def make(
        change: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]] = lambda mean, wish: mean,
        layout: Any = "NCHW",
        side: int | None = None,
        tile: int = 512,
    ) -> Downscaler:
        def run(found: Tensors) -> Tensors:
            grid = found["grid"][0, 0] if layout == "NCHW" else found["grid"][0, ..., 0]
            height, width = grid.shape
            mean = grid.reshape(height // 2, 2, width // 2, 2).mean((1, 3))
            luma = change(mean, found["wish"][0])
            return {"luma": luma[None, None] if layout == "NCHW" else luma[None, ..., None]}

        def spec(name: str, length: int | None) -> TensorSpec:
            shape = (1, 1, length, length) if layout == "NCHW" else (1, length, length, 1)
            return TensorSpec(name, shape, layout=layout)

        inputs = spec("grid", side and 2 * side), TensorSpec("wish", (1, COUNT), layout="NC")
        build = Build("main", "onnx-fp32", "x", "0" * 64, 1, inputs, (spec("luma", side),), {})
        return Downscaler(FunctionSession(run, build), DownscaleTask(halo=3, tile=tile))

    return make


def _moving_square(frames: int, height: int, width: int) -> NDArray[np.uint8]:
    """RGB (frames, H, W, 3): a square on a gradient, a pixel further in each frame."""
    rows, columns = np.mgrid[:height, :width]
    back = np.stack([40 + rows, 60 + columns, np.full_like(rows, 90)], -1).clip(0, 255).astype(np.uint8)
    clip = np.repeat(back[None], frames, 0)
    for number in range(frames):
        clip[number, 8:24, number + 4 : number + 20] = (220, 120, 40)
    return clip


@pytest.fixture
def moving_square() -> Callable[[int, int, int], NDArray[np.uint8]]:
    """Makes the frames of ``make_clip``: (frames, H, W)."""
    return _moving_square


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    """Encodes a small clip and returns its file."""
    pytest.importorskip("av", reason="needs PyAV, of the extra video")

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
        import av

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
                for number, pixels in enumerate(_moving_square(frames, *size)):
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
