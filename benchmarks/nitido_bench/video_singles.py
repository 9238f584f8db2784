"""Single-frame networks that video networks are held against: the zoo's of most nearly the same cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

import nitido
from nitido.bundle.manifest import VideoTask
from nitido.tiers import SCALES, TIERS, bundle_name
from nitido_bench.timing.work import macs

_CELLS = 32
"""Of the coarse grid, each way, in the frame whose arithmetic is counted."""


@dataclass(frozen=True)
class Single:
    """An upscaling network of the zoo."""

    name: str
    cost: float
    """Its multiplications, as a share of the video network's."""


def nearest(bundle: nitido.Bundle, source: int, target: int) -> Single | None:
    """The one of a path's ratio whose cost is nearest; None where the zoo has none of the ratio."""
    task = bundle.task(VideoTask)
    cells = task.cells[str(source)]
    scale, rest = divmod(task.cells[str(target)], cells)
    if rest or scale not in SCALES:
        return None
    work, side = work_of(bundle, source, target), _CELLS * cells
    names = {bundle_name(scale, tier) for tier in TIERS} & set(nitido.zoo.names())
    found = [Single(name, _work(nitido.Bundle.open(name), "main", side) / work) for name in sorted(names)]
    return min(found, key=lambda single: abs(math.log(single.cost)), default=None)


def work_of(bundle: nitido.Bundle, source: int, target: int) -> int:
    """Multiplications of a path for a frame of 32 cells each way."""
    side = _CELLS * bundle.task(VideoTask).cells[str(source)]
    graphs = f"see-{source}", "body", f"draw-{source}-{target}"
    return sum(_work(bundle, graph, side) for graph in graphs)


def _work(bundle: nitido.Bundle, graph: str, side: int) -> int:
    """Frames and photos have sides of so many pixels; what else there is lies on the coarse grid."""
    build = bundle.select(graph, "onnx-fp32")
    sides = {"luma": side, "image": side}
    shapes = {
        spec.name: (1, spec.shape[1] or 1, *[sides.get(spec.name, _CELLS)] * 2) for spec in build.inputs
    }
    return macs(bundle.path(build), shapes)
