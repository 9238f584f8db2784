"""What a manifest must fulfil beyond its types: sizes that make sense, safe file names, unique builds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from nitido.bundle.manifest import (
    BlindTask,
    Build,
    ColorizeTask,
    DownscaleTask,
    FaceTask,
    Manifest,
    RestoreTask,
    ScoreTask,
    Task,
    TensorSpec,
    TriggerTask,
    UpscaleTask,
    VideoTask,
    View,
)
from nitido.errors import BundleInvalid

Rules = Iterator[tuple[str, Any, str, bool]]
"""JSON path, its value, what it must be, whether it is."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_rules(manifest: Manifest) -> None:
    """Raises BundleInvalid naming the JSON path of the first rule that is broken."""
    for path, value, rule, kept in _rules(manifest):
        if not kept:
            raise BundleInvalid(
                f"manifest.json: expected {path} to be {rule}, got {value!r}; export the bundle again"
            )


def _rules(manifest: Manifest) -> Rules:
    yield "$.name", manifest.name, "a name", bool(manifest.name)
    yield "$.id", manifest.id, "16 hex digits", bool(re.fullmatch(r"[0-9a-f]{16}", manifest.id))
    golden = manifest.golden_sha256
    yield "$.golden_sha256", golden, "64 hex digits", bool(_SHA256.fullmatch(golden))
    yield from _task_rules(manifest.task)
    pairs = [(build.graph, build.target) for build in manifest.builds]
    yield "$.builds", pairs, "at least one build", bool(pairs)
    yield "$.builds", pairs, "different in graph or target", len(set(pairs)) == len(pairs)
    for i, build in enumerate(manifest.builds):
        yield from _build_rules(build, f"$.builds[{i}]")


def _task_rules(task: Task) -> Rules:
    if isinstance(task, UpscaleTask | RestoreTask | BlindTask | DownscaleTask):
        yield "$.task.halo", task.halo, "0 or more", task.halo >= 0
        yield "$.task.tile", task.tile, f"above twice the halo of {task.halo}", task.tile > 2 * task.halo
    if isinstance(task, UpscaleTask | BlindTask):
        yield "$.task.scale", task.scale, "1 or more", task.scale >= 1
    if isinstance(task, BlindTask):
        yield "$.task.latent", task.latent, "1 or more", task.latent >= 1
        yield "$.task.cell", task.cell, "32 or more", task.cell >= 32
    if isinstance(task, RestoreTask | DownscaleTask):
        multiple = task.multiple
        yield "$.task.multiple", multiple, "1 or more", multiple >= 1
        yield "$.task.tile", task.tile, f"a multiple of {multiple}", task.tile % multiple == 0
    if isinstance(task, ColorizeTask):
        yield "$.task.side", task.side, "1 or more", task.side >= 1
        yield "$.task.unsure", task.unsure, "above 0", task.unsure > 0
    if isinstance(task, FaceTask):
        yield from _face_rules(task)
    if isinstance(task, VideoTask):
        named = {str(height) for height in (*task.sources, *task.targets)}
        yield "$.task.cells", task.cells, "of all sources and targets", named == set(task.cells)
        yield "$.task.cells", task.cells, "1 or more each", all(n >= 1 for n in task.cells.values())
        pairs = [(s, t) for s in task.sources for t in task.targets if t > s]
        yield "$.task.targets", task.targets, "above a source", bool(pairs)
        yield "$.task.memory", task.memory, "1 or more", task.memory >= 1
    if isinstance(task, TriggerTask | ScoreTask):
        yield from _view_rules(task.view)
    if isinstance(task, RestoreTask | TriggerTask):
        factors = task.factors
        yield "$.task.factors", factors, "at least one name, each once", 0 < len(set(factors)) == len(factors)
    if isinstance(task, TriggerTask):
        given = task.thresholds
        yield "$.task.thresholds", given, "one number for each factor", set(given) == set(task.factors)
        yield "$.task.precision", task.precision, "above 0 and at most 1", 0 < task.precision <= 1


def _face_rules(task: FaceTask) -> Rules:
    strides = task.strides
    rising = bool(strides) and strides[0] >= 1 and list(strides) == sorted(set(strides))
    yield "$.task.strides", strides, "at least one, each larger than the one before", rising
    yield "$.task.overlap", task.overlap, "1 or more", task.overlap >= 1
    largest = max(strides, default=1)
    roomy = task.tile % largest == 0 and task.tile >= task.overlap + largest
    yield "$.task.tile", task.tile, f"a multiple of {largest} that leaves room for the overlap", roomy
    yield "$.task.smallest", task.smallest, "1 or more", task.smallest >= 1
    yield "$.task.confidence", task.confidence, "above 0 and at most 1", 0 < task.confidence <= 1


def _view_rules(view: View) -> Rules:
    sizes = view.size >= 1 and view.crop >= 1 and view.count >= 0 and view.whole >= 0
    yield "$.task.view", view, "made of positive sizes", sizes
    cells = (view.size // view.crop) ** 2 if view.size % view.crop == 0 else 0
    filled = view.count + view.whole == cells > 0
    yield "$.task.view", view, "cells (count + whole) that fill the square of its size", filled


def _build_rules(build: Build, path: str) -> Rules:
    target, file = build.target, build.file
    yield f"{path}.target", target, "as in onnx-fp32", bool(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", target))
    yield f"{path}.file", file, "the name of a file in the bundle's folder", stays_inside(file)
    yield f"{path}.sha256", build.sha256, "64 hex digits", bool(_SHA256.fullmatch(build.sha256))
    yield f"{path}.bytes", build.bytes, "1 or more", build.bytes >= 1
    for side, specs in (("inputs", build.inputs), ("outputs", build.outputs)):
        names = [spec.name for spec in specs]
        different = 0 < len(set(names)) == len(names)
        yield f"{path}.{side}", names, "at least one tensor, each name once", different
        for i, spec in enumerate(specs):
            yield from _tensor_rules(spec, f"{path}.{side}[{i}]")


def _tensor_rules(spec: TensorSpec, path: str) -> Rules:
    rank = len(spec.layout)
    yield f"{path}.shape", spec.shape, f"{rank} sizes, as {spec.layout}", len(spec.shape) == rank
    yield f"{path}.shape", spec.shape, "a batch of 1, as its first size", spec.shape[0] == 1
    positive = all(size is None or size >= 1 for size in spec.shape)
    yield f"{path}.shape", spec.shape, "positive sizes (or null for any)", positive
    quantised = spec.quantisation is not None
    rule = "given exactly for whole-number types"
    yield f"{path}.quantisation", spec.quantisation, rule, quantised == ("int" in spec.dtype)
    if spec.quantisation is not None:
        scale = spec.quantisation.scale
        yield f"{path}.quantisation.scale", scale, "above 0", scale > 0


def stays_inside(file: str) -> bool:
    """Whether a relative POSIX file name stays below the folder it is relative to, on every system."""
    parts = PurePosixPath(file).parts
    strange = any(character in file for character in "\\:\0")
    return bool(parts) and not strange and not file.startswith("/") and ".." not in parts
