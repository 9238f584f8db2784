"""The converted graphs: only operations that phones run, and the same result as before the rewriting."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema
from torch import Tensor, nn

from nitido.bundle.manifest import Manifest, TensorSpec
from nitido_export import litert_backend, onnx_backend
from nitido_export.errors import ConversionFailed
from nitido_export.families import open_model
from nitido_export.graphs import Graph
from nitido_export.litert_rewrites import rewrite
from nitido_export.program import trace
from nitido_train.nets.sr import SrConfig, SrNet

IMAGE = (1, 3, None, None)


def operations(litert: bytes) -> Counter[str]:
    """How many of each operation a LiteRT file holds."""
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    model = schema.Model.GetRootAs(litert)
    subgraph = model.Subgraphs(0)
    codes = [subgraph.Operators(i).OpcodeIndex() for i in range(subgraph.OperatorsLength())]
    return Counter(names[model.OperatorCodes(code).BuiltinCode()] for code in codes)


def test_onnx_super_resolution_is_convolutions_and_one_depth_to_space(
    sr_bundle: tuple[Path, Manifest],
) -> None:
    model = onnx.load(sr_bundle[0] / "main-fp32.onnx")
    counts = Counter(node.op_type for node in model.graph.node)
    assert counts == {"Conv": 4, "Relu": 2, "Add": 1, "DepthToSpace": 1}
    assert (model.ir_version, model.opset_import[0].version, len(model.opset_import)) == (8, 18, 1)


def test_litert_super_resolution_is_convolutions_and_one_depth_to_space(
    sr_bundle: tuple[Path, Manifest],
) -> None:
    counts = operations((sr_bundle[0] / "main-fp32.tflite").read_bytes())
    assert counts == {"CONV_2D": 4, "ADD": 1, "DEPTH_TO_SPACE": 1}


def test_restoration_has_no_transpose_and_no_shape_of_rank_above_four(restore_checkpoint: Path) -> None:
    graph = open_model(restore_checkpoint).graphs[0]
    litert = operations(litert_backend.convert(graph).content)
    # The one reshape makes the strengths an image of one pixel; padding belongs to the strided convolutions.
    assert litert.keys() == {
        *("CONV_2D", "ADD", "SUB", "MUL", "CONCATENATION", "DEPTH_TO_SPACE", "RESHAPE", "PAD")
    }
    assert (litert["RESHAPE"], litert["DEPTH_TO_SPACE"]) == (1, 3)
    model = onnx.load_from_string(onnx_backend.convert(graph).content)
    # What torch's exporter adds to reshapes, allowzero, is what Qualcomm's compiler refuses.
    assert [list(node.attribute) for node in model.graph.node if node.op_type == "Reshape"] == [[]]
    counts = Counter(node.op_type for node in model.graph.node)
    assert counts.keys() == {"Conv", "Relu", "Add", "Sub", "Mul", "Concat", "DepthToSpace", "Reshape"}
    assert (counts["Reshape"], counts["DepthToSpace"]) == (1, 3)


def test_rewritten_networks_compute_the_same_and_leave_the_original_alone(restore_checkpoint: Path) -> None:
    graph = open_model(restore_checkpoint).graphs[0]
    before = {name: tensor.clone() for name, tensor in graph.net.state_dict().items()}
    program = trace(graph)
    rewrite(program)
    left = {node.target for node in program.graph.nodes}
    assert not left & {torch.ops.aten.pixel_shuffle.default, torch.ops.aten.pixel_unshuffle.default}
    torch.manual_seed(1)
    inputs = [torch.rand_like(value) for value in graph.zeros()]
    with torch.inference_mode():
        expected = graph.net(*inputs)
        error = (program(*inputs) - expected).abs().max()
    assert error < 1e-5 * expected.abs().max()  # torch may add in another order when channels are
    assert all(torch.equal(before[name], tensor) for name, tensor in graph.net.state_dict().items())


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_shuffles_are_rewritten_for_every_scale(scale: int) -> None:
    net = SrNet(SrConfig(scale, width=4, depth=0)).eval().requires_grad_(False)
    nn.init.normal_(net.tail.weight)
    graph = Graph("main", net, (TensorSpec("image", IMAGE),), (TensorSpec("out", IMAGE),), dict, side=16)
    program = trace(graph)
    rewrite(program)
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert (program(image) - net(image)).abs().max() < 1e-5
    assert torch.ops.nitido.depth_to_space.default in {node.target for node in program.graph.nodes}


class Average(nn.Module):
    """A classifier's end: the average over the sides, after a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        return self.layer(image).mean((2, 3))


def test_an_average_over_the_sides_needs_no_transpose() -> None:
    specs = (TensorSpec("image", (1, 3, 16, 16)),), (TensorSpec("out", (1, 8), layout="NC"),)
    graph = Graph("main", Average().eval().requires_grad_(False), *specs, dict)
    assert operations(litert_backend.convert(graph).content) == {"CONV_2D": 1, "MEAN": 1}


class SharedShuffle(nn.Module):
    """A pixel shuffle of what something else needs in torch's order of channels."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 12, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        x = self.layer(image)
        return torch.pixel_shuffle(x, 2) * x[:, :1, :1, :1]


def test_a_shuffle_whose_input_is_needed_elsewhere_stays() -> None:
    net = SharedShuffle().eval().requires_grad_(False)
    graph = Graph("main", net, (TensorSpec("image", IMAGE),), (TensorSpec("out", IMAGE),), dict, side=16)
    program = trace(graph)
    rewrite(program)
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert (program(image) - net(image)).abs().max() < 1e-6


class ShapeDependent(nn.Module):
    """Divides by the number of columns, which only the running graph knows."""

    def forward(self, image: Tensor) -> Tensor:
        return image / image.shape[3]


def test_shapes_worked_out_at_run_time_are_refused_with_the_line_that_needs_them() -> None:
    net = ShapeDependent().eval()
    graph = Graph("main", net, (TensorSpec("image", IMAGE),), (TensorSpec("out", IMAGE),), dict, side=16)
    with pytest.raises(ConversionFailed, match=r"got Shape(.|\n)*return image / image.shape\[3\]"):
        onnx_backend.convert(graph)


def test_weights_that_are_half_floats_are_stored_as_such_and_compute_the_same() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.Conv2d(32, 32, 3, padding=1)).requires_grad_(False)
    net[1].weight.copy_(net[1].weight.half())
    specs = TensorSpec("image", IMAGE), TensorSpec("out", (1, 32, None, None))
    graph = Graph("main", net.eval(), specs[:1], specs[1:], dict, side=16)
    whole = onnx.load_from_string(onnx_backend.convert(graph).content)
    types = {constant.name: constant.data_type for constant in whole.graph.initializer}
    assert Counter(types.values()) == {onnx.TensorProto.FLOAT: 3, onnx.TensorProto.FLOAT16: 1}
    image = np.random.default_rng(0).random((1, 3, 16, 16), np.float32)
    session = onnxruntime.InferenceSession(whole.SerializeToString(), providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = net(torch.from_numpy(image)).numpy()
    np.testing.assert_allclose(session.run(None, {"image": image})[0], expected, atol=1e-6)
