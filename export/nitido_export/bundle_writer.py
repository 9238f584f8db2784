"""Writes a model as a bundle: converts it for every target and proves each build before it can be seen."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from nitido.bundle.bundle import GOLDEN, Bundle
from nitido.bundle.manifest import Build, Manifest
from nitido.bundle.schema import write_manifest
from nitido.errors import GoldenMismatch
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido.tensors import is_image, tensor_to_pixels, tensor_to_vector
from nitido_export import litert_backend, model_card, onnx_backend, parity
from nitido_export.artifact import Artifact
from nitido_export.calibration import examples
from nitido_export.errors import ParityError
from nitido_export.graphs import Graph, Model, Values
from nitido_export.photos import crops
from nitido_export.staging import MARK, staged
from nitido_export.targets import DType, Target

CONVERTERS: dict[str, Callable[[Graph, DType, Sequence[Values]], Artifact]] = {
    "onnx": onnx_backend.convert,
    "litert": litert_backend.convert,
}
"""By ``Target.runtime``. Each imports its packages when it is called."""
LICENCE = "Apache-2.0"
_FOLDERS = re.compile(r"--(data|photos) \S+")


def write_bundle(
    model: Model,
    folder: Path,
    targets: Sequence[Target],
    photos: Sequence[Pixels],
    calibration: Sequence[Pixels] | None = None,
) -> Manifest:
    """Export ``model`` to ``folder``, which is replaced when it is a bundle; on any error it stays as it was.

    ``photos`` are what golden vectors are made from and builds are compared on; ``calibration`` is what the
    ranges of quantised builds are seen on, ``photos`` too where it is None. Raises ExportError.
    """
    calibration = photos if calibration is None else calibration
    artifacts = [made for graph in model.graphs for made in _convert(graph, targets, calibration)]
    with staged(folder) as partial:
        golden = _write_golden(model, photos, partial / GOLDEN)
        builds = tuple(
            _write_build(graph, target, artifact, partial, photos) for graph, target, artifact in artifacts
        )
        manifest = Manifest(
            name=model.name,
            id=model.id,
            description=model.description,
            licence=LICENCE,
            task=model.task,
            builds=builds,
            golden_sha256=golden,
            provenance=_provenance(model),
        )
        _write_manifest(manifest, partial)
        manifest = replace(manifest, builds=_prove(model, targets, partial, photos))
        _write_manifest(manifest, partial)
        (partial / "MODEL_CARD.md").write_text(model_card.render(model, manifest), encoding="utf-8")
    return manifest


def _convert(
    graph: Graph, targets: Sequence[Target], calibration: Sequence[Pixels]
) -> Iterator[tuple[Graph, Target, Artifact]]:
    calibrated = any(target.calibrated for target in targets) and not graph.floats
    seen = examples(graph, calibration) if calibrated else []
    for target in targets:
        yield graph, target, CONVERTERS[target.runtime](graph, _dtype(graph, target), seen)


def _dtype(graph: Graph, target: Target) -> DType:
    return "fp32" if graph.floats else target.dtype


def _write_build(
    graph: Graph, target: Target, artifact: Artifact, folder: Path, photos: Sequence[Pixels]
) -> Build:
    """Its parity is what the target allows, until it is measured."""
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


def _write_golden(model: Model, photos: Sequence[Pixels], file: Path) -> str:
    """One example per graph with what torch makes of it; returns the file's sha256."""
    arrays: dict[str, Any] = {}
    for graph in model.graphs:
        photo = next(crops(photos, graph.side, graph.side, 1)) if graph.side else photos[0]
        values = graph.example(photo)
        results = parity.reference(graph, values)
        for spec in graph.inputs:
            arrays[f"{graph.name}/in/{spec.name}"] = values[spec.name]
        for spec in graph.outputs:
            read = tensor_to_pixels if is_image(spec) else tensor_to_vector
            arrays[f"{graph.name}/out/{spec.name}"] = read(results[spec.name], spec)
    np.savez_compressed(file, **arrays)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _prove(
    model: Model, targets: Sequence[Target], folder: Path, photos: Sequence[Pixels]
) -> tuple[Build, ...]:
    """Run every build as the SDK will; returns them with their parity. Raises ParityError."""
    bundle = Bundle.open(folder)
    graphs = {graph.name: graph for graph in model.graphs}
    limits = {target.name: target for target in targets}
    proved = []
    for build in bundle.manifest.builds:
        graph, target = graphs[build.graph], limits[build.target]
        try:
            session = open_session(bundle, build.graph, runtime=build.target)
        except GoldenMismatch as error:
            raise ParityError(
                f"{build.target} of the graph {build.graph} is not what torch computes: {error}"
            ) from error
        found = parity.measure(graph, session, photos)
        parity.check(graph, target, found, build.parity)
        proved.append(replace(build, parity=found))
    return tuple(proved)


def _write_manifest(manifest: Manifest, folder: Path) -> None:
    (folder / MARK).write_text(write_manifest(manifest), encoding="utf-8")


def _provenance(model: Model) -> dict[str, Any]:
    parts = {graph: _portable(asdict(provenance)) for graph, provenance in model.parts.items()}
    own: dict[str, Any] = _portable(asdict(model.provenance))
    return {**own, "parts": parts} if parts else own


def _portable(value: Any) -> Any:
    """As JSON without infinities (null: no limit), and without the folder that the photos lay in."""
    if isinstance(value, dict):
        return {key: _portable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_portable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return _FOLDERS.sub(r"--\1 PHOTOS", value) if isinstance(value, str) else value
