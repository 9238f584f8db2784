"""Training for 8 bits: exactly whole-number arithmetic forwards, useful gradients backwards."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from nitido_train import checkpoint, data
from nitido_train.loop import LoopConfig, Progress
from nitido_train.nets.sr import SrConfig, SrNet
from nitido_train.quantise import (
    QuantisedSr,
    Range,
    keep_rounded,
    layers,
    observed_ranges,
    quantised_weight,
    round_weights,
)
from nitido_train.recipes import sr_qat


@pytest.fixture
def net() -> SrNet:
    """A chain with activations of every size."""
    torch.manual_seed(0)
    made = SrNet(SrConfig(scale=2, width=8, depth=1))
    nn.init.normal_(made.tail.weight, std=0.03)
    return made


@pytest.fixture
def image() -> torch.Tensor:
    grey = np.random.default_rng(0).integers(0, 256, (2, 3, 20, 24))
    return torch.from_numpy(grey.astype(np.float32) / np.float32(255))


def test_results_are_grey_levels_close_to_those_in_floats(net: SrNet, image: torch.Tensor) -> None:
    with torch.no_grad():
        made = QuantisedSr(net, observed_ranges(net, [image]))(image)
        exact = net(image).clamp(0, 1)
    assert made.shape == (2, 3, 40, 48)
    assert (255 * made - (255 * made).round()).abs().max() < 1e-3
    assert 0 < float((made - exact).square().mean().sqrt()) < 0.01  # 40 dB


def test_weights_are_whole_multiples_of_their_channels_scale(net: SrNet) -> None:
    weight, scale = quantised_weight(net.head.weight)
    whole = weight / scale
    assert (whole - whole.round()).abs().max() < 1e-4
    assert whole.abs().amax((1, 2, 3)).tolist() == pytest.approx([127] * 8)
    assert (weight - net.head.weight).abs().max() <= scale.max() / 2 + 1e-7


@pytest.mark.parametrize(("low", "high"), [(0.0, 2.0), (-0.7, 0.4)])
def test_a_range_stores_256_values_zero_among_them(low: float, high: float) -> None:
    kept = Range(low, high)
    with torch.no_grad():
        made = kept(torch.linspace(-3, 3, 10_001)).unique()
    lowest, highest = kept.limits()
    assert len(made) == 256
    assert 0 in made
    assert (float(made.min()), float(made.max())) == pytest.approx((lowest, highest), abs=1e-6)
    step = (highest - lowest) / 255
    # An export works scale and zero out of the limits alone.
    assert step == pytest.approx((high - low) / 255, rel=1e-5)
    assert -lowest / step == pytest.approx(round(-lowest / step), abs=1e-4)


def test_gradients_reach_weights_and_ranges(net: SrNet, image: torch.Tensor) -> None:
    quantised = QuantisedSr(net, observed_ranges(net, [image]))
    quantised(image).square().mean().backward()
    for name, parameter in quantised.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_a_range_that_clips_too_much_learns_to_be_wider() -> None:
    torch.manual_seed(0)
    kept, x = Range(0.0, 0.2), torch.rand(1000)
    optimiser = torch.optim.Adam(kept.parameters(), lr=0.05)
    for _ in range(60):
        optimiser.zero_grad()
        (kept(x) - x).square().mean().backward()
        optimiser.step()
    assert 0.8 < kept.limits()[1] < 2  # values reach 1; a step past it costs little


def test_layers_come_in_the_order_of_the_signal(net: SrNet) -> None:
    assert list(layers(net)) == ["head", "body.0", "tail"]


def test_the_recipe_fine_tunes_measures_and_keeps_the_ranges(tmp_path: Path, net: SrNet) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(14):
        coarse = Image.fromarray(rng.integers(0, 256, (20, 20, 3), np.uint8))
        coarse.resize((90, 80), Image.Resampling.BICUBIC).save(folder / f"{number:02}.png")
    files = data.training_photos(folder)
    assert 0 < len(files) < 14
    measured = {"parameters": 1.0}
    progress = Progress(commands=["trained before"])
    network = {"scale": 2, "width": 8, "depth": 1}
    start = checkpoint.Trained(net, {}, network, 0, files, progress, measured)
    checkpoint.save(start, "sr", tmp_path / "start.safetensors")
    schedule = LoopConfig(steps=12, learning_rate=1e-4, warmup=2, log_every=4, evaluate_every=12, bf16=False)
    config = sr_qat.Config(observed=4, patch=16, batch=2, loop=schedule)
    trained = sr_qat.train(config, folder, tmp_path / "run", tmp_path / "start.safetensors")
    checkpoint.save(trained, "sr_qat", tmp_path / "sr-x2.safetensors")
    saved = json.loads((tmp_path / "sr-x2.json").read_text())
    assert list(saved["ranges"]) == ["head", "body.0", "tail"]
    assert saved["command"].startswith("trained before && ")
    assert saved["measured"]["held_out_psnr_y_w8a8"] > 15
    assert abs(saved["measured"]["held_out_psnr_y_w8a8"] - saved["measured"]["held_out_psnr_y"]) < 1
    provenance = checkpoint.load_provenance(tmp_path / "sr-x2.safetensors")
    assert math.isclose(provenance.ranges["head"][0], 0, abs_tol=1e-9)
    again = SrNet(SrConfig(**provenance.network))  # a plain chain, nothing of the training is left in it
    checkpoint.load_weights(again, tmp_path / "sr-x2.safetensors")


def test_rounded_weights_learn_and_stay_rounded() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU())
    free = net[0].weight.detach().clone()  # type: ignore[union-attr]
    round_weights(net)
    image = torch.rand(1, 2, 8, 8)
    assert not torch.equal(net[0].weight, free)  # type: ignore[arg-type]
    assert torch.equal(net[0].weight, quantised_weight(free)[0])  # type: ignore[arg-type]
    optimiser = torch.optim.SGD(net.parameters(), 0.1)
    before = float(net(image).square().mean())
    for _ in range(20):
        optimiser.zero_grad()
        net(image).square().mean().backward()
        optimiser.step()
    after = float(net(image).square().mean())
    assert after < 0.5 * before
    keep_rounded(net)
    assert float(net(image).square().mean()) == pytest.approx(after)
    assert sorted(net.state_dict()) == ["0.bias", "0.weight"]
    weight = net.state_dict()["0.weight"]
    assert torch.allclose(quantised_weight(weight)[0], weight)
