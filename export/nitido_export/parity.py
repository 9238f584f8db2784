"""How far a build is from torch: both see the same photos, the build through the SDK's own session."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nitido.bundle.manifest import TensorSpec
from nitido.photo.model import Pixels
from nitido.runtime.session import Session
from nitido.tensors import is_image, pixels_to_tensor, storable, vector_to_tensor
from nitido_export.errors import ParityError
from nitido_export.graphs import Graph, Values
from nitido_export.photos import crops
from nitido_export.targets import Target
from nitido_train.resample import bicubic_downscale, crop_to_multiple

PHOTOS = 6
SIMULATED = 2
RANKED = 8
"""From how many photos a rank correlation means something."""
SMALLEST = 64
"""Side in pixels below which a photo at half its size is left out."""
_WORST_OF_MAP = 5
"""Times as far as the worst of few numbers the worst of a map's may be."""
IDENTICAL_DB = 200.0
"""Stands for the infinite PSNR of equal images, which JSON cannot hold."""


def reference(graph: Graph, values: Values) -> dict[str, NDArray[np.float32]]:
    """What torch computes, in the layout of the graph's outputs; images clipped to 0..1, as in the SDK."""
    inputs = [torch.from_numpy(to_tensor(values[spec.name], spec)) for spec in graph.inputs]
    with torch.inference_mode():
        results = graph.net(*inputs)
    if isinstance(results, Tensor):
        results = (results,)
    return {spec.name: _clip(r.numpy(), spec) for spec, r in zip(graph.outputs, results, strict=True)}


def to_tensor(value: NDArray[Any], spec: TensorSpec) -> NDArray[Any]:
    """A batch of one for a session or for torch, from the form that golden vectors have."""
    return pixels_to_tensor(value, spec) if is_image(spec) else vector_to_tensor(value, spec)


def measure(
    graph: Graph, session: Session, photos: Sequence[Pixels], golden: Sequence[Values] = ()
) -> dict[str, float]:
    """``psnr_db`` of the worst photo (images, maps) and ``max_abs`` over all.

    ``golden`` are inputs that devices are checked with: what is stated must hold of them too.
    For scores of photos also ``rank``, the Spearman correlation with torch's scores, where there are enough.
    """
    psnr, max_abs = math.inf, 0.0
    scores: list[tuple[float, float]] = []
    maps: dict[str, list[tuple[float, float, float]]] = {s.name: [] for s in graph.outputs if is_map(s)}
    for values in (*map(graph.example, _photos(graph, session, photos)), *golden):
        expected = reference(graph, values)
        actual = session.run({s.name: to_tensor(values[s.name], s) for s in session.build.inputs})
        for spec in session.build.outputs:
            found = distance(actual[spec.name], expected[spec.name], spec)
            max_abs = max(max_abs, found.max_abs)
            if found.psnr_db is not None:
                psnr = min(psnr, found.psnr_db)
            elif spec.name in maps:
                wanted = storable(expected[spec.name], spec)
                error = _nchw(_real(actual[spec.name], spec), spec) - wanted
                low, high = float(wanted.min()), float(wanted.max())
                maps[spec.name].append((low, high, float(np.mean(np.square(error, dtype=np.float64)))))
            else:
                scores.append(
                    (float(expected[spec.name].flat[0]), float(_real(actual[spec.name], spec).flat[0]))
                )
    for seen in maps.values():
        lows, highs, errors = zip(*seen, strict=True)
        psnr = min(psnr, _psnr(max(errors), max(highs) - min(lows)))
    close = {"psnr_db": psnr} if psnr < math.inf else {}
    if is_score(graph) and len(scores) >= RANKED:
        close["rank"] = spearman(scores)
    return {**close, "max_abs": max_abs}


def stated(parity: dict[str, float]) -> dict[str, float]:
    """What ``measure`` found as manifests have it: rounded to the cautious side."""
    rounding = {"psnr_db": lambda value: float(math.floor(value)), "rank": _round_down, "max_abs": _round_up}
    return {name: rounding[name](value) for name, value in parity.items()}


@dataclass(frozen=True)
class Distance:
    """How far one tensor is from torch's."""

    psnr_db: float | None
    """Of images."""
    max_abs: float
    place: str
    """Of the largest difference: the tensor, and where in it."""


def distance(tensor: NDArray[Any], expected: NDArray[np.float32], spec: TensorSpec) -> Distance:
    """Of a runtime's tensor from torch's (NCHW or NC). Raises ParityError when it is not made of numbers."""
    real = _clip(_real(tensor, spec), spec)
    error = _nchw(real, spec).astype(np.float64) - storable(expected, spec)
    if not np.isfinite(error).all():
        raise ParityError(f"expected numbers in '{spec.name}', got infinite ones or none at all")
    at = np.unravel_index(int(np.abs(error).argmax()), error.shape)
    place = f"{spec.name}[{', '.join(str(int(index)) for index in at[1:])}]"
    if not is_image(spec):
        return Distance(None, float(np.abs(error).max()), place)
    return Distance(_psnr(float(np.mean(error**2))), float(np.abs(error).max()), place)


def _psnr(mse: float, span: float = 1.0) -> float:
    return 10 * math.log10(span**2 / mse) if mse > 0 and span > 0 else IDENTICAL_DB


