"""What is exported: a checkpoint as named graphs, each with its tensors and an example from a photo."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nitido.bundle.manifest import Task, TensorSpec
from nitido.photo.model import Pixels
from nitido.tensors import is_image
from nitido_train.checkpoint import Provenance

Values = Mapping[str, NDArray[Any]]
"""Tensors by name as golden vectors store them: images uint8 (H, W, 3), vectors float32 without batch."""

Range = tuple[float, float]
"""The smallest and the largest value that a tensor is taken to hold."""

FREE_IMAGE = (1, 3, None, None)
"""Shape of an image whose sides may vary."""


@dataclass(frozen=True, eq=False)
class Graph:
    """A network with names for what goes in and out, as torch sees it: NCHW or NC, float32, batch of one."""

    name: str
    """``main``, or what a helper network is called in the task."""
    net: nn.Module
    inputs: tuple[TensorSpec, ...]
    """In the order of ``net.forward``; None is a side that may vary."""
    outputs: tuple[TensorSpec, ...]
    example: Callable[[Pixels], Values]
    """Inputs made from a photo, or from a crop of one when the graph has a ``side``."""
    side: int | None = None
    """Side of the square crops of golden vectors, and of builds whose shapes are fixed."""
    size: tuple[int, int] | None = None
    """Height and width of builds whose shapes are fixed, and of all crops, instead of ``side``."""
    multiple: int = 1
    """Free sides must be multiples of this."""
    coarse: frozenset[str] = frozenset()
    """Tensors with a free cell for each ``multiple`` pixels, each way, of the others."""
    vary: Callable[..., Values] | None = None
    """Inputs as they may be beside ``example``, to calibrate with: ``vary(pixels, rng=rng)``."""
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """What comes out of layers (after their ReLU), where a training for 8 bits has fixed it."""
    finer: frozenset[str] = frozenset()
    """Layers for whose weights 8 bits are too coarse: in such builds they run as two that add up."""
    finest: frozenset[str] = frozenset()
    """Layers that beside activations of 16 bits do so too: more is asked of those builds."""
    exact: frozenset[str] = frozenset()
    """Layers that read ``greys`` and need more than 8-bit weights: floats in ONNX, ``finer`` on NPUs."""
    greys: frozenset[str] = frozenset()
    """Tensors of one channel that hold luma in [0, 1]: ONNX and NPUs get its levels in fewer bits."""
    rounded: frozenset[str] = frozenset()
    """Outputs of plain numbers that 8 bits are enough for: layers of other graphs read them."""
    floats: bool = False
    """Gains too little from fewer bits: computes in float32 whatever the target."""

    @property
    def frame(self) -> tuple[int, int] | None:
        """Height and width of crops and of builds whose shapes are fixed; None when photos go in whole."""
        return self.size or (None if self.side is None else (self.side, self.side))

    def is_grey(self, spec: TensorSpec) -> bool:
        """Whether ONNX builds of fewer bits take or give a tensor as levels of grey."""
        return is_image(spec) or spec.name in self.greys

    def fixed(self, spec: TensorSpec) -> TensorSpec:
        """An input as builds whose shapes are fixed have it: sides that may vary are those of the frame."""
        unit = self.multiple if spec.name in self.coarse else 1
        sides = iter(side // unit for side in self.frame or (unit, unit))
        return replace(spec, shape=tuple(next(sides) if size is None else size for size in spec.shape))

    def zeros(self) -> tuple[Tensor, ...]:
        """Inputs of a size that every target takes, to trace the network with."""
        return tuple(
            torch.zeros([size or 1 for size in spec.shape], dtype=getattr(torch, spec.dtype))
            for spec in map(self.fixed, self.inputs)
        )

    def ways(self, rng: np.random.Generator) -> list[Callable[[Pixels], Values]]:
        """All ways to make inputs of a photo, to calibrate with."""
        return [self.example] if self.vary is None else [self.example, partial(self.vary, rng=rng)]

    def half(self) -> Graph:
        """The same in float16."""
        inputs, outputs = (
            tuple(replace(spec, dtype="float16") for spec in specs) for specs in (self.inputs, self.outputs)
        )
        return replace(self, net=copy.deepcopy(self.net).half(), inputs=inputs, outputs=outputs)


@dataclass(frozen=True)
class Model:
    """A checkpoint that is ready to export: its task, graphs and history, but no files yet."""

    name: str
    id: str
    description: str
    task: Task
    graphs: tuple[Graph, ...]
    provenance: Provenance
    parts: Mapping[str, Provenance] = field(default_factory=dict)
    """History of the helper networks, by graph."""
