"""A deep network without BatchNorm starts with a signal that reaches its head."""

from __future__ import annotations

import torch
from torch import nn

from nitido.cues import CUES
from nitido_train.nets.standardise import standardise
from nitido_train.nets.trigger import TriggerConfig, TriggerNet


def test_every_channel_of_every_layer_is_standardised() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Conv2d(5, 4, 3), nn.Flatten(), nn.Linear(4 * 16, 2))
    images = torch.rand(16, 3, 8, 8)
    layers = [m for m in net if isinstance(m, nn.Conv2d | nn.Linear)]
    standardise(net, layers, images)
    with torch.no_grad():
        for index in (0, 2, 4):
            output = net[: index + 1](images)
            others = [d for d in range(output.dim()) if d != 1]
            assert torch.allclose(output.mean(others), torch.zeros(output.shape[1]), atol=1e-4)  # float32
            assert torch.allclose(output.std(others, correction=0), torch.ones(output.shape[1]), atol=1e-3)


def test_a_stronger_signal_reaches_the_head_of_a_trigger_than_by_random_weights_alone() -> None:
    torch.manual_seed(0)
    net = TriggerNet(TriggerConfig(hidden=8, width=0.1))
    seen = torch.rand(16, 3, 32, 32) * torch.rand(16, 1, 1, 1), torch.zeros(16, len(CUES))
    with torch.no_grad():
        faint = net(*seen).std(0).max()
        standardise(net, net.layers(), *seen)
        seeing = net(*seen).std(0).max()
    assert float(seeing) > 0.05
    assert float(seeing) > 10 * float(faint)


def test_constant_images_leave_the_weights_finite() -> None:
    net = TriggerNet(TriggerConfig(hidden=8, width=0.1))
    standardise(net, net.layers(), torch.full((4, 3, 32, 32), 0.5), torch.full((4, len(CUES)), 0.5))
    assert all(bool(torch.isfinite(p).all()) for p in net.parameters())
