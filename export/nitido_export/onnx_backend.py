"""Networks to ONNX: opset 18, sides that may vary, and only operations that phones run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch

from nitido_export.artifact import Artifact
from nitido_export.errors import ConversionFailed, TargetUnavailable
from nitido_export.graphs import Graph, Values
from nitido_export.onnx_halves import store_halves
from nitido_export.program import trace
from nitido_export.quiet import quiet
from nitido_export.targets import DType

SUFFIX = ".onnx"
OPSET = 18
"""What torch's exporter writes natively."""
IR_VERSION = 8
"""The file format that belongs to opset 18: older apps read it, and nothing newer is used."""
IR_VERSION_OF_16_BITS = 10
COMPUTED_SHAPES = frozenset(
    ("Shape", "Size", "Gather", "Slice", "Range", "ConstantOfShape", "Expand", "Where", "If", "Loop", "Cast")
)
"""Operations that exporters insert to work out shapes at run time; accelerators hand them back to the CPU."""


def convert(graph: Graph, dtype: DType = "fp32", examples: Sequence[Values] = ()) -> Artifact:
    """Export one graph, NCHW as torch has it; 8 and 16 bits need ``examples`` of its inputs."""
    try:
        import onnx
        import onnxscript  # noqa: F401  # torch's exporter needs it and would name neither it nor the way out
    except ImportError as error:
        raise TargetUnavailable(
            f"the onnx targets need the package {error.name}: pip install 'nitido[export]'"
        ) from error
    if dtype == "fp16":
        graph = graph.half()
    model = onnx.ModelProto()
    model.CopyFrom(_export(graph))
    _check_operations(graph, model)
    _plain_reshapes(model)
    inputs, outputs = graph.inputs, graph.outputs
    if dtype in ("w8a8", "w8a16"):
        from nitido_export.onnx_quantise import quantise, specs

        bits = 8 if dtype == "w8a8" else 16
        model = quantise(model, graph, examples, bits)
        inputs, outputs = specs(graph, bits)
    _strip(model)
    if dtype == "fp32":
        store_halves(model)
    onnx.checker.check_model(model, full_check=True)
    return Artifact(model.SerializeToString(deterministic=True), SUFFIX, inputs, outputs)


@lru_cache(maxsize=3)  # types of a graph are made from the same: as it is, and rounded to 16 and 8 bits
def _export(graph: Graph) -> Any:
    """The graph as an ONNX protobuf message."""
    cells = {2: torch.export.Dim("height"), 3: torch.export.Dim("width")}
    shapes = tuple(
        {
            axis: cells[axis] * (1 if spec.name in graph.coarse else graph.multiple)
            for axis, size in enumerate(spec.shape)
            if size is None
        }
        for spec in graph.inputs
    )
    with quiet():
        try:
            program = torch.onnx.export(
                trace(graph, shapes),
                graph.zeros(),
                opset_version=OPSET,
                input_names=[spec.name for spec in graph.inputs],
                output_names=[spec.name for spec in graph.outputs],
                dynamic_shapes=shapes,
                dynamo=True,
                verbose=False,
            )
        except Exception as error:  # the exporter raises whatever its passes raise
            raise ConversionFailed(
                f"torch could not export the graph {graph.name} to ONNX: {error}"
            ) from error
    assert program is not None  # it is None only for the older exporter
    return program.model_proto


def _check_operations(graph: Graph, model: Any) -> None:
    for node in model.graph.node:
        if node.op_type in COMPUTED_SHAPES:
            raise ConversionFailed(
                f"expected operations that phones run in the graph {graph.name}, got {node.op_type}, which "
                f"works out shapes at run time; write the network with constant shapes here:\n"
                f"{_line(model, node)}"
            )


def _plain_reshapes(model: Any) -> None:
    """Let reshapes be those of older opsets: torch's exporter writes ``allowzero``, which NPUs refuse.

    It means something only for shapes with a zero, that is for tensors that hold nothing.
    """
    from onnx import numpy_helper

    shapes = {constant.name: constant for constant in model.graph.initializer}
    for node in model.graph.node:
        shape = shapes.get(node.input[1]) if node.op_type == "Reshape" else None
        if shape is not None and 0 not in numpy_helper.to_array(shape):
            kept = [attribute for attribute in node.attribute if attribute.name != "allowzero"]
            del node.attribute[:]
            node.attribute.extend(kept)


def _line(model: Any, node: Any) -> str:
    """Where the network asked for this node, or for the first after it that was not the exporter's idea."""
    notes = {entry.key: entry.value for entry in node.metadata_props}
    trace: str = notes.get("pkg.torch.onnx.stack_trace", "")
    if trace and "torch/fx/" not in trace:
        return trace
    users = [n for n in model.graph.node if set(n.input) & set(node.output)]
    return _line(model, users[0]) if users else "an unknown line"


def _strip(model: Any) -> None:
    """Leave out what names the machine's folders or versions and is not needed to run."""
    model.producer_name, model.producer_version, model.ir_version = "nitido_export", "", IR_VERSION
    if model.opset_import[0].version > OPSET:
        model.ir_version = IR_VERSION_OF_16_BITS
    graph = model.graph
    del graph.value_info[:]
    for part in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
