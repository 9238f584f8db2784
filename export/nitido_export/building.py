"""Makes the files of a bundle, one for each graph and target, and proves each against torch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nitido.bundle.bundle import Bundle
from nitido.bundle.golden import read_golden
from nitido.bundle.manifest import Build
from nitido.errors import BundleInvalid, GoldenMismatch, RuntimeUnavailable
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido_export import coreml_backend, litert_backend, onnx_backend, ort_backend, parity, qnn_backend
from nitido_export.apart import ApartSession
from nitido_export.artifact import Artifact
from nitido_export.calibration import examples
from nitido_export.errors import ConversionFailed, ParityError, TargetUnavailable
from nitido_export.graphs import Graph, Model, Values
from nitido_export.rounding import rounded
from nitido_export.targets import DType, Target

if TYPE_CHECKING:
    from nitido.runtime.session import Session

Converter = Callable[[Graph, DType, Sequence[Values]], Artifact]
CONVERTERS: dict[str, Converter] = {
    "onnx": onnx_backend.convert,
    "ort": ort_backend.convert,
    "litert": litert_backend.convert,
    "coreml": coreml_backend.convert,
}
"""By ``Target.runtime``. Each imports its packages when it is called."""

NOT_WRITTEN = "; no bundle was written"
"""From where an error's text is not true of a bundle that leaves the target out."""
LeftOut = dict[str, str]
"""Targets that a model has no build for, and why."""


def make(
    model: Model,
    targets: Sequence[Target],
    calibration: Sequence[Pixels],
    left_out: LeftOut | None = None,
) -> list[tuple[Graph, Target, Artifact]]:
    """Every graph converted for every target. What cannot be is an error, or is told in ``left_out``."""
    made = []
    for graph in model.graphs:
        workshop = _Workshop(graph, targets, calibration)
        for target in targets:
            with _told(target, left_out):
                made.append((graph, target, workshop.convert(target)))
    return [one for one in made if left_out is None or one[1].name not in left_out]


def write(graph: Graph, target: Target, artifact: Artifact, folder: Path, photos: Sequence[Pixels]) -> Build:
    """Write one file. Its parity is what the target allows, until it is measured."""
    file = f"{graph.name}-{_dtype(graph, target)}{artifact.suffix}"
    (folder / file).write_bytes(artifact.content)
    return Build(
        graph=graph.name,
        target=target.name,
        file=file,
        sha256=hashlib.sha256(artifact.content).hexdigest(),
        bytes=len(artifact.content),
        inputs=artifact.inputs,
        outputs=artifact.outputs,
        parity=parity.limits(graph, target, photos),
    )


def prove(
    model: Model,
    targets: Sequence[Target],
    folder: Path,
    photos: Sequence[Pixels],
    left_out: LeftOut | None = None,
) -> tuple[Build, ...]:
    """Run every build as the SDK will; returns them with their parity, without the files of those left out.

    Raises ParityError, or tells in ``left_out``.
    """
    bundle = Bundle.open(folder)
    graphs = {graph.name: graph for graph in model.graphs}
    limits = {target.name: target for target in targets}
    proved = []
    for build in bundle.manifest.builds:
        graph, target = graphs[build.graph], limits[build.target]
        with _told(target, left_out):
            golden = read_golden(bundle.golden(), build.graph)
            found = parity.measure(graph, open_build(bundle, build), photos, [golden.inputs])
            parity.check(graph, target, found, build.parity)
            proved.append(replace(build, parity=parity.stated(found)))
    kept = [build for build in proved if left_out is None or build.target not in left_out]
    if not kept:
        raise ParityError(
            f"expected a build of {model.name}, got none: {'; '.join((left_out or {}).values())}"
        )
    for file in {build.file for build in bundle.manifest.builds} - {build.file for build in kept}:
        (folder / file).unlink()
    return tuple(kept)


