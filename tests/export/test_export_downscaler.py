"""Downscalers as bundles: every build computes as torch does, with operations that phones run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import DownscaleTask
from nitido.chroma import luma_of
from nitido.photo.model import Pixels
from nitido.sharing import Downscaler
from nitido.sharing.wish import Wish, weights_of
from nitido_export import targets
from nitido_export.bundle_writer import write_bundle
from nitido_export.errors import CheckpointMismatch
from nitido_export.families import open_model
from nitido_train.checkpoint import load_provenance, load_weights
from nitido_train.codecs import planes_to_tensor
from nitido_train.nets.downscale import DownscaleConfig, DownscaleNet, Kind

WISH = Wish(weights_of(0.75), "jpeg", 60, 0.5)


def checkpoint(save_checkpoint: Any, folder: Path, kind: Kind = "d", details: int = 3) -> Path:
    net = DownscaleNet(DownscaleConfig(kind, width=8, depth=2, details=details, stride=2))
    return save_checkpoint(folder / "share.safetensors", net, net.config, "downscale")


@pytest.fixture(scope="module")
def bundle(save_checkpoint: Any, photos: list[Pixels], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("share")
    model = open_model(checkpoint(save_checkpoint, folder))
    manifest = write_bundle(model, folder / "bundle", targets.find(["onnx-fp32", "litert-fp32"]), photos)
    assert manifest.task == DownscaleTask(halo=10, tile=512, multiple=2)
    return folder / "bundle"


@pytest.mark.parametrize("runtime", ["onnx", "litert"])
def test_every_build_computes_as_torch_does(bundle: Path, photos: list[Pixels], runtime: str) -> None:
    net = open_model(bundle.parent / "share.safetensors").graphs[0].net
    luma = luma_of(photos[0])
    shape = luma.shape[0] // 4 * 2, luma.shape[1] // 4 * 2
    grid = planes_to_tensor([luma[: 2 * shape[0], : 2 * shape[1]]])
    with torch.inference_mode():
        made = net(grid, torch.from_numpy(WISH.vector())[None])[0, 0].numpy()
    assert np.abs(made - F.avg_pool2d(grid, 2)[0, 0].numpy()).max() > 0.02
    expected = np.rint(255 * made).clip(0, 255)
    downscaler = Downscaler.open(bundle, runtime=runtime)
    assert downscaler.info.runtime == runtime
    found = downscaler.luma(np.ascontiguousarray(luma[: 2 * shape[0], : 2 * shape[1]]), shape, WISH)
    inner = slice(12, -12)
    assert np.abs(found.astype(float) - expected)[inner, inner].max() <= 1  # on the edge of two levels


def test_phones_get_no_operation_that_they_hand_back(bundle: Path) -> None:
    opened = Bundle.open(bundle)
    graph = onnx.load(opened.path(opened.select())).graph
    used = {node.op_type for node in graph.node}
    assert used <= {
        "Conv",
        "Relu",
        "Add",
        "Mul",
        "Gemm",
        "MatMul",
        "Slice",
        "Split",
        "Reshape",
        "Unsqueeze",
        "Constant",
        "DepthToSpace",
    }


@pytest.mark.parametrize(("kind", "details"), [("a", 3), ("a", 0), ("b", 3), ("b", 0), ("d", 3)])
def test_a_graph_reads_the_grid_as_the_network_reads_its_quarters(
    save_checkpoint: Any, tmp_path: Path, kind: Kind, details: int
) -> None:
    file = checkpoint(save_checkpoint, tmp_path, kind, details)
    net = DownscaleNet(DownscaleConfig(**load_provenance(file).network))
    load_weights(net, file)
    graph = open_model(file).graphs[0].net
    grid, wish = torch.rand(1, 1, 40, 56), torch.from_numpy(WISH.vector())[None]
    with torch.inference_mode():
        expected = net(F.pixel_unshuffle(grid, 2), wish)
        torch.testing.assert_close(graph(grid, wish), expected, atol=1e-5, rtol=0)
    assert expected.std() > 0.05


def test_a_build_of_8_bits_takes_and_gives_grey_levels(
    save_checkpoint: Any, photos: list[Pixels], tmp_path: Path
) -> None:
    model = open_model(checkpoint(save_checkpoint, tmp_path))
    write_bundle(model, tmp_path / "bundle", targets.find(["onnx-w8a8"]), photos)
    downscaler = Downscaler.open(tmp_path / "bundle")
    assert downscaler.info.target == "onnx-w8a8"
    luma = luma_of(photos[0])
    with torch.inference_mode():
        wish = torch.from_numpy(WISH.vector())[None]
        made = model.graphs[0].net(planes_to_tensor([luma]), wish)[0, 0].numpy()
    found = downscaler.luma(luma, made.shape, WISH) / 255
    error = (found - made.clip(0, 1))[12:-12, 12:-12]
    assert float(np.sqrt(np.mean(error**2))) < 0.02


def test_a_network_that_needs_offsets_is_refused(save_checkpoint: Any, tmp_path: Path) -> None:
    with pytest.raises(CheckpointMismatch, match="kind a, b or d"):
        open_model(checkpoint(save_checkpoint, tmp_path, "c"))
