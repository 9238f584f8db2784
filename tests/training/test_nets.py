"""Shapes, receptive radii and starting points of the networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nitido.blur import Blur, grid
from nitido.cues import CUES
from nitido_train.nets.blur import SPACE, BlurConfig, BlurNet, soft_target
from nitido_train.nets.restore import TIERS as RESTORE_TIERS
from nitido_train.nets.restore import RestoreConfig, RestoreNet
from nitido_train.nets.sr import TIERS, SrConfig, SrNet, parameter_count
from nitido_train.nets.trigger import OUTPUTS, TriggerConfig, TriggerNet


def positive(net: torch.nn.Module) -> torch.nn.Module:
    """Positive weights, so that no activation is cut and no influence cancels."""
    for parameter in net.parameters():
        torch.nn.init.uniform_(parameter, 0.001, 0.02)
    return net


def reach(image: torch.Tensor, y: int, x: int) -> int:
    assert image.grad is not None
    places = image.grad[0].abs().sum(0).nonzero()
    return int((places - torch.tensor([y, x])).abs().max())


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_untrained_upscaler_is_nearly_nearest_neighbour(scale: int) -> None:
    image = torch.rand(1, 3, 9, 7)
    output = SrNet(SrConfig(scale, 8, 2))(image)
    nearest = image.repeat_interleave(scale, 2).repeat_interleave(scale, 3)
    assert output.shape == nearest.shape
    assert float((output - nearest).abs().max()) < 0.1  # the tail starts small


@pytest.mark.parametrize("depth", [1, 4])
def test_upscaler_states_its_receptive_radius(depth: int) -> None:
    net = SrNet(SrConfig(2, 8, depth))
    positive(net)
    image = torch.rand(1, 3, 31, 31, requires_grad=True)
    net(image)[0, :, 30:32, 30:32].sum().backward()
    assert reach(image, 15, 15) == net.receptive_radius


def test_shipped_sizes_keep_within_their_budgets() -> None:
    limits = {
        (2, "fast"): 16_000,
        (2, "base"): 45_000,
        (2, "quality"): 190_000,
        (3, "base"): 50_000,
        (4, "fast"): 18_000,
        (4, "base"): 55_000,
        (4, "quality"): 200_000,
    }
    sizes = {key: parameter_count(SrNet(TIERS[key])) for key in limits}
    assert {key: size for key, size in sizes.items() if size > limits[key]} == {}
    assert parameter_count(TriggerNet(TriggerConfig()).last) < 120


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_each_tier_of_a_scale_is_larger_than_the_last(scale: int) -> None:
    sizes = [parameter_count(SrNet(TIERS[scale, tier])) for tier in ("fast", "base", "quality")]
    assert sizes == sorted(set(sizes))
    assert all(TIERS[scale, tier].scale == scale for tier in ("fast", "base", "quality"))


@pytest.mark.parametrize(("tier", "limit"), [("fast", 250_000), ("base", 1_000_000)])
def test_restorers_keep_within_the_budget_of_their_tier(tier: str, limit: int) -> None:
    assert parameter_count(RestoreNet(RESTORE_TIERS[tier])) <= limit


def test_restorer_states_its_receptive_radius() -> None:
    net = RestoreNet(RestoreConfig(4, 6, 8, 8))
    positive(net)
    reached = []
    for offset in range(8):  # the strided layers see each position of a block of 8 differently
        image = torch.rand(1, 3, 160, 160, dtype=torch.float64, requires_grad=True)
        place = 80 + offset
        net.double()(image, image, image, torch.ones(1, 4, dtype=torch.float64))[
            0, :, place, place
        ].sum().backward()
        reached.append(reach(image, place, place))
    assert max(reached) == net.receptive_radius


def test_zero_strength_returns_the_photo_and_strength_is_linear() -> None:
    net = positive(RestoreNet(RestoreConfig(4, 6, 8, 8)))
    image, deblurred, deblocked = torch.rand(3, 1, 3, 32, 32).unbind()
    with torch.inference_mode():
        outputs = [
            net(image, deblurred, deblocked, torch.tensor([[s, 0.0, 0.0, 0.0]])) for s in (0.0, 0.5, 1.0)
        ]
    assert torch.equal(outputs[0], image)
    assert torch.allclose(outputs[1], (outputs[0] + outputs[2]) / 2, atol=1e-5)
    assert not torch.allclose(outputs[2], image, atol=1e-4)


def test_blur_probabilities_sum_to_one_per_grid_point() -> None:
    net = BlurNet(BlurConfig(hidden=4))
    output = net(torch.randn(2, SPACE.window * (SPACE.window // 2 + 1)))
    assert output.shape == (2, len(grid(SPACE)))
    assert output.sum(1).detach().numpy() == pytest.approx(np.ones(2), abs=1e-5)


def test_soft_target_of_a_grid_point_is_that_point_and_between_points_both() -> None:
    blurs = grid(SPACE)
    for index in (0, 5, len(blurs) - 1):
        assert int(soft_target(blurs[index]).argmax()) == index
        assert float(soft_target(blurs[index]).max()) == pytest.approx(1)
    between = soft_target(Blur("disc", 1.75))
    assert sorted(float(v) for v in between if v > 0) == pytest.approx([0.5, 0.5])
    wrapped = soft_target(Blur("motion", 9.0, np.pi - 0.01))  # directions meet again after half a turn
    near_zero = [b for b, v in zip(blurs, wrapped, strict=True) if v > 0.5]
    assert [b.angle for b in near_zero] == [0.0]


def test_trigger_predicts_one_number_per_output_at_any_size() -> None:
    net = TriggerNet(TriggerConfig())
    for side in (64, 96):
        assert net(torch.rand(2, 3, side, side), torch.rand(2, len(CUES))).shape == (2, len(OUTPUTS))
