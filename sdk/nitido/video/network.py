"""The graphs of a video bundle as one function of luma and state."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import TensorSpec, VideoTask
from nitido.clips.planes import Plane
from nitido.runtime import open_session
from nitido.runtime.session import RuntimeInfo, Session

State = NDArray[np.float32]
"""(H, W, memory) of the coarse grid."""


class VideoNetwork:
    """Opens each graph when it is first needed: what is beyond the target never runs."""

    def __init__(self, task: VideoTask, sessions: Callable[[str], Session], id: str = "") -> None:  # noqa: A002
        """``sessions`` opens a graph by its name, see ``VideoTask``."""
        self.task = task
        self.id = id
        """``Manifest.id`` of the bundle."""
        self._open = sessions
        self._sessions: dict[str, Session] = {}
        self._body = self._session("body")

    @classmethod
    def of_bundle(
        cls, bundle: Bundle, *, runtime: str | None = None, device: str = "cpu", threads: int | None = None
    ) -> VideoNetwork:
        """Raises what ``Bundle.task`` and ``open_session`` raise."""

        def sessions(graph: str) -> Session:
            return open_session(bundle, graph, runtime=runtime, device=device, threads=threads)

        return cls(bundle.task(VideoTask), sessions, bundle.manifest.id)

    @property
    def info(self) -> RuntimeInfo:
        """What runs the network."""
        return self._body.info

    def grid(self, size: tuple[int, ...], source: int) -> tuple[int, int]:
        """Cells of the coarse grid for a frame of a height and width that goes in as ``source``."""
        height, width = size
        cells = self.task.cells[str(source)]
        return -(-height // cells), -(-width // cells)

    def empty(self, grid: tuple[int, int]) -> State:
        """A state that remembers nothing."""
        return np.zeros((*grid, self.task.memory), np.float32)

    def run(
        self, luma: Plane, state: State, source: int, targets: Collection[int]
    ) -> tuple[dict[int, Plane], State]:
        """Luma of each target, of whole cells, and the next state."""
        rows, columns = self.grid(luma.shape, source)
        cells = self.task.cells[str(source)]
        padded = np.pad(
            luma,
            ((0, rows * cells - luma.shape[0]), (0, columns * cells - luma.shape[1])),
            mode="edge",
        )
        frame = padded * np.float32(1 / 255)
        seen = self._run(f"see-{source}", frame)["seen"]
        body = self._body.build
        found = self._body.run({"seen": seen, "state": _to_layout(state, body.inputs[1])})
        following = _from_layout(found["next"], body.outputs[1])
        made = {}
        for target in targets:
            drawn = self._run(f"draw-{source}-{target}", frame, found["features"])["enlarged"]
            made[target] = _to_levels(drawn.reshape(rows * self.task.cells[str(target)], -1))
        return made, following

    def _run(self, graph: str, frame: NDArray[np.float32], features: Any = None) -> Any:
        session = self._session(graph)
        shaped = frame[None, None] if session.build.inputs[0].layout == "NCHW" else frame[None, :, :, None]
        inputs = {"luma": shaped} if features is None else {"luma": shaped, "features": features}
        return session.run(inputs)

    def _session(self, graph: str) -> Session:
        if graph not in self._sessions:
            self._sessions[graph] = self._open(graph)
        return self._sessions[graph]


def _to_layout(state: State, spec: TensorSpec) -> NDArray[np.float32]:
    return np.ascontiguousarray(state.transpose(2, 0, 1) if spec.layout == "NCHW" else state)[None]


def _from_layout(tensor: NDArray[Any], spec: TensorSpec) -> State:
    state: State = tensor[0].transpose(1, 2, 0) if spec.layout == "NCHW" else tensor[0]
    return state


def _to_levels(luma: NDArray[np.float32]) -> Plane:
    """Grey levels, rounded half up and clipped."""
    levels = luma * np.float32(255)
    levels += np.float32(0.5)
    return np.clip(levels, 0, 255, out=levels).astype(np.uint8)
