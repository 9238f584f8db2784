"""Suite ``codec-kinds``: kinds train and go through the real encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido_bench import codec_kinds
from nitido_bench.cli import make_parser
from nitido_bench.suites import open_suite
from nitido_train import checkpoint, codecs, data
from nitido_train.loop import Progress
from nitido_train.nets.codec_proxy import CodecProxy, ProxyConfig
from nitido_train.nets.downscale import DownscaleConfig, DownscaleNet
from nitido_train.nets.sr import SrConfig, SrNet, parameter_count


def test_a_kind_that_the_sdk_cannot_run_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # its folder of runs
    held = next(f"{n}.png" for n in range(100) if data.is_held_out(Path(f"{n}.png")))
    other = next(f"{n}.png" for n in range(100) if not data.is_held_out(Path(f"{n}.png")))
    for number, name in enumerate((held, other)):
        Image.fromarray(photo(number)).save(tmp_path / name)
    proxy, sr = tmp_path / "proxy.safetensors", tmp_path / "sr.safetensors"
    for file, net, network in (
        (proxy, CodecProxy(ProxyConfig()), {"codecs": codecs.CODECS, "width": 16}),
        (sr, SrNet(SrConfig(2, width=4, depth=1)), {"scale": 2, "width": 4, "depth": 1}),
    ):
        used = data.training_photos(tmp_path)
        checkpoint.save(checkpoint.Trained(net, {}, network, 0, used, Progress(), {}), "x", file)
    words = ["--proxy", str(proxy), "--sr", str(sr), "--steps", "1", "--side", "192", "--kinds", "c"]
    args = make_parser().parse_args(["codec-kinds", "--data", str(tmp_path), *words])
    rows = list(open_suite("codec-kinds").measure(args))
    assert [row["kind"] for row in rows] == ["c"]
    assert rows[0]["parameters"] == parameter_count(DownscaleNet(DownscaleConfig("c", details=3, stride=2)))
    assert "bd_edges" in rows[0] or rows[0]["apart"] == 1  # no network yet, after one step


def test_colours_stay_up_to_the_borders() -> None:
    make = codec_kinds.made_by(DownscaleNet(DownscaleConfig(stride=2)))
    flat = np.full((192, 192, 3), (200, 60, 30), np.uint8)
    made = make(flat, (96, 96), 75)
    assert np.abs(made.astype(int) - (200, 60, 30)).max() <= 2


def photo(seed: int) -> data.Pixels:
    coarse = np.random.default_rng(seed).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((224, 224), Image.Resampling.BICUBIC))
