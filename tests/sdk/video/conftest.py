"""A video network made of plain functions: it shows each pixel, and what it remembers of its cell."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nitido.bundle.manifest import Build, DType, TensorSpec, VideoTask
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Session, Tensors
from nitido.video import VideoUpscaler
from nitido.video.network import VideoNetwork

pytest.importorskip("av", reason="needs PyAV, of the extra video")

TASK = VideoTask(
    cells={"180": 1, "360": 2, "720": 4, "1080": 6},
    sources=(180, 360, 720),
    targets=(360, 720, 1080),
    memory=2,
)
GAIN = 0.25
"""How much of what is remembered is added to a frame."""

MakeUpscaler = Callable[..., VideoUpscaler]


class Sessions:
    """Opens graphs as functions, and counts how often each ran."""

    def __init__(self) -> None:
        self.ran: dict[str, int] = {}
        self.broken = False
        """Whether the body makes no numbers, once."""
        self.halves: set[str] = set()
        """Kinds of graphs that compute in half floats, while the others do not."""

    def __call__(self, graph: str) -> Session:
        kind, *heights = graph.split("-")
        names = {"see": (["luma"], ["seen"]), "body": (["seen", "memory"], ["features", "next"])}
        inputs, outputs = names.get(kind, (["luma", "features"], ["enlarged"]))
        channels = {"luma": 1, "enlarged": 1}
        dtype: DType = "float16" if kind in self.halves else "float32"
        specs = [
            tuple(TensorSpec(name, (1, channels.get(name, TASK.memory), None, None), dtype) for name in side)
            for side in (inputs, outputs)
        ]
        build = Build(graph, "onnx-fp32", "x", "0" * 64, 1, *specs, parity={})
        work = {"see": self._see, "body": self._body, "draw": self._draw}[kind]

        def run(tensors: Tensors) -> Tensors:
            self.ran[graph] = self.ran.get(graph, 0) + 1
            assert {tensor.dtype for tensor in tensors.values()} == {np.dtype(dtype)}  # as runtimes insist
            made = work({name: tensor.astype(np.float32) for name, tensor in tensors.items()}, *heights)
            return {name: tensor.astype(dtype) for name, tensor in made.items()}

        return FunctionSession(run, build)

    def _see(self, tensors: Tensors, source: str) -> Tensors:
        cells = TASK.cells[source]
        _, _, height, width = tensors["luma"].shape
        blocks = tensors["luma"].reshape(height // cells, cells, width // cells, cells)
        return {"seen": blocks.mean((1, 3))[None, None].repeat(2, 1)}

    def _body(self, tensors: Tensors) -> Tensors:
        following = (tensors["memory"] + tensors["seen"]) / 2
        if self.broken:
            following, self.broken = np.full_like(following, np.nan), False
        return {"features": tensors["memory"], "next": following}

    def _draw(self, tensors: Tensors, source: str, target: str) -> Tensors:
        cells, block = TASK.cells[source], TASK.cells[target]
        _, _, rows, columns = tensors["features"].shape
        places = [np.arange(n * block) * cells // block for n in (rows, columns)]
        luma = tensors["luma"][0, 0][np.ix_(*places)]
        shown = luma + GAIN * tensors["features"][0, 0].repeat(block, 0).repeat(block, 1)
        return {"enlarged": shown[None, None].astype(np.float32)}


@pytest.fixture
def sessions() -> Sessions:
    """The functions that the upscaler of the same test runs."""
    return Sessions()


@pytest.fixture
def make_upscaler(sessions: Sessions) -> MakeUpscaler:
    """An upscaler for a target, or for several."""

    def make(*targets: int) -> VideoUpscaler:
        return VideoUpscaler(VideoNetwork(TASK, sessions, "id"), targets, single=len(targets) == 1)

    return make
