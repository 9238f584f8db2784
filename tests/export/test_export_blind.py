"""Blind upscalers as bundles: every build computes what torch does, with operations that phones run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema

from nitido.blind import BlindUpscaler, KernelShape
from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import BlindTask
from nitido.photo.model import Pixels
from nitido_export import targets
from nitido_export.bundle_writer import write_bundle
from nitido_export.errors import CheckpointMismatch
from nitido_export.families import open_model
from nitido_train.nets.blind import BlindConfig, BlindNet
from nitido_train.tensors import to_pixels, to_tensor

TINY = BlindConfig(scale=2, latent=4, hidden=8, width=6, depth=2, judge_width=6, judge_depth=1)


def checkpoint(save_checkpoint: Any, folder: Path, **measured: float) -> Path:
    return save_checkpoint(folder / "blind-x2.safetensors", BlindNet(TINY), TINY, "blind", measured=measured)


@pytest.fixture(scope="module")
def bundle(save_checkpoint: Any, photos: list[Pixels], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blind")
    model = open_model(checkpoint(save_checkpoint, folder, spearman=0.9))
    manifest = write_bundle(model, folder / "bundle", targets.find(["onnx-fp32", "litert-fp32"]), photos)
    assert manifest.task == BlindTask(scale=2, halo=4, tile=512, latent=4, cell=64)
    return folder / "bundle"


@pytest.mark.parametrize("runtime", ["onnx", "litert"])
def test_every_build_enlarges_as_torch_does(bundle: Path, photos: list[Pixels], runtime: str) -> None:
    net = open_model(bundle.parent / "blind-x2.safetensors").graphs[0].net
    mapping = open_model(bundle.parent / "blind-x2.safetensors").graphs[1].net
    photo, shape = photos[1], KernelShape("gaussian", 1.5, 0.8, 0.4)
    upscaler = BlindUpscaler.open(bundle, runtime=runtime)
    with torch.inference_mode():
        latent = mapping(torch.from_numpy(shape.kernel(2).reshape(1, -1)))
        expected = to_pixels(net(to_tensor([photo]), latent[:, :, None, None])[0])
    found = upscaler(photo, shape)
    assert np.ptp(expected) > 20  # an image that a build could get wrong
    assert np.abs(found.astype(int) - expected).max() <= 1  # the order of additions, and rounding


def test_both_runtimes_find_the_same_kernel(bundle: Path, photos: list[Pixels]) -> None:
    found = [
        BlindUpscaler.open(bundle, runtime=runtime).estimate(photos[0]) for runtime in ("onnx", "litert")
    ]
    assert found[0].shape.family == found[1].shape.family
    assert found[0].after == pytest.approx(found[1].after, rel=1e-3)


def test_phones_get_no_operation_that_they_hand_back(bundle: Path) -> None:
    opened = Bundle.open(bundle)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    for graph in ("main", "judge"):
        nodes = onnx.load(opened.path(opened.select(graph))).graph.node
        assert {node.op_type for node in nodes} <= {"Conv", "Relu", "Add", "Mul", "DepthToSpace"}
        model = schema.Model.GetRootAs(opened.path(opened.select(graph, "litert")).read_bytes())
        codes = {names[model.OperatorCodes(i).BuiltinCode()] for i in range(model.OperatorCodesLength())}
        assert codes <= {"CONV_2D", "ADD", "MUL", "RELU", "DEPTH_TO_SPACE"}


def test_a_generator_without_its_judge_is_refused(save_checkpoint: Any, tmp_path: Path) -> None:
    file = checkpoint(save_checkpoint, tmp_path, psnr_bicubic=30.0)
    with pytest.raises(CheckpointMismatch, match="--phase judge"):
        open_model(file)
