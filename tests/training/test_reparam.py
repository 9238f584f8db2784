"""Branched convolutions: one function in training, the same one in a single convolution afterwards."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from nitido_train.muon import hidden_weights
from nitido_train.nets.reparam import BranchedConv, branch, collapse
from nitido_train.nets.sr import SrConfig, SrNet


def random_branches(inputs: int, outputs: int, seed: int) -> BranchedConv:
    torch.manual_seed(seed)
    layer = BranchedConv(nn.Conv2d(inputs, outputs, 3, padding=1)).double()
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    return layer


def branch_by_branch(layer: BranchedConv, x: Tensor) -> Tensor:
    """What the branches are, each run as its own layers."""
    total = layer.plain(x) + F.conv2d(layer.expand(x), layer.squeeze.weight, padding=1)
    for part, kernel in zip(layer.edges(x).chunk(3, 1), layer.edge_kernels, strict=True):
        channels = part.shape[1]
        total = total + F.conv2d(part, kernel.expand(channels, 1, 3, 3), padding=1, groups=channels)
    return total


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**31))
def test_branches_and_their_collapse_are_one_function(
    inputs: int, outputs: int, height: int, width: int, seed: int
) -> None:
    layer = random_branches(inputs, outputs, seed)
    x = torch.randn(2, inputs, height, width, dtype=torch.float64)
    expected = branch_by_branch(layer, x)
    single = layer.collapsed()
    assert type(single) is nn.Conv2d
    for found in (layer(x), single(x)):
        assert float((found - expected).detach().abs().max()) < 1e-10  # float64, other order of additions


def test_a_branched_network_starts_as_the_network_it_was_made_from() -> None:
    torch.manual_seed(0)
    net = SrNet(SrConfig(2, 16, 3))
    image = torch.rand(1, 3, 12, 10)
    before = net(image)
    assert torch.equal(branch(net)(image), before)
    assert [type(layer) for layer in net.body] == [BranchedConv] * 3
    assert type(net.head) is type(net.tail) is nn.Conv2d


def test_collapsing_a_trained_network_leaves_a_plain_one_of_the_same_function() -> None:
    torch.manual_seed(0)
    net = branch(SrNet(SrConfig(2, 16, 3))).double()
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.2)
    image = torch.rand(1, 3, 12, 10, dtype=torch.float64)
    final = collapse(net)
    assert final.state_dict().keys() == SrNet(SrConfig(2, 16, 3)).state_dict().keys()
    expected = net(image)
    # relative: values grow from layer to layer
    assert float(((final(image) - expected).abs().max() / expected.abs().max()).detach()) < 1e-10
    assert isinstance(net.body[0], BranchedConv)  # the one in training goes on


def test_every_branch_between_features_learns_by_muon_and_all_learn_at_once() -> None:
    net = branch(SrNet(SrConfig(2, 16, 2)))
    layers = [layer for layer in net.body if isinstance(layer, BranchedConv)]
    chosen = {id(weight) for weight in hidden_weights(net)}
    branches = [[layer.plain, layer.expand, layer.squeeze, layer.edges] for layer in layers]
    assert chosen == {id(part.weight) for parts in branches for part in parts}
    net(torch.rand(1, 3, 8, 8)).square().sum().backward()
    for layer in layers:
        moved = (layer.plain.weight.grad, layer.squeeze.weight.grad, layer.edges.weight.grad)
        assert all(slope is not None and float(slope.abs().max()) > 0 for slope in moved)
