"""Weights of scores in fewer bits: on the grid of their builds, with biases that keep every layer's mean."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter
from torch import Tensor, nn

from nitido.bundle.manifest import TensorSpec
from nitido.photo.model import Pixels
from nitido_export import building, litert_backend, onnx_backend, parity, targets
from nitido_export.artifact import Artifact
from nitido_export.families import open_model
from nitido_export.graphs import Graph, Values
from nitido_export.program import aten, trace
from nitido_export.rounding import rounded
from nitido_export.targets import DType
from nitido_export.whole_weights import int8
from nitido_train.nets.sr import SrConfig, SrNet


class Score(nn.Module):
    """Convolutions of every kind that scores have, a mean, a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Conv2d(3, 48, 3, 2, 1)
        self.depthwise = nn.Conv2d(48, 48, 3, padding=1, groups=48)
        self.last = nn.Linear(48, 4)

    def forward(self, image: Tensor) -> Tensor:
        """Four numbers."""
        scores: Tensor = self.last(self.depthwise(self.wide(image).relu()).relu().mean((2, 3)))
        return scores


@pytest.fixture
def graph() -> Graph:
    torch.manual_seed(0)
    return Graph(
        name="main",
        net=Score().eval().requires_grad_(False),
        inputs=(TensorSpec("image", (1, 3, 64, 64)),),
        outputs=(TensorSpec("scores", (1, 4), layout="NC"),),
        example=lambda pixels: {"image": pixels[:64, :64]},
    )


def distance(artifact: Artifact, graph: Graph, values: Values) -> float:
    """Of what an artifact makes of one example from torch's."""
    inputs = {spec.name: parity.to_tensor(values[spec.name], spec) for spec in artifact.inputs}
    if artifact.suffix == ".onnx":
        session = onnxruntime.InferenceSession(artifact.content, providers=["CPUExecutionProvider"])
        (made,) = session.run(None, inputs)
    else:
        interpreter = Interpreter(model_content=artifact.content)
        interpreter.allocate_tensors()
        made = interpreter.get_signature_runner()(**inputs)["scores"]
    return parity.distance(made, parity.reference(graph, values)["scores"], artifact.outputs[0]).max_abs


def uncorrected(graph: Graph, changed: Graph) -> nn.Module:
    """The rounded weights with the biases as they were."""
    net = copy.deepcopy(changed.net)
    for old, new in zip(graph.net.modules(), net.modules(), strict=True):
        if isinstance(old, nn.Conv2d | nn.Linear) and isinstance(new, nn.Conv2d | nn.Linear):
            new.bias = old.bias
    return net


@pytest.mark.parametrize("dtype", ["fp16", "w8a8"])
def test_scores_are_closer_with_biases_that_make_up_for_rounding(
    dtype: DType, graph: Graph, photos: list[Pixels]
) -> None:
    seen = [graph.example(photo) for photo in photos[:2]]
    changed = rounded(graph, dtype, seen)
    errors = []
    for net in (changed.net, uncorrected(graph, changed)):
        with torch.inference_mode():
            found = [net(torch.from_numpy(parity.to_tensor(v["image"], graph.inputs[0]))) for v in seen]
        expected = [parity.reference(graph, values)["scores"] for values in seen]
        errors.append(np.mean([np.abs(f.numpy() - e).mean() for f, e in zip(found, expected, strict=True)]))
    assert errors[0] < 0.7 * errors[1]


def test_weights_are_those_that_builds_store(graph: Graph, photos: list[Pixels]) -> None:
    seen = [graph.example(photos[0])]
    for layer in rounded(graph, "fp16", seen).net.children():
        assert torch.equal(layer.weight, layer.weight.half().float())
    changed = rounded(graph, "w8a16", seen)
    assert changed.finer == {"depthwise", "last"}  # the smallest convolutions, and linear layers
    for name, layer in changed.net.named_children():
        first = int8(layer.weight)
        rest = layer.weight - first
        for part in (first, rest) if name in changed.finer else (layer.weight,):
            steps = part.flatten(1) / (part.flatten(1).abs().amax(1, keepdim=True) / 127)
            torch.testing.assert_close(steps, steps.round(), atol=1e-2, rtol=0)


def test_finer_layers_run_as_two_that_hold_whole_numbers(graph: Graph, photos: list[Pixels]) -> None:
    changed = rounded(graph, "w8a16", [graph.example(photos[0])])
    program = trace(changed)
    ran = [node.target for node in program.graph.nodes if node.op == "call_function"]
    assert ran.count(aten.conv2d.default) == 3
    assert ran.count(aten.linear.default) == ran.count(aten.add.Tensor) == 2
    image = torch.from_numpy(parity.to_tensor(graph.example(photos[1])["image"], graph.inputs[0]))
    torch.testing.assert_close(program(image), changed.net(image), atol=1e-5, rtol=0)
    coarse = copy.deepcopy(changed.net)
    for name in changed.finer:
        layer = coarse.get_submodule(name)
        layer.weight.data = int8(layer.weight.data)
    expected = graph.net(image)
    assert (changed.net(image) - expected).abs().mean() < 0.5 * (coarse(image) - expected).abs().mean()


@pytest.mark.parametrize("convert", [onnx_backend.convert, litert_backend.convert])
def test_builds_of_whole_numbers_hold_finer_layers(
    convert: building.Converter, graph: Graph, photos: list[Pixels]
) -> None:
    seen = [graph.example(photo) for photo in photos[:2]]
    changed = rounded(graph, "w8a16", seen)
    fine, coarse = (
        distance(convert(made, "w8a16", seen), changed, seen[0])
        for made in (changed, replace(changed, finer=frozenset()))
    )
    assert fine < 0.5 * coarse, (fine, coarse)


@pytest.mark.parametrize(("width", "first"), [(16, set()), (24, {"head", "body.0"})])
def test_wider_upscalers_have_finer_first_layers_beside_16_bits_alone(
    width: int,
    first: set[str],
    save_checkpoint: Any,
    photos: list[Pixels],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = SrConfig(scale=2, width=width, depth=2)
    model = open_model(save_checkpoint(tmp_path / "sr-x2.safetensors", SrNet(config), config))
    given: dict[str, frozenset[str]] = {}

    def convert(graph: Graph, dtype: str, seen: object) -> Artifact:
        given[dtype] = graph.finer
        return Artifact(b"", ".tflite", graph.inputs, graph.outputs)

    monkeypatch.setitem(building.CONVERTERS, "litert", convert)
    building.make(model, targets.find(["litert-fp32", "litert-w8a8", "litert-w8a16"]), photos)
    assert given == {"fp32": set(), "w8a8": set(), "w8a16": first}
    assert {name for name, _ in model.graphs[0].net.named_modules()} >= first


def test_only_scores_are_rounded_ahead(
    trigger_checkpoint: Path, sr_checkpoint: Path, photos: list[Pixels], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Graph] = []

    def convert(graph: Graph, dtype: str, seen: object) -> Artifact:
        given.append(graph)
        return Artifact(b"", ".onnx", graph.inputs, graph.outputs)

    monkeypatch.setitem(building.CONVERTERS, "onnx", convert)
    names = targets.find(["onnx-fp32", "onnx-fp16"])
    for file, same in ((sr_checkpoint, True), (trigger_checkpoint, False)):
        model = open_model(file)
        given.clear()
        building.make(model, names, photos)
        assert given[0] is model.graphs[0]
        assert (given[1] is model.graphs[0]) == same
