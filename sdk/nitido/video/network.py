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
from nitido.runtime.session import RuntimeInfo, Session, Tensors
from nitido.tensors import pixels_to_tensor, tensor_to_pixels

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
        self._kept: dict[str, dict[str, NDArray[Any]]] = {}
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
        grid = rows, columns = self.grid(luma.shape, source)
        cells = self.task.cells[str(source)]
        beyond = rows * cells - luma.shape[0], columns * cells - luma.shape[1]
        whole = np.pad(luma, ((0, beyond[0]), (0, beyond[1])), mode="edge") if any(beyond) else luma
        frames: dict[tuple[str, str], NDArray[Any]] = {}
        see = f"see-{source}"
        seen = self._run(see, {"luma": self._frame(see, whole, frames)}, {"seen": grid})["seen"]
        inputs = {"seen": seen, "memory": _to_layout(state, self._body.build.inputs[1])}
        found = self._run("body", inputs, {"features": grid})
        following = _from_layout(found["next"], self._body.build.outputs[1])
        made = {}
        for target in targets:
            size = rows * self.task.cells[str(target)], columns * self.task.cells[str(target)]
            graph = f"draw-{source}-{target}"
            inputs = {"luma": self._frame(graph, whole, frames), "features": found["features"]}
            drawn = self._run(graph, inputs, {"enlarged": size})["enlarged"]
            made[target] = _levels(drawn, self._session(graph).build.outputs[0])
        return made, following

    def _run(self, graph: str, inputs: dict[str, NDArray[Any]], sizes: dict[str, tuple[int, int]]) -> Tensors:
        """``sizes`` are of the outputs that are read before the next run: these share memory with it.

        Graphs of one build may compute in floats of different widths; each gets its own.
        """
        session = self._session(graph)
        specs = {spec.name: spec for spec in (*session.build.inputs, *session.build.outputs)}
        inputs = {name: tensor.astype(specs[name].dtype, copy=False) for name, tensor in inputs.items()}
        kept = self._kept.setdefault(graph, {})
        for name, size in sizes.items():
            shape = _shape(specs[name], size)
            if name not in kept or kept[name].shape != shape:
                kept[name] = np.empty(shape, specs[name].dtype)
        return session.run(inputs, kept)

    def _frame(self, graph: str, luma: Plane, made: dict[tuple[str, str], NDArray[Any]]) -> NDArray[Any]:
        """A frame as a graph takes it; ``made`` has it for the graphs before."""
        spec = self._session(graph).build.inputs[0]
        kind = spec.dtype, spec.layout
        if kind not in made:
            made[kind] = pixels_to_tensor(luma[..., None], spec)
        return made[kind]

    def _session(self, graph: str) -> Session:
        if graph not in self._sessions:
            self._sessions[graph] = self._open(graph)
        return self._sessions[graph]


def _to_layout(state: State, spec: TensorSpec) -> NDArray[np.float32]:
    return np.ascontiguousarray(state.transpose(2, 0, 1) if spec.layout == "NCHW" else state)[None]


def _from_layout(tensor: NDArray[Any], spec: TensorSpec) -> State:
    state: State = tensor[0].transpose(1, 2, 0) if spec.layout == "NCHW" else tensor[0]
    return state.astype(np.float32, copy=False)


def _shape(spec: TensorSpec, size: tuple[int, ...]) -> tuple[int, ...]:
    """Of a tensor that has this height and width."""
    if spec.layout == "NCHW":
        return 1, spec.shape[1] or 1, *size
    return 1, *size, spec.shape[3] or 1


def _levels(tensor: NDArray[Any], spec: TensorSpec) -> Plane:
    """Grey levels, rounded half up and clipped."""
    plane: Plane = tensor_to_pixels(tensor, spec)[..., 0]
    return plane
