"""Peers have the shapes that their papers give, and go through the export as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import nitido
from nitido.runtime import open_session
from nitido_bench import peers, results
from nitido_bench.cli import make_parser
from nitido_bench.peer_nets import bundles
from nitido_bench.peer_nets.nets import Fsrcnn, Plain, Shape, Xlsr, radius
from nitido_bench.peer_nets.registry import PEERS
from nitido_bench.plotting import pareto
from nitido_bench.suite import Row, markdown
from nitido_bench.timing import yardstick
from nitido_bench.timing.cases import Case


def weights(net: nn.Module) -> int:
    """Numbers in the kernels of convolutions alone, as papers count them."""
    return sum(p.numel() for p in net.parameters() if p.dim() == 4)


def sesr(width: int, body: int) -> int:
    """SESR enlarges luma in its paper."""
    shape = Shape((width,) * (body + 1), (5, *[3] * body, 5), "relu", channels=1, anchor=True, residual=True)
    return weights(Plain(shape, 2))


@pytest.mark.parametrize(
    ("found", "published"),
    [
        (weights(Fsrcnn(2)), 12_464),  # Dong et al. 2016, FSRCNN(56, 12, 4)
        (sesr(16, 5), 13_520),  # Bhardwaj et al. 2022: 13.52 K
        (sesr(16, 11), 27_344),  # 27.34 K
        (sesr(32, 11), 105_376),  # 105.37 K
        (sum(p.numel() for p in Xlsr(4).parameters()), 28_016),  # 28.0 K, Qualcomm AI Hub on XLSR x4
    ],
)
def test_sizes_are_those_that_were_published(found: int, published: int) -> None:
    assert found == published


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_enlarges_at_every_scale_that_it_is_for(name: str) -> None:
    peer = PEERS[name]
    assert peer.scales
    assert set(peer.psnr) <= set(peer.scales)
    assert bool(peer.psnr) == bool(peer.source)
    for scale in peer.scales:
        with torch.inference_mode():
            result = peer.make(scale)(torch.rand(1, peer.channels, 12, 20))
        assert result.shape == (1, peer.channels, 12 * scale, 20 * scale)


def test_no_pixel_beyond_the_radius_matters() -> None:
    net = PEERS["sesr-m5"].make(2).eval()
    reach = radius(net)
    image = torch.rand(1, 3, 2 * reach + 9, 2 * reach + 9)
    changed = image.clone()
    changed[..., 0, 0] += 1
    with torch.inference_mode():
        same = (net(image) == net(changed)).all(1)[0]
    assert bool(same[2 * (reach + 1) :].all())
    assert not bool(same[: 2 * (reach + 1), : 2 * (reach + 1)].all())


def test_a_peer_is_exported_once_and_runs_in_the_sdks_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "RESULT", 64)
    place = bundles.peer_bundle("espcn", 2, ("onnx-fp32",), tmp_path)
    session = open_session(nitido.Bundle.open(place), threads=1)
    luma = np.random.default_rng(0).random((1, 1, 10, 14), np.float32)
    result = session.run({"luma": luma})["upscaled_luma"]
    with torch.inference_mode():
        expected = bundles.peer_model("espcn", 2).graphs[0].net(torch.from_numpy(luma)).numpy()
    assert np.abs(result - expected).max() < 1e-5  # the order of additions
    monkeypatch.setattr(bundles, "write_bundle", None)
    assert bundles.peer_bundle("espcn", 2, ("onnx-fp32",), tmp_path) == place


def test_ratios_are_to_the_base_network_and_floors_come_last() -> None:
    entries = [peers.Entry("sr-x2", "sr-x2", 3, 32.8, "here"), peers.Entry("espcn", "sr-x3", 1)]
    cases = [Case(entry.bundle, "main", "onnx-fp32", "cpu", 1, 32, 32) for entry in entries]
    seconds = {"0": 0.02, "1": 0.01, "BICUBIC": 0.001, "LANCZOS": 0.002}
    seconds |= dict.fromkeys((yardstick.MATMUL, yardstick.CONVOLUTION), 0.01)
    turns = {name: [[[value]] * 2] * 2 for name, value in seconds.items()}
    rows: list[Row] = list(peers.rows(entries, cases, turns, 30.22))
    assert [row["model"] for row in rows] == ["sr-x2", "espcn", "Pillow bicubic", "Pillow lanczos"]
    assert [row["against"] for row in rows] == pytest.approx([1, 0.5, 0.05, 0.1])
    assert [row.get("psnr") for row in rows] == [32.8, None, 30.22, None]
    assert [row["channels"] for row in rows] == ["RGB", "luma", "RGB", "RGB"]
    assert "| espcn | luma |" in markdown(peers.SUITE, rows)


def test_the_quality_of_own_networks_comes_from_the_result_of_its_suite(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"model": "sr-x2", "scale": 2, "set": name, "psnr": psnr, "bicubic_psnr": psnr - 2.5}
        for name, psnr in (("Set5", 37.2), ("Set14", 32.8))
    ]
    file = results.write(results.collect("quality-sr", "", rows), tmp_path)
    assert peers.own_quality(file) == {("sr-x2", 2): 32.8, ("bicubic", 2): pytest.approx(30.3)}
    assert peers.own_quality(tmp_path / "none.json") == {}


def test_the_front_holds_what_nothing_cheaper_beats() -> None:
    points = [(3.0, 32.0), (1.0, 30.0), (2.0, 29.0), (2.5, 32.0), (4.0, 33.0)]
    assert pareto(points) == [(1.0, 30.0), (2.5, 32.0), (4.0, 33.0)]


def test_a_peer_that_is_not_known_is_bad_usage() -> None:
    with pytest.raises(SystemExit):
        make_parser(["peers"]).parse_args(["peers", "--peer", "rcan"])
