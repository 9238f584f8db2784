"""What goes through a network on real photos: examples to run, and the range of every tensor that they fill.

Ranges are the smallest and largest value seen. Clipping them where that lowers the mean squared error of
activations was tried on super-resolution and lost more: the few large activations are the edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido.bundle.manifest import Quantisation, TensorSpec
from nitido.photo.model import Pixels
from nitido.tensors import is_image
from nitido_export.errors import SamplesMissing
from nitido_export.graphs import Graph, Range, Values
from nitido_train.resample import bicubic_downscale, crop_to_multiple

EXAMPLES = 24
_PIXELS = EXAMPLES * 128 * 128
"""Of smaller crops it takes more to see as much: whole frames go through a graph whose crops are tiny."""
UNIT: Range = (0.0, 1.0)
"""The range of every image: 8 bits are then exactly its grey levels."""


def examples(graph: Graph, photos: Sequence[Pixels], count: int | None = None) -> list[Values]:
    """Inputs of a graph made from photos, and from the same photos at half size, whose detail is denser.

    Where the graph has a side they are random crops of that size, the same ones each time. Of each there is
    one example for every way that the graph has to make inputs. Raises SamplesMissing when no photo is large
    enough.
    """
    rng = np.random.default_rng(0)
    sizes = [*photos, *(bicubic_downscale(crop_to_multiple(photo, 2), 2) for photo in photos)]
    height, width = graph.frame or (1, 1)
    if count is None:
        count = EXAMPLES if graph.frame is None else max(EXAMPLES, _PIXELS // (height * width))
    large = [photo for photo in sizes if photo.shape[0] >= height and photo.shape[1] >= width]
    if not large:
        raise SamplesMissing(
            f"expected a photo of at least {width} x {height} pixels to calibrate on, got {len(photos)} "
            f"smaller ones; pass --calibration FOLDER with larger photos"
        )
    chosen = [large[index * len(large) // count] for index in range(count)] if len(large) > count else large
    repeats = -(-count // len(chosen)) if graph.frame else 1
    made = [_crop(photo, graph.frame, rng) for photo in chosen * repeats][:count]
    return [make(pixels) for pixels in made for make in graph.ways(rng)]


def _crop(pixels: Pixels, frame: tuple[int, int] | None, rng: np.random.Generator) -> Pixels:
    if frame is None:
        return pixels
    top, left = (
        int(rng.integers(0, length - side + 1)) for length, side in zip(pixels.shape[:2], frame, strict=True)
    )
    return pixels[top : top + frame[0], left : left + frame[1]]


def observe(runs: Iterable[Iterable[tuple[str, NDArray[Any]]]]) -> dict[str, Range]:
    """The range of each tensor over all runs, always with zero in it: zeros pad images."""
    found: dict[str, Range] = {}
    for run in runs:
        for name, value in run:
            low, high = found.get(name, (0.0, 0.0))
            found[name] = min(low, float(value.min())), max(high, float(value.max()))
    return found


def settled(
    ranges: Mapping[str, Range], known: Mapping[str, Range], same: Sequence[tuple[str, str]]
) -> dict[str, Range]:
    """Ranges, with those that are known instead of what was seen, and one for all that only moves numbers.

    ``same`` has the tensors (before, after) of operations that move numbers, in the order of the signal.
    """
    known = dict(known)
    for before, after in reversed(same):
        if after in known:
            known.setdefault(before, known[after])
    merged = {**ranges, **known}
    for before, after in same:
        merged[after] = merged[before]
    return merged


def audible(seen: Mapping[str, Range], sums: Iterable[tuple[str, str]]) -> dict[str, Range]:
    """The range of each summand that a ReLU behind the sum can tell apart.

    ``sums`` has pairs of (summand that nothing else reads, the other one). A summand below what the other can
    make up for is zero behind the ReLU whatever it is, and steps spent on it are wasted.
    """
    return {one: (max(seen[one][0], -seen[other][1]), seen[one][1]) for one, other in sums}


def image_ranges(specs: Iterable[TensorSpec]) -> dict[str, Range]:
    """What is known of images without looking."""
    return {spec.name: UNIT for spec in specs if is_image(spec)}


def unsigned(span: Range, bits: int = 8) -> Quantisation:
    """As many steps over a range as ``bits`` tell apart, with zero exactly on one of them."""
    low, high = min(span[0], 0.0), max(span[1], 0.0)
    scale = max((high - low) / (2**bits - 1), 1e-9)
    return Quantisation(scale, round(-low / scale))