def open_build(bundle: Bundle, build: Build) -> Session:
    """A session for exactly this build: on the CPU, in Qualcomm's simulation, or evaluated by us.

    Raises ParityError when it does not reproduce the golden vectors; a simulation does when it is first run.
    """
    try:
        if build.runtime == "coreml":
            from nitido_export.coreml_session import open_package

            return open_package(bundle, build)
        if build.runtime == "qnn":
            return ApartSession(bundle, build, "npu", "Qualcomm's NPU, simulated")
        return open_session(bundle, build.graph, runtime=build.target, device="cpu")
    except GoldenMismatch as error:
        raise ParityError(
            f"{build.target} of the graph {build.graph} is not what torch computes: {error}"
        ) from error


class _Workshop:
    """Converts one graph for many targets, and what they have in common once."""

    def __init__(self, graph: Graph, targets: Sequence[Target], photos: Sequence[Pixels]) -> None:
        self.graph = graph
        self._floats = replace(graph, finer=frozenset()) if graph.finer else graph
        self._finest = replace(graph, finer=graph.finer | graph.finest) if graph.finest else graph
        self._scores = parity.is_score(graph)
        needed = any(target.calibrated or self._rounds(target) for target in targets) and not graph.floats
        self._seen = examples(graph, photos) if needed else []
        self._rounded: dict[str, Graph] = {}
        self._onnx: dict[tuple[DType, frozenset[str], frozenset[str]], Artifact] = {}

    def convert(self, target: Target) -> Artifact:
        """One build."""
        dtype = _dtype(self.graph, target)
        graph = self._graph(target)
        if target.runtime in ("onnx", "qnn"):
            kind = dtype, graph.exact, graph.rounded
            if kind not in self._onnx:
                self._onnx[kind] = CONVERTERS["onnx"](graph, dtype, self._seen)
            if target.runtime == "onnx" or graph.floats:
                return self._onnx[kind]
            return qnn_backend.convert(graph, self._onnx[kind], target.hexagon)
        if target.greys and not graph.floats:
            return litert_backend.convert(graph, dtype, greys=True)
        return CONVERTERS[target.runtime](graph, dtype, self._seen)

    def _rounds(self, target: Target) -> bool:
        """Whether weights are rounded here already, with biases that make up for it."""
        return self._scores and target.dtype != "fp32"

    def _graph(self, target: Target) -> Graph:
        """As the target computes it: accelerators take whole numbers or nothing."""
        graph = self._of_bits(target)
        if target.runtime == "onnx":
            return graph
        if target.runtime == "qnn" and target.calibrated:
            plain = (spec for spec in graph.outputs if not graph.is_grey(spec))
            maps = {spec.name for spec in plain if parity.is_map(spec)}
            graph = replace(graph, rounded=graph.rounded | maps)
        finer = graph.finer | graph.exact if target.dtype.startswith("w8") else graph.finer
        return replace(graph, exact=frozenset(), finer=finer)

    def _of_bits(self, target: Target) -> Graph:
        if not self._rounds(target):
            if target.dtype == "w8a16":
                return self._finest
            return self.graph if target.dtype.startswith("w8") else self._floats
        kind = "half" if target.dtype == "fp16" else "int8"
        if kind not in self._rounded:
            self._rounded[kind] = rounded(self.graph, target.dtype, self._seen)
        return self._rounded[kind]


def _dtype(graph: Graph, target: Target) -> DType:
    stored = target.runtime == "litert" and target.dtype == "fp16"  # computes in float32 on a processor
    return "fp32" if graph.floats and not stored else target.dtype


@contextmanager
def _told(target: Target, left_out: LeftOut | None) -> Iterator[None]:
    """Pass the errors of a target that may be left out to ``left_out``, where it is given."""
    try:
        yield
    except (ConversionFailed, ParityError, TargetUnavailable, RuntimeUnavailable, BundleInvalid) as error:
        if left_out is None:
            raise
        left_out.setdefault(target.name, str(error).partition(NOT_WRITTEN)[0])
