"""Writes a model as a bundle: converts it for every target and proves each build before it can be seen."""

from __future__ import annotations

import hashlib
import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from nitido.bundle.bundle import GOLDEN
from nitido.bundle.manifest import Manifest
from nitido.bundle.schema import write_manifest
from nitido.photo.model import Pixels
from nitido.tensors import is_image, tensor_to_pixels, tensor_to_vector
from nitido_export import building, model_card, parity
from nitido_export.building import LeftOut
from nitido_export.graphs import Model
from nitido_export.photos import crops
from nitido_export.staging import MARK, staged
from nitido_export.targets import Target

LICENCE = "Apache-2.0"
_REPEATS = 6
"""Times that a large golden image shows the same."""
_NARROWEST = 32
"""Pixels that differ at least: networks see about as far."""
_FOLDERS = re.compile(r"--(data|photos|clips) (?![\d.]+\b)\S+")  # a share of clips is a number


def write_bundle(
    model: Model,
    folder: Path,
    targets: Sequence[Target],
    photos: Sequence[Pixels],
    calibration: Sequence[Pixels] | None = None,
    left_out: LeftOut | None = None,
) -> Manifest:
    """Export ``model`` to ``folder``, which is replaced when it is a bundle; on any error it stays as it was.

    ``photos`` are what golden vectors are made from and builds are compared on; ``calibration`` is what the
    ranges of quantised builds are seen on, ``photos`` too where it is None. A target that cannot be converted
    to, or whose build is too far from torch, is an error; with ``left_out`` it is told there, and the bundle
    is written without it. Raises ExportError.
    """
    artifacts = building.make(model, targets, photos if calibration is None else calibration, left_out)
    with staged(folder) as partial:
        golden = _write_golden(model, photos, partial / GOLDEN)
        builds = tuple(building.write(*artifact, partial, photos) for artifact in artifacts)
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
        manifest = replace(manifest, builds=building.prove(model, targets, partial, photos, left_out))
        _write_manifest(manifest, partial)
        (partial / "MODEL_CARD.md").write_text(model_card.render(model, manifest), encoding="utf-8")
    return manifest


def _write_golden(model: Model, photos: Sequence[Pixels], file: Path) -> str:
    """One example per graph with what torch makes of it; returns the file's sha256."""
    arrays: dict[str, Any] = {}
    for graph in model.graphs:
        photo = _calmer(list(crops(photos, *graph.frame, len(photos))) if graph.frame else photos)
        values = graph.example(_repeated(photo) if graph.frame else photo)
        results = parity.reference(graph, values)
        for spec in graph.inputs:
            arrays[f"{graph.name}/in/{spec.name}"] = values[spec.name]
        for spec in graph.outputs:
            read = tensor_to_pixels if is_image(spec) else tensor_to_vector
            arrays[f"{graph.name}/out/{spec.name}"] = read(results[spec.name], spec)
    np.savez_compressed(file, **arrays)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _calmer(photos: Sequence[Pixels]) -> Pixels:
    """The one at the lower quartile of detail: noise would fill the file, what is flat would prove little."""
    detail = {number: len(zlib.compress(photo.tobytes())) / photo.size for number, photo in enumerate(photos)}
    calmest_first = sorted(detail, key=detail.__getitem__)
    return photos[calmest_first[min(max(1, len(photos) // 4), len(photos) - 1)]]


def _repeated(photo: Pixels) -> Pixels:
    """Its first columns again and again: as many values to agree on, in a file a third as large."""
    width = photo.shape[1]
    part = max(width // _REPEATS, _NARROWEST)
    columns = np.arange(width) % part
    return np.ascontiguousarray(photo[:, columns])


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
    return _FOLDERS.sub(_unnamed, value) if isinstance(value, str) else value


def _unnamed(option: re.Match[str]) -> str:
    return f"--{option[1]} {'CLIPS' if option[1] == 'clips' else 'PHOTOS'}"
