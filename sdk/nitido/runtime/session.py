"""The one protocol that every runtime backend follows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from nitido.bundle.manifest import Build, TensorSpec
from nitido.errors import BundleInvalid
from nitido.runtime.placement import Placement

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class RuntimeInfo:
    """What really runs a graph; part of every result, so that no fallback stays silent."""

    runtime: str
    """``onnx``, ``litert`` or ``function``."""
    version: str
    device: str
    """The provider or accelerator that took the graph, for example ``cpu``."""
    target: str
    threads: int | None
    placement: Placement | None = field(default=None, compare=False)
    """How it came to run there: what was asked for, what else was tried, and why that was not taken."""

    def __str__(self) -> str:
        threads = self.threads or "all"
        return f"{self.target} on {self.device} ({self.runtime} {self.version}, threads: {threads})"


class Session(Protocol):
    """A loaded graph."""

    @property
    def build(self) -> Build:
        """The build that was loaded: its tensor specifications say what ``run`` takes."""

    @property
    def info(self) -> RuntimeInfo:
        """What runs it."""

    @property
    def resizable(self) -> bool:
        """Whether images may also be smaller than a fixed size of the build: no padding of small photos."""

    def run(self, inputs: Tensors, out: Tensors | None = None) -> Tensors:
        """Compute the outputs, by name, from the inputs, by name.

        ``out`` has contiguous arrays of the right shapes for some or all of the outputs, which may be written
        into and returned, so that large results need no fresh memory each time. Not every runtime does.
        """


def usable_processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_tensors(
    specs: Sequence[TensorSpec], found: Sequence[tuple[str, str, tuple[int | None, ...]]], path: Path
) -> None:
    """Compare a build's tensors with name, dtype and shape of those in its file. Raises BundleInvalid.

    Sizes that are free in the file may be anything in the build.
    """
    actual = {name: (dtype, shape) for name, dtype, shape in found}
    for spec in specs:
        dtype, shape = actual.pop(spec.name, (None, ()))
        fits = len(shape) == len(spec.shape) and all(
            got in (None, size) for got, size in zip(shape, spec.shape, strict=True)
        )
        if dtype != spec.dtype or not fits:
            got = f"{dtype} of shape {shape}" if dtype else f"only {', '.join(name for name, *_ in found)}"
            raise BundleInvalid(
                f"expected {path} to have tensor '{spec.name}' as {spec.dtype} of shape {spec.shape}, "
                f"got {got}; export the bundle again"
            )
    if actual:
        raise BundleInvalid(
            f"expected the manifest to name all tensors of {path}, got none of {', '.join(actual)}; "
            f"export the bundle again"
        )
