"""Colorizers as bundles: every build paints as torch does, with operations that phones run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import ColorizeTask
from nitido.chroma import chroma_of, fitted, luma_of
from nitido.colorizer import Colorizer
from nitido.errors import BundleInvalid
from nitido.photo.model import Pixels
from nitido_export import targets
from nitido_export.bundle_writer import write_bundle
from nitido_export.errors import CheckpointMismatch
from nitido_export.families import open_model
from nitido_train.nets.colorize import ColorizeConfig, ColorizeNet

SIDE = 64
TINY = ColorizeConfig(width=0.1, context=8, eighth=8, quarter=8)


def checkpoint(save_checkpoint: Any, folder: Path, **measured: float) -> Path:
    return save_checkpoint(
        folder / "colorize.safetensors",
        ColorizeNet(TINY),
        TINY,
        "colorize",
        config={"side": SIDE},
        measured=measured,
    )


@pytest.fixture(scope="module")
def bundle(save_checkpoint: Any, photos: list[Pixels], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("colorize")
    model = open_model(checkpoint(save_checkpoint, folder, unsure=0.07))
    manifest = write_bundle(model, folder / "bundle", targets.find(["onnx-fp32", "litert-fp32"]), photos)
    assert manifest.task == ColorizeTask(SIDE, 0.07)
    return folder / "bundle"


def test_every_build_paints_as_torch_does(bundle: Path, save_checkpoint: Any, photos: list[Pixels]) -> None:
    net = open_model(bundle.parent / "colorize.safetensors").graphs[0].net
    photo = photos[0]
    view, _ = fitted(luma_of(photo), SIDE)
    with torch.inference_mode():
        chroma, _ = net(torch.from_numpy(view.astype(np.float32) / 255)[None, None])
    assert float(chroma.std()) > 0.02  # colours that a build could get wrong
    results = []
    for runtime in ("onnx", "litert"):
        colorizer = Colorizer.open(bundle, runtime=runtime)
        assert colorizer.info.runtime == runtime
        results.append(colorizer(photo, force=True))
        assert np.array_equal(luma_of(results[-1]), luma_of(photo))
    assert np.abs(results[0].astype(int) - results[1]).max() <= 2  # green makes up for red and blue
    for channel in range(2):
        found, expected = chroma_of(results[0])[..., channel].mean(), float(chroma[0, channel].mean())
        assert found == pytest.approx(expected, abs=0.1)  # out of gamut is paler


def test_phones_get_no_operation_that_they_hand_back(bundle: Path) -> None:
    opened = Bundle.open(bundle)
    graph = onnx.load(opened.path(opened.select())).graph
    simple = {"Conv", "Relu", "Clip", "Add", "Sub", "Mul", "Div", "Softmax", "DepthToSpace"}
    assert {node.op_type for node in graph.node} <= simple
    content = opened.path(opened.select(runtime="litert")).read_bytes()
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    model = schema.Model.GetRootAs(content)
    codes = {names[model.OperatorCodes(i).BuiltinCode()] for i in range(model.OperatorCodesLength())}
    assert codes <= {
        *("CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "SUB", "MUL", "DIV", "SOFTMAX", "DEPTH_TO_SPACE", "PAD")
    }


def test_a_checkpoint_that_measured_nothing_is_refused(save_checkpoint: Any, tmp_path: Path) -> None:
    with pytest.raises(CheckpointMismatch, match=r"unsure.*train it with nitido_train\.recipes\.colorize"):
        open_model(checkpoint(save_checkpoint, tmp_path, psnr=20.0))


def test_the_card_says_that_it_guesses(bundle: Path) -> None:
    card = (bundle / "MODEL_CARD.md").read_text()
    assert "It guesses" in card
    assert "figures: quality-color" in card


def test_a_build_for_another_side_is_refused(bundle: Path) -> None:
    opened = Bundle.open(bundle)
    task = opened.task(ColorizeTask)
    session = Colorizer.open(bundle)._session
    with pytest.raises(BundleInvalid, match="128 x 128"):
        Colorizer(session, replace(task, side=128))
