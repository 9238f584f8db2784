"""Networks for images of 0 to 255 instead of 0 to 1: the scale goes into the first and last convolutions."""

from __future__ import annotations

from torch.fx import GraphModule, Node

from nitido.tensors import is_image
from nitido_export.graphs import Graph
from nitido_export.litert_rewrites import feeding
from nitido_export.program import aten, own_parameters, parameter, settings, trace


def trace_for_grey_levels(graph: Graph) -> GraphModule:
    """``graph.net`` as a program whose images, in and out, count grey levels; vectors stay as they are."""
    program = trace(graph)
    placeholders = [node for node in program.graph.nodes if node.op == "placeholder"]
    for node, spec in zip(placeholders, graph.inputs, strict=True):
        if is_image(spec):
            _scale_input(program, node, 1 / 255)
    (results,) = next(node for node in program.graph.nodes if node.op == "output").args
    outputs = results if isinstance(results, list | tuple) else [results]
    for node, spec in zip(outputs, graph.outputs, strict=True):
        if is_image(spec):
            _scale_output(program, node, 255.0)
    program.graph.eliminate_dead_code()
    program.recompile()
    return program


def _scale_input(program: GraphModule, image: Node, factor: float) -> None:
    """Fold the factor into convolutions that read the image; whatever else does gets a product."""
    others = [user for user in image.users if not _reads_as_image(user, image)]
    for user in set(image.users) - set(others):
        weight = settings(user)["weight"]
        parameter(program, weight).data = parameter(program, weight).data * factor
    if others:
        with program.graph.inserting_after(image):
            scaled = program.graph.call_function(aten.mul.Tensor, (image, factor))
        scaled.meta = dict(image.meta)
        for user in others:
            user.replace_input_with(image, scaled)


def _reads_as_image(user: Node, image: Node) -> bool:
    return user.target is aten.conv2d.default and user.args[0] is image and own_parameters(user) is not None


def _scale_output(program: GraphModule, node: Node, factor: float) -> None:
    source = node.args[0] if node.target is aten.pixel_shuffle.default else node
    convolutions = feeding(source) if isinstance(source, Node) else None
    if convolutions is None:
        with program.graph.inserting_after(node):
            scaled = program.graph.call_function(aten.mul.Tensor, (node, factor))
        meta = dict(node.meta)
        node.replace_all_uses_with(scaled, delete_user_cb=lambda user: user is not scaled)
        scaled.meta = meta
        return
    for convolution in convolutions:
        for constant in own_parameters(convolution) or ():
            parameter(program, constant).data = parameter(program, constant).data * factor
