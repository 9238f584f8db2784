"""Weights of scores in fewer bits: on the grid of their builds, with biases that keep every layer's mean."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nitido.bundle.manifest import TensorSpec
from nitido.photo.model import Pixels
from nitido_export import building, parity, targets
from nitido_export.artifact import Artifact
from nitido_export.families import open_model
from nitido_export.graphs import Graph
from nitido_export.rounding import rounded
from nitido_export.targets import DType


class Score(nn.Module):
    """Convolutions of every kind that scores have, a mean, a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Conv2d(3, 8, 3, 2, 1)
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.last = nn.Linear(8, 4)

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
    for layer in rounded(graph, "w8a16", seen).net.children():
        flat = layer.weight.flatten(1)
        steps = flat / (flat.abs().amax(1, keepdim=True) / 127)
        torch.testing.assert_close(steps, steps.round(), atol=1e-3, rtol=0)


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
