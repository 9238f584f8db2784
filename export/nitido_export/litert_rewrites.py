"""Operations that litert-torch lowers badly, rewritten for LiteRT: its channels come last.

Torch's pixel shuffle would become seven reshapes and transposes; here it is one ``DEPTH_TO_SPACE``. The two
disagree on the order of channels: torch keeps the pixels of a block together for each colour, LiteRT the
colours together for each pixel. That difference is folded into the convolutions before it.
"""

from __future__ import annotations

from typing import Any

import torch
from litert_converter.mlir import ir  # type: ignore[import-untyped]
from litert_converter.mlir.dialects import stablehlo  # type: ignore[import-untyped]
from litert_torch.backend.lowerings import lower, utils  # type: ignore[import-untyped]
from torch import Tensor
from torch.fx import GraphModule, Node

from nitido_export.program import own_parameters, parameter, replace, settings

aten = torch.ops.aten
_NHWC, _NCHW = [0, 2, 3, 1], [0, 3, 1, 2]


@torch.library.custom_op("nitido::depth_to_space", mutates_args=())
def depth_to_space(image: Tensor, block: int) -> Tensor:
    """(N, H, W, block^2 C) to (N, block H, block W, C), as LiteRT does."""
    n, h, w, c = image.shape
    rows = image.reshape(n * h, w, block, c // block).transpose(1, 2)
    return rows.reshape(n, h * block, w * block, c // block**2).clone()


@depth_to_space.register_fake
def _(image: Tensor, block: int) -> Tensor:
    n, h, w, c = image.shape
    return image.new_empty(n, h * block, w * block, c // block**2)


@lower(torch.ops.nitido.depth_to_space.default)  # type: ignore[untyped-decorator]
def _lower(context: Any, image: Any, block: int) -> Any:
    # litert-torch turns a call of this shape into the TFLite operation that it names.
    attributes = ir.DictAttr.get({"block_size": ir.IntegerAttr.get(ir.IntegerType.get_signless(32), block)})
    return stablehlo.custom_call(
        result=utils.node_meta_to_ir_types(context.node),
        inputs=[image],
        call_target_name=ir.StringAttr.get("tfl.depth_to_space"),
        has_side_effect=ir.BoolAttr.get(False),
        backend_config=ir.StringAttr.get(str(attributes)),
    )


def rewrite(program: GraphModule) -> None:
    """Rewrite an NCHW program in place; the permutations that this puts in cancel out in the converter."""
    for node in program.graph.nodes:
        if node.target is aten.pixel_shuffle.default:
            _rewrite_shuffle(program, node)
        elif node.target is aten.chunk.default and node.args[2:] == (1,):
            _rewrite_chunk(program, node)
        elif node.target is aten.cat.default and node.args[1:] == (1,):
            _rewrite_cat(program, node)
        elif node.target is aten.mean.dim and node.args[1:] == ([2, 3],) and not node.kwargs:
            _rewrite_mean(program, node)
    program.graph.eliminate_dead_code()
    program.recompile()


def _rewrite_shuffle(program: GraphModule, node: Node) -> None:
    image, block = node.args
    assert isinstance(image, Node)
    assert isinstance(block, int)
    convolutions = feeding(image)
    if convolutions is None:
        return
    for convolution in convolutions:
        _reorder(program, convolution, block)
    with program.graph.inserting_before(node):
        call = program.graph.call_function
        nhwc = call(aten.permute.default, (image, _NHWC))
        large = call(torch.ops.nitido.depth_to_space.default, (nhwc, block))
        replace(node, call(aten.permute.default, (large, _NCHW)))


def _rewrite_chunk(program: GraphModule, node: Node) -> None:
    """Parts of what a convolution makes, by a convolution each: a slice would fix the size of images."""
    convolution, count = node.args[:2]
    assert isinstance(convolution, Node)
    assert isinstance(count, int)
    if convolution.target is not aten.conv2d.default or len(convolution.users) != 1:
        return
    parameters = own_parameters(convolution)
    if parameters is None:
        return
    for part in list(node.users):
        number = part.args[1]
        assert isinstance(number, int)
        with program.graph.inserting_before(node):
            own = []
            for tensor in parameters:
                name = f"{str(tensor.target).replace('.', '_')}_{number}"
                program.register_buffer(name, parameter(program, tensor).chunk(count)[number].clone())
                own.append(program.graph.get_attr(name))
            given = settings(convolution)
            bias = own[1] if len(own) > 1 else None
            rest = (given.get("stride", [1, 1]), given.get("padding", [0, 0]))
            made = program.graph.call_function(aten.conv2d.default, (given["input"], own[0], bias, *rest))
        replace(part, made)


def _rewrite_cat(program: GraphModule, node: Node) -> None:
    """Join channels as the last dimension: the converter would transpose to join them as the second."""
    (parts, _) = node.args
    assert isinstance(parts, list | tuple)
    if any(len(part.meta["val"].shape) != 4 for part in parts if isinstance(part, Node)):
        return
    with program.graph.inserting_before(node):
        call = program.graph.call_function
        nhwc = [call(aten.permute.default, (part, _NHWC)) for part in parts]
        replace(node, call(aten.permute.default, (call(aten.cat.default, (nhwc, 3)), _NCHW)))


def _rewrite_mean(program: GraphModule, node: Node) -> None:
    """Average over the sides of an image where they are the second and third dimension, likewise."""
    with program.graph.inserting_before(node):
        call = program.graph.call_function
        nhwc = call(aten.permute.default, (node.args[0], _NHWC))
        replace(node, call(aten.mean.dim, (nhwc, [1, 2])))


def feeding(node: Node) -> list[Node] | None:
    """The convolutions whose sum (through ReLUs) ``node`` is; None when others use them or feed it too."""
    if len(node.users) != 1:
        return None
    if node.target is aten.conv2d.default:
        return [node] if own_parameters(node) is not None and settings(node).get("groups", 1) == 1 else None
    if node.target not in (aten.relu.default, aten.add.Tensor):
        return None
    found: list[Node] = []
    for source in node.args[:2]:
        convolutions = feeding(source) if isinstance(source, Node) else None
        if convolutions is None:
            return None
        found += convolutions
    return found


def _reorder(program: GraphModule, convolution: Node, block: int) -> None:
    """Sort a convolution's output channels by pixel of the block, then colour."""
    for node in own_parameters(convolution) or ():
        tensor = parameter(program, node)
        order = torch.arange(len(tensor)).view(-1, block**2).t().reshape(-1)
        tensor.data = tensor.data[order]
