"""Weights in fewer bits, and biases that make up for it: what a layer makes keeps its mean on photos.

After Nagel et al. 2019, "Data-free quantization through weight equalization and bias correction", section
4.2, with means that are seen on photos. A score sums up a whole photo, so that what rounding shifts by the
same amount everywhere adds up in it; in an image it is far below a grey level.
Layers for which 8 bits are too coarse get a second weight, with what rounding leaves of the first.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from nitido_export.graphs import Graph, Values
from nitido_export.parity import to_tensor
from nitido_export.targets import DType
from nitido_export.whole_weights import Layer, int8, needs_two


def rounded(graph: Graph, dtype: DType, examples: Sequence[Values]) -> Graph:
    """The graph with weights that a build of this type stores exactly; ``examples`` are inputs of it."""
    net = copy.deepcopy(graph.net)
    means = _means(net, graph, examples)
    finer = set() if dtype == "fp16" else {layer for layer in means if needs_two(layer)}
    for layer, mean in means.items():
        stored = layer.weight.data.half().float() if dtype == "fp16" else int8(layer.weight.data)
        if layer in finer:
            stored += int8(layer.weight.data - stored)
        if layer.bias is not None:
            layer.bias.data = layer.bias.data + _response(layer, layer.weight.data - stored, mean)
        layer.weight.data = stored
    names = (name for name, layer in net.named_modules() if layer in finer)
    return replace(graph, net=net, finer=frozenset(names))


def _means(net: nn.Module, graph: Graph, examples: Sequence[Values]) -> dict[Layer, Tensor]:
    """The mean of each input channel of each layer, over places and examples."""
    sums: dict[Layer, list[Tensor]] = {}

    def look(layer: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> None:
        assert isinstance(layer, Layer)
        (x,) = inputs
        sums.setdefault(layer, []).append(x.mean((0, 2, 3) if x.dim() == 4 else 0))

    layers = [layer for layer in net.modules() if isinstance(layer, Layer)]
    handles = [layer.register_forward_hook(look) for layer in layers]
    try:
        with torch.inference_mode():
            for values in examples:
                net(*(torch.from_numpy(to_tensor(values[spec.name], spec)) for spec in graph.inputs))
    finally:
        for handle in handles:
            handle.remove()
    return {layer: torch.stack(seen).mean(0).clone() for layer, seen in sums.items()}


def _response(layer: Layer, weight: Tensor, mean: Tensor) -> Tensor:
    """What a layer of this weight makes of a constant input, away from the borders."""
    if isinstance(layer, nn.Linear):
        return weight @ mean
    per_input = weight.sum((2, 3))
    channels = mean.view(layer.groups, -1)
    return (per_input.view(layer.groups, -1, per_input.shape[1]) * channels[:, None]).sum(2).flatten()
