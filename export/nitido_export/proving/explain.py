"""What of a network would fall off an accelerator, and the line of the network that asks for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from torch.fx import Node

from nitido_export.graphs import Graph
from nitido_export.program import aten, trace

_FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\w+)\n\s*(.*)')


@dataclass(frozen=True)
class Refusal:
    """One operation that phones' GPUs or NPUs hand back to the CPU."""

    operation: str
    """As torch calls it."""
    becomes: str
    """What converters make of it, and the accelerator refuses."""
    instead: str
    where: str
    """File, line and code of the network."""


@dataclass(frozen=True)
class Rule:
    """A kind of operation that was refused, in the real delegate's words, and what to write instead."""

    applies: Callable[[Node], bool]
    becomes: str
    instead: str


def _is(*targets: Any) -> Callable[[Node], bool]:
    return lambda node: node.target in targets


def _rank(node: Node) -> int:
    value: Any = node.meta.get("val")
    return len(value.shape) if hasattr(value, "shape") else 0


def _clamps_to_unit(node: Node) -> bool:
    clamps = (aten.clamp.default, aten.clamp_.default, aten.hardtanh.default, aten.hardtanh_.default)
    return node.target in clamps and tuple(node.args[1:]) != (0, 6) and tuple(node.args[1:]) != (0.0, 6.0)


RULES = (
    Rule(
        _clamps_to_unit, "RELU_0_TO_1, or a pair of minimum and maximum", "clip outside the graph, or ReLU6"
    ),
    Rule(
        _is(aten.repeat_interleave.self_int, aten.expand.default, aten.repeat.default),
        "BROADCAST_TO",
        "a fixed 1x1 convolution that copies, then depth-to-space",
    ),
    Rule(lambda node: _rank(node) > 4, "a RESHAPE or TRANSPOSE of more than four dimensions", "at most four"),
    Rule(
        _is(aten.index.Tensor, aten.gather.default, aten.index_select.default),
        "GATHER",
        "a convolution with fixed weights that picks",
    ),
    Rule(
        _is(aten.grid_sampler.default, aten.grid_sampler_2d.default),
        "GATHER_ND",
        "resampling outside the graph",
    ),
    Rule(
        _is(aten.native_group_norm.default, aten.group_norm.default, aten.instance_norm.default),
        "reshapes of five dimensions",
        "normalisation that folds into convolutions",
    ),
)
"""Read in this order. A delegate may still refuse what none of them knows: the matrix tells."""


def explain(graph: Graph) -> list[Refusal]:
    """What of a graph would fall off, one entry for each operation, in the order in which they run."""
    return list(_refusals(graph))


def _refusals(graph: Graph) -> Iterator[Refusal]:
    for node in trace(graph).graph.nodes:
        if node.op != "call_function":
            continue
        for rule in RULES:
            if rule.applies(node):
                name = str(node.target).removesuffix(".default")
                yield Refusal(name, rule.becomes, rule.instead, line_of(node))
                break


def line_of(node: Node) -> str:
    """The innermost line of a network's own code that made a node."""
    frames = _FRAME.findall(node.meta.get("stack_trace") or "")
    own = [frame for frame in frames if "/site-packages/" not in frame[0]] or frames
    if not own:
        return "an unknown line"
    file, line, function, code = own[-1]
    return f"{'/'.join(file.split('/')[-3:])}:{line} in {function}: {code.strip()}"