def limits(graph: Graph, target: Target, photos: Sequence[Pixels]) -> dict[str, float]:
    """What ``target`` allows ``measure`` to find.

    In fewer bits a map counts like an image, by its PSNR, whose peak is the range of torch's numbers over all
    photos: the worst of thousands lies further out than the worst of a few scores.
    """
    if any(map(is_image, graph.outputs)):
        return {"psnr_db": target.min_psnr_db, "max_abs": 1.0}
    if target.max_share == 0:
        return {"max_abs": target.max_abs}
    seen = _whole(graph, photos) if graph.frame is None else crops(photos, *graph.frame, PHOTOS)
    found = [reference(graph, graph.example(pixels)) for pixels in seen]
    spans = [np.ptp([values[spec.name] for values in found]) for spec in graph.outputs]
    most = max(target.max_abs, target.max_share * float(max(spans)))
    if target.calibrated and any(map(is_map, graph.outputs)):
        return {"psnr_db": target.min_psnr_db, "max_abs": _WORST_OF_MAP * most}
    return {"max_abs": most}


def check(graph: Graph, target: Target, parity: dict[str, float], allowed: dict[str, float]) -> None:
    """Refuse a build that is further from torch than its target allows."""
    least, max_abs = allowed.get("psnr_db"), parity["max_abs"]
    if least is not None and parity["psnr_db"] < least:
        raise ParityError(
            f"expected {target.name} of the graph {graph.name} at >= {least:g} dB to torch, got "
            f"{parity['psnr_db']:.1f} dB (largest difference {max_abs:.2g}); no bundle was written: leave "
            f"this target out"
        )
    if parity.get("rank", 1.0) < target.min_rank:
        raise ParityError(
            f"expected {target.name} of the graph {graph.name} to rank photos as torch does (Spearman >= "
            f"{target.min_rank:g}), got {parity['rank']:.4f}; no bundle was written: leave this target out"
        )
    if least is None and max_abs > allowed["max_abs"]:
        raise ParityError(
            f"expected {target.name} of the graph {graph.name} within {allowed['max_abs']:g} of torch, got "
            f"{max_abs:.3g}; no bundle was written: leave this target out"
        )


def _photos(graph: Graph, session: Session, photos: Sequence[Pixels]) -> list[Pixels]:
    """Photos, or crops where the graph has a size; if it is free, every second one has another.

    Simulations of hardware are slow, and see fewer.
    """
    most = SIMULATED if "simulated" in session.info.device else PHOTOS
    if graph.frame is None:
        return _whole(graph, photos)[: most if most < PHOTOS else None]
    square = list(crops(photos, *graph.frame, most))
    if not any(None in spec.shape for spec in session.build.inputs):
        return square
    step = graph.multiple
    return [crop if index % 2 == 0 else crop[step:, 3 * step :] for index, crop in enumerate(square)]


def _whole(graph: Graph, photos: Sequence[Pixels]) -> list[Pixels]:
    """Whole photos; for scores all of them, and each at half its size too, so that there are many to rank."""
    if not is_score(graph):
        return list(photos[:PHOTOS])
    halves = [bicubic_downscale(crop_to_multiple(photo, 2), 2) for photo in photos]
    return [*photos, *(half for half in halves if min(half.shape[:2]) >= SMALLEST)]


def is_map(spec: TensorSpec) -> bool:
    """Whether a tensor has numbers for each place of a photo, and is no image."""
    return spec.layout != "NC" and not is_image(spec)


def is_score(graph: Graph) -> bool:
    """Whether a graph gives scores of a whole photo."""
    return graph.frame is None and not graph.floats and not any(map(is_image, graph.outputs))


def spearman(pairs: Sequence[tuple[float, float]]) -> float:
    """Rank correlation; equal values share their mean rank."""
    columns = np.array(pairs, np.float64).T
    ranks = np.stack(
        [np.mean([np.sum(c[:, None] > c, 1), np.sum(c[:, None] >= c, 1) - 1], 0) for c in columns]
    )
    if np.ptp(ranks, axis=1).min() == 0:
        return 1.0 if np.array_equal(*ranks) else 0.0
    return float(np.corrcoef(ranks)[0, 1])


def _real(value: NDArray[Any], spec: TensorSpec) -> NDArray[np.float32]:
    """What the stored numbers stand for."""
    real = value.astype(np.float32)
    q = spec.quantisation
    return real if q is None else (real - np.float32(q.zero_point)) * np.float32(q.scale)


def _clip(value: NDArray[Any], spec: TensorSpec) -> NDArray[np.float32]:
    return np.clip(value, 0, 1) if is_image(spec) else np.asarray(value, np.float32)


def _nchw(value: NDArray[Any], spec: TensorSpec) -> NDArray[Any]:
    return np.moveaxis(value, -1, 1) if spec.layout == "NHWC" else value


def _round_down(rank: float) -> float:
    return math.floor(1e4 * rank) / 1e4


def _round_up(value: float) -> float:
    """To one significant digit, so that figures do not change with the processor's rounding."""
    if value == 0:
        return value
    unit = 10.0 ** math.floor(math.log10(value))
    return float(f"{math.ceil(value / unit) * unit:.0e}")
