"""SqueezeNet's features: preprocessing, layout of the weights, and the distance made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
import torch.nn.functional as F

from nitido_train.nets.squeezenet import FeatureDistance, load
from nitido_train.resample import bicubic_downscale, bicubic_upscale

REAL = Path(__file__).parents[3] / "shared/data/weights/squeezenet_imagenet/squeezenet_v1.0_decoded.npz"


def test_the_first_layer_sees_blue_green_red_minus_the_mean(squeezenet: Path) -> None:
    image = torch.rand(2, 3, 40, 36, generator=torch.Generator().manual_seed(0))
    weights = np.load(squeezenet)
    mean = torch.tensor([123.0, 117.0, 104.0]).view(1, 3, 1, 1)
    raw = F.conv2d(
        (255 * image - mean).flip(1),
        torch.from_numpy(weights["conv1.weight"]),
        torch.from_numpy(weights["conv1.bias"]),
        stride=2,
    )
    # sums of 147 float32 products of up to 100, in another order
    assert float((load(squeezenet)(image)[0] - F.relu(raw)).abs().max()) < 1e-2


def test_there_are_nine_features_ever_coarser(squeezenet: Path) -> None:
    sides = [features.shape[3] for features in load(squeezenet)(torch.rand(1, 3, 96, 96))]
    assert sides == [45, 22, 22, 22, 11, 11, 11, 11, 5]


def test_distance_is_none_between_equals_symmetric_and_bounded(squeezenet: Path) -> None:
    distance = FeatureDistance(load(squeezenet))
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 256, (2, 64, 64, 3), np.uint8)
    assert distance.of_pixels(a, a) == 0
    assert distance.of_pixels(a, b) == pytest.approx(distance.of_pixels(b, a))
    assert 0 < distance.of_pixels(a, b) < 1


def test_slopes_reach_the_image_and_not_the_weights(squeezenet: Path) -> None:
    image = torch.full((1, 3, 48, 48), 0.5, requires_grad=True)  # flat: many features are exactly zero
    net = load(squeezenet)
    FeatureDistance(net)(image, torch.rand(1, 3, 48, 48)).backward()
    assert image.grad is not None
    assert torch.isfinite(image.grad).all()
    assert float(image.grad.abs().max()) > 0
    assert all(parameter.grad is None for parameter in net.parameters())


def test_weights_without_a_layer_are_refused(squeezenet: Path, tmp_path: Path) -> None:
    weights = dict(np.load(squeezenet))
    del weights["fire7/conv3x3_2.bias"]
    np.savez(tmp_path / "short.npz", **weights)
    with pytest.raises(ValueError, match="fire7/conv3x3_2"):
        load(tmp_path / "short.npz")


@pytest.mark.skipif(not REAL.is_file(), reason="the trained weights are not in the repository")
def test_trained_features_find_the_blurrier_photo_further_away() -> None:
    distance = FeatureDistance(load(REAL))
    photo = skimage.data.coffee()[100:292, 200:392]
    apart = [
        distance.of_pixels(bicubic_upscale(bicubic_downscale(photo, scale), scale), photo)
        for scale in (2, 3, 4)
    ]
    assert apart == sorted(apart)
    assert apart[0] < 0.7 * apart[2]
