"""Muon: orthogonal updates for hidden convolutions, and nothing else."""

from __future__ import annotations

import torch
from torch import nn

from nitido_train.loop import LoopConfig, optimisers
from nitido_train.muon import Muon, hidden_weights, orthogonal
from nitido_train.nets.sr import SrConfig, SrNet


def test_updates_are_nearly_orthogonal_whatever_the_gradient() -> None:
    torch.manual_seed(0)
    for shape in ((3, 16, 144), (1, 64, 16)):
        matrices = torch.randn(shape) * torch.logspace(0, -2, shape[1])[None, :, None]
        values = torch.linalg.svdvals(orthogonal(matrices))
        # The authors' polynomial trades exactness for speed: 0.7 to 1.2 is where it settles.
        assert float(values.min()) > 0.6
        assert float(values.max()) < 1.3


def test_only_convolutions_between_features_are_muons() -> None:
    net = SrNet(SrConfig(2, 16, 3))
    assert [id(w) for w in hidden_weights(net)] == [id(layer.weight) for layer in net.body]
    depthwise = nn.Conv2d(32, 32, 3, groups=32)
    assert hidden_weights(depthwise) == []


def test_each_parameter_has_one_optimiser() -> None:
    net = SrNet(SrConfig(2, 16, 3))
    for rate, count in ((0.0, 1), (0.01, 2)):
        made = optimisers(net, LoopConfig(muon_learning_rate=rate))
        assert len(made) == count
        held = [id(p) for optimiser in made for group in optimiser.param_groups for p in group["params"]]
        assert sorted(held) == sorted(id(p) for p in net.parameters())


def test_it_learns_a_badly_scaled_problem_faster_than_plain_descent() -> None:
    scales = torch.logspace(0, -2, 16)

    def loss_after(make: type[torch.optim.Optimizer], **options: float) -> float:
        torch.manual_seed(0)
        layer, target = nn.Conv2d(16, 16, 1, bias=False), torch.randn(16, 16)
        optimiser = make([layer.weight], **options)
        for step in range(200):
            for group in optimiser.param_groups:
                group["lr"] = options["lr"] * (1 - step / 200)
            error = ((layer.weight.flatten(1) - target) * scales).square().sum()
            layer.zero_grad()
            error.backward()
            optimiser.step()
        return float(error)

    assert loss_after(Muon, lr=0.1) < 0.1 * loss_after(torch.optim.SGD, lr=0.1)
