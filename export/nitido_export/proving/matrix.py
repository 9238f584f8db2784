"""Proves every build of a bundle wherever this machine can, against torch, and tells what became of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import Build
from nitido.photo.model import Pixels
from nitido.runtime.ways import COMPILED
from nitido_export import parity
from nitido_export.graphs import Graph, Model, Values
from nitido_export.photos import crops
from nitido_export.proving import operations
from nitido_export.proving.operations import Delegation
from nitido_export.proving.processes import Answer
from nitido_export.proving.provers import Prover, provers_for
from nitido_export.targets import TARGETS, Target

HALF_DB = 60.0
"""What a GPU that computes in half floats must reach: they carry through every layer."""


@dataclass(frozen=True)
class Row:
    """One build in one place."""

    graph: str
    target: str
    file: str
    bytes: int
    operations: Mapping[str, int]
    where: str
    outcome: str
    """``proved``, ``refused`` (it does not run there as a whole), ``too far`` or ``not run``."""
    reason: str
    delegated: float | None
    """Share of operations that the accelerator takes; None where that means nothing."""
    partitions: int | None
    refused: tuple[str, ...]
    psnr_db: float | None
    max_abs: float | None
    """Largest difference to torch; images count 0..1."""
    worst: str
    """The tensor and place of the largest difference."""
    runtime: str
    ms: float | None
    """Best time of a run on the CPU; None for simulations."""


def prove(bundle: Bundle, model: Model, photos: Sequence[Pixels]) -> Iterator[Row]:
    """A row for each build and each place that it is for. ``model`` is the bundle's checkpoint."""
    graphs = {graph.name: graph for graph in model.graphs}
    seen: set[tuple[str, str]] = set()
    for build in bundle.manifest.builds:
        yield from _rows(bundle, build, graphs[build.graph], photos, seen)


def _rows(
    bundle: Bundle, build: Build, graph: Graph, photos: Sequence[Pixels], seen: set[tuple[str, str]]
) -> Iterator[Row]:
    """``seen`` has the files and places that have a row: targets share the files of small helpers."""
    file = bundle.path(build)
    kinds = operations.count(build, file)
    for name, prover in provers_for(build).items():
        if (build.file, name) in seen or (build.runtime == "qnn" and not build.file.endswith(COMPILED)):
            continue
        seen.add((build.file, name))
        facts: dict[str, Any] = {"delegated": None, "partitions": None, "refused": ()}
        distance, answer = None, Answer(None, "", prover.missing())
        outcome = "not run"
        if not answer.reason:
            answer, distance = _ask(bundle, build, graph, prover, photos)
            facts = _facts(name, file, answer)
            outcome = _outcome(graph, build, prover, answer, distance, photos)
        said = answer.said or {}
        yield Row(
            graph=build.graph,
            target=build.target,
            file=build.file,
            bytes=build.bytes,
            operations=kinds,
            where=prover.what,
            outcome=outcome,
            reason=answer.reason,
            psnr_db=distance.psnr_db if distance else None,
            max_abs=distance.max_abs if distance else None,
            worst=distance.place if distance else "",
            runtime=str(said.get("runtime", "")),
            ms=said.get("ms") if said.get("device") == "cpu" else None,
            **facts,
        )


def _ask(
    bundle: Bundle, build: Build, graph: Graph, prover: Prover, photos: Sequence[Pixels]
) -> tuple[Answer, parity.Distance | None]:
    examples = [graph.example(pixels) for pixels in _seen(graph, photos, prover.examples)]
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder) / "in.npz", Path(folder) / "out.npz"
        tensors: dict[str, Any] = {
            f"{at}/{spec.name}": parity.to_tensor(values[spec.name], spec)
            for at, values in enumerate(examples)
            for spec in build.inputs
        }
        np.savez(inputs, **tensors)
        answer = prover.run(bundle, build, inputs, outputs)
        if answer.said is None:
            return answer, None
        with np.load(outputs) as arrays:
            return answer, _distance(graph, build, examples, arrays)


def _distance(graph: Graph, build: Build, examples: Sequence[Values], arrays: Any) -> parity.Distance:
    found = [
        parity.distance(arrays[f"{at}/{spec.name}"], expected[spec.name], spec)
        for at, values in enumerate(examples)
        for expected in (parity.reference(graph, values),)
        for spec in build.outputs
    ]
    return parity.Distance(
        min((d.psnr_db for d in found if d.psnr_db is not None), default=None),
        max(d.max_abs for d in found),
        max(found, key=lambda d: d.max_abs).place,
    )


def _seen(graph: Graph, photos: Sequence[Pixels], count: int) -> list[Pixels]:
    return list(photos[:count]) if graph.frame is None else list(crops(photos, *graph.frame, count))


def _facts(name: str, file: Path, answer: Answer) -> dict[str, Any]:
    found: Delegation | None = None
    if name == "xnnpack":
        found = operations.xnnpack(file)
    elif name == "gpu":
        found = operations.gpu(answer.words, whole=answer.said is not None)
    elif name == "npu":  # it may not leave anything to the CPU
        found = Delegation(1.0, 1) if answer.said else Delegation(0.0, 0)
    if found is None:
        return {"delegated": None, "partitions": None, "refused": ()}
    return {"delegated": found.share, "partitions": found.partitions, "refused": found.refused}


def _outcome(
    graph: Graph,
    build: Build,
    prover: Prover,
    answer: Answer,
    distance: parity.Distance | None,
    photos: Sequence[Pixels],
) -> str:
    if distance is None:
        return "refused"
    target = target_of(build)
    if distance.psnr_db is not None:
        least = min(target.min_psnr_db, HALF_DB) if prover.half else target.min_psnr_db
        return "proved" if distance.psnr_db >= least else "too far"
    loose = TARGETS["litert-fp16"] if prover.half and not target.calibrated else target
    most = parity.limits(graph, loose, photos)["max_abs"]
    return "proved" if distance.max_abs <= most else "too far"


def target_of(build: Build) -> Target:
    """The target that a build was made for."""
    return TARGETS[build.target]
