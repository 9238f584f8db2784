"""MobileNetV2's features: the shipped trigger still stands on them, ImageNet weights still fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nitido import zoo
from nitido_train import checkpoint
from nitido_train.nets.mobilenet import LAYER_16, MobileNetV2, Stage, load_imagenet, scaled
from nitido_train.nets.trigger import TriggerConfig, TriggerNet
from nitido_train.trigger.gains import tensors

CHECKPOINT = Path(__file__).parents[2] / "training" / "checkpoints" / "trigger.safetensors"


def test_shipped_trigger_loads_and_computes_its_golden_vectors() -> None:
    net = TriggerNet(TriggerConfig(**checkpoint.load_provenance(CHECKPOINT).network)).eval()
    checkpoint.load_weights(net, CHECKPOINT)
    with np.load(zoo.folder("trigger") / "golden.npz") as golden:
        seen, expected = (golden["main/in/image"], golden["main/in/cues"]), golden["main/out/scores"]
    with torch.inference_mode():
        got = net(*tensors(seen))[0].numpy()
    assert np.ptp(expected) > 1e-2
    # The golden vectors were computed by torch too, perhaps on another processor: only rounding differs.
    assert np.abs(got - expected).max() < 1e-4


@pytest.mark.parametrize(("side", "reduced"), [(64, 2), (96, 3), (65, 3)])
def test_layer_16_halves_the_sides_five_times(side: int, reduced: int) -> None:
    net = MobileNetV2()
    assert net(torch.rand(2, 3, side, side)).shape == (2, net.channels, reduced, reduced)
    assert net.channels == 160


@pytest.mark.parametrize("side", [64, 75])
def test_training_computes_what_inference_does_gradients_included(side: int) -> None:
    torch.manual_seed(0)
    net, image, found = MobileNetV2(width=0.25), torch.rand(1, 3, side, side), []
    for training in (True, False):
        net.train(training)
        net.zero_grad()
        features = net(image)
        features.square().sum().backward()
        gradients = [p.grad.flatten() for p in net.parameters() if p.grad is not None]
        found.append((features.detach(), torch.cat(gradients)))
    (trained, slopes), (inferred, expected) = found
    assert torch.allclose(trained, inferred, atol=1e-6)
    assert (slopes - expected).abs().max() < 1e-4 * expected.abs().max()  # sums in another order


def test_narrow_networks_have_channels_in_multiples_of_eight() -> None:
    assert [scaled(n, 0.5) for n in (32, 24, 64, 96, 160)] == [16, 16, 32, 48, 80]
    assert scaled(16, 0.25) == 8
    assert scaled(24, 0.75) == 24  # 16 would be less than nine tenths of 18
    net = MobileNetV2((Stage(1, 16, 1, 1), Stage(6, 24, 2, 2)), width=0.5)
    assert net(torch.rand(1, 3, 32, 32)).shape == (1, 16, 8, 8)


def test_untrained_features_still_tell_images_apart() -> None:
    torch.manual_seed(0)
    net = MobileNetV2(width=0.25)
    grey = torch.linspace(0.1, 0.9, 8).view(8, 1, 1, 1).expand(8, 3, 32, 32)
    with torch.inference_mode():
        spread = net(grey).mean((2, 3)).std(0).mean()
    assert float(spread) > 1e-3  # 1e-2 with these start values, 1e-7 with torch's own


def save_layers(file: Path, net: MobileNetV2) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    made = {}
    for index, layer in enumerate(m for m in net.modules() if isinstance(m, torch.nn.Conv2d)):
        made[f"{index:02}.weight"] = rng.normal(size=tuple(layer.weight.shape)).astype(np.float32)
        made[f"{index:02}.bias"] = rng.normal(size=layer.weight.shape[0]).astype(np.float32)
    np.savez(file, **made)  # type: ignore[arg-type]  # numpy's stub of **kwds is too narrow
    return made


def test_imagenet_layers_are_taken_in_order_and_the_input_is_scaled(tmp_path: Path) -> None:
    net = MobileNetV2()
    made = save_layers(tmp_path / "weights.npz", net)
    load_imagenet(net, tmp_path / "weights.npz")
    image = torch.rand(1, 3, 16, 16)
    weight, bias = torch.tensor(made["00.weight"]), torch.tensor(made["00.bias"])
    expected = torch.nn.functional.conv2d(2 * image - 1, weight, bias, stride=2)
    inner = torch.nn.functional.conv2d(image, net.stem.weight, net.stem.bias, stride=2)
    assert torch.allclose(inner, expected, atol=1e-4)  # the scaling moved into the weights: rounding only
    last = [m for m in net.blocks.modules() if isinstance(m, torch.nn.Conv2d)][-1]
    assert torch.equal(last.weight, torch.tensor(made[f"{len(made) // 2 - 1:02}.weight"]))


def test_imagenet_layers_of_another_width_are_refused(tmp_path: Path) -> None:
    save_layers(tmp_path / "weights.npz", MobileNetV2())
    with pytest.raises(
        ValueError, match=r"expected layer 0 .* of shape \(16, 3, 3, 3\), got \(32, 3, 3, 3\)"
    ):
        load_imagenet(MobileNetV2(LAYER_16, width=0.5), tmp_path / "weights.npz")
