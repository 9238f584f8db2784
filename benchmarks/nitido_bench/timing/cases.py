"""What is timed: one graph of a bundle in one build, on a device, with so many threads, at one size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nitido
from nitido.bundle.bundle import PREFERENCE
from nitido.bundle.manifest import Build, FaceTask, RestoreTask, TensorSpec, UpscaleTask
from nitido.runtime import open_session
from nitido.runtime.session import Session
from nitido_bench.errors import SizeRefused

Size = tuple[int, int]
"""Height and width of an image tensor."""


@dataclass(frozen=True)
class Case:
    """One row of the suite ``latency``."""

    bundle: str
    """Name in the zoo, or folder."""
    graph: str
    target: str
    device: str
    threads: int
    height: int
    width: int

    @property
    def size(self) -> str:
        """As tables show it: width first."""
        return f"{self.width}x{self.height}" if self.height else "fixed"

    def open(self) -> tuple[Session, dict[str, NDArray[Any]]]:
        """A session, and inputs for it."""
        bundle = nitido.Bundle.open(self.bundle)
        session = open_session(
            bundle, self.graph, runtime=self.target, device=self.device, threads=self.threads
        )
        return session, inputs(bundle, session.build, (self.height, self.width))


def cases(
    bundles: Sequence[str],
    targets: Sequence[str] | None,
    devices: Sequence[str],
    threads: Sequence[int],
    sizes: Sequence[Size],
) -> Iterator[Case]:
    """All combinations; ``targets`` None: every build for ONNX Runtime and LiteRT.

    Raises BuildMissing where a bundle has no build that was named, SizeRefused.
    """
    for name in bundles:
        bundle = nitido.Bundle.open(name)
        for graph in dict.fromkeys(build.graph for build in bundle.manifest.builds):
            builds = [bundle.select(graph, target) for target in targets or ()]
            if targets is None:
                builds = [build for build in bundle.builds(graph) if build.runtime in PREFERENCE]
            for build in builds:
                for height, width in dict.fromkeys(real_size(bundle, build, size) for size in sizes):
                    yield from (
                        Case(name, graph, build.target, device, count, height, width)
                        for device in devices
                        for count in threads
                    )


def real_size(bundle: nitido.Bundle, build: Build, asked: Size) -> Size:
    """The size of the first image that a build will get: its own, where its sides are fixed; (0, 0): none.

    Raises SizeRefused.
    """
    for spec in build.inputs:
        if spec.layout != "NC" and len(spec.shape) == 4:
            if spec.name not in free_inputs(bundle, build):
                height, width = spec.shape[2:] if spec.layout == "NCHW" else spec.shape[1:3]
                return height or 0, width or 0
            _check(bundle, asked)
            return asked
    return 0, 0


def free_inputs(bundle: nitido.Bundle, build: Build) -> set[str]:
    """Names of the images whose sides may vary.

    Builds for LiteRT name one size, but its interpreter takes another wherever the network does, which the
    ONNX build of the same graph tells.
    """
    builds = bundle.builds(build.graph) if build.runtime == "litert" else (build,)
    return {spec.name for other in builds for spec in other.inputs if None in spec.shape}


def inputs(bundle: nitido.Bundle, build: Build, size: Size) -> dict[str, NDArray[Any]]:
    """Random tensors for every input: how long a network takes does not depend on what it sees."""
    rng, free = np.random.default_rng(0), free_inputs(bundle, build)
    return {
        spec.name: _random(spec, _shape(spec, size if spec.name in free else None), rng)
        for spec in build.inputs
    }


def _shape(spec: TensorSpec, size: Size | None) -> tuple[int, ...]:
    if size is None:
        return tuple(side or 1 for side in spec.shape)
    channels = spec.shape[1 if spec.layout == "NCHW" else 3] or 1
    return (1, channels, *size) if spec.layout == "NCHW" else (1, *size, channels)


def _random(spec: TensorSpec, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[Any]:
    dtype = np.dtype(spec.dtype)
    if dtype.kind == "f":
        return rng.random(shape, np.float32).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def _check(bundle: nitido.Bundle, size: Size) -> None:
    smallest, multiple = limits(bundle)
    if min(size) < smallest or any(side % multiple for side in size):
        whole = f", multiples of {multiple}" if multiple > 1 else ""
        raise SizeRefused(
            f"expected sides of at least {smallest} pixels{whole} for {bundle.manifest.name}, got "
            f"{size[1]}x{size[0]}; choose another --size"
        )


def limits(bundle: nitido.Bundle) -> tuple[int, int]:
    """The smallest side of a tile that the sdk cuts for a bundle, and what sides are multiples of."""
    task = bundle.manifest.task
    if isinstance(task, FaceTask):
        return task.strides[-1], task.strides[-1]
    multiple = task.multiple if isinstance(task, RestoreTask) else 1
    halo = task.halo if isinstance(task, RestoreTask | UpscaleTask) else 0
    smallest = 2 * halo + multiple
    return -(-smallest // multiple) * multiple, multiple
