"""A network as a flat program of operations, with those replaced that exporters make junk of."""

from __future__ import annotations

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.fx import GraphModule, Node

from nitido_export.graphs import Graph
from nitido_export.whole_weights import int8

aten = torch.ops.aten


def trace(graph: Graph, dynamic_shapes: Any = None) -> GraphModule:
    """Record what a copy of ``graph.net`` does; pixel unshuffles are convolutions, finer layers are two."""
    program = torch.export.export(copy.deepcopy(graph.net), graph.zeros(), dynamic_shapes=dynamic_shapes)
    module: GraphModule = program.module(check_guards=False)
    for node in module.graph.nodes:
        if node.target is aten.pixel_unshuffle.default:
            _rewrite_unshuffle(module, node)
        elif node.target in (aten.conv2d.default, aten.linear.default) and _layer(node) in graph.finer:
            _split(module, node)
    module.graph.eliminate_dead_code()
    module.recompile()
    return module


def _rewrite_unshuffle(program: GraphModule, node: Node) -> None:
    """Unshuffling by r is a fixed r x r convolution of stride r, whose kernels each pick one pixel.

    ONNX and LiteRT sort the channels of their space-to-depth in another order than torch, so that exporters
    write a reshape to rank 6, a transpose and a reshape instead, with shapes worked out at run time.
    """
    image, block = node.args
    assert isinstance(image, Node)
    assert isinstance(block, int)
    channels = int(image.meta["val"].shape[1])
    name = f"pick_{node.name}"
    picks = torch.eye(channels * block**2, dtype=image.meta["val"].dtype)[:, :, None, None]
    program.register_buffer(name, F.pixel_shuffle(picks, block))
    with program.graph.inserting_before(node):
        weight = program.graph.get_attr(name)
        picked = program.graph.call_function(aten.conv2d.default, (image, weight, None, [block, block]))
    replace(node, picked)


def _layer(node: Node) -> str:
    """The name of the layer that an operation with weights is."""
    return str(settings(node)["weight"].target).removesuffix(".weight")


def _split(program: GraphModule, node: Node) -> None:
    """One layer with what 8 bits hold of its weight, one with the rest, and their sum.

    The bias stays with the first: its unit is that of the weights.
    """
    assert callable(node.target)
    given = settings(node)
    weight = parameter(program, given["weight"])
    first = int8(weight.data)
    name = f"{str(given['weight'].target).replace('.', '_')}_rest"
    program.register_buffer(name, weight.data - first)
    weight.data = first
    with program.graph.inserting_after(node):
        rest = program.graph.get_attr(name)
    with program.graph.inserting_after(rest):
        second = program.graph.call_function(node.target, (given["input"], rest, None, *node.args[3:]))
    with program.graph.inserting_after(second):
        total = program.graph.call_function(aten.add.Tensor, (node, second))
    second.meta, total.meta = dict(node.meta), dict(node.meta)
    node.replace_all_uses_with(total, delete_user_cb=lambda user: user is not total)


def replace(node: Node, by: Node) -> None:
    """Let ``by`` stand for ``node``: also in what is known of it, its shape and its line in the network."""
    by.meta = dict(node.meta)
    node.replace_all_uses_with(by)


def settings(convolution: Node) -> dict[str, Any]:
    """The arguments of an ``aten.conv2d`` by name, as far as they are given."""
    names = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
    return dict(zip(names, convolution.args, strict=False)) | convolution.kwargs


def own_parameters(convolution: Node) -> list[Node] | None:
    """The nodes of the weight and, where it has one, bias; None when others use them or they are computed."""
    given = settings(convolution)
    found = [p for p in (given["weight"], given.get("bias")) if p is not None]
    return found if all(p.op == "get_attr" and len(p.users) == 1 for p in found) else None


def convolutions(program: GraphModule) -> list[str]:
    """The layers of a program whose weights are their own, by name, in the order in which they run."""
    weights = [settings(n)["weight"] for n in program.graph.nodes if n.target is aten.conv2d.default]
    return [str(weight.target).removesuffix(".weight") for weight in weights if weight.op == "get_attr"]


def parameter(program: GraphModule, node: Node) -> Tensor:
    """What a ``get_attr`` node reads; its ``data`` may be changed."""
    owner, _, name = str(node.target).rpartition(".")
    value = getattr(program.get_submodule(owner), name)
    assert isinstance(value, Tensor)
    return value
