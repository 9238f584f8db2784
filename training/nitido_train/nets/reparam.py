"""Convolutions that train as several branches and are saved as one: more to learn with, no cost later."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)

_EDGES = torch.tensor(
    [
        [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
        [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
        [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
    ],
    dtype=torch.float32,
)
"""Sobel's two kernels and Laplace's."""


class BranchedConv(nn.Module):
    """A 3x3 convolution that is the sum of three, after ECBSR (Zhang, Zeng & Zhang 2021).

    The branches are a plain one, a 1x1 into ``expansion`` times the channels followed by a 3x3, and a 1x1
    followed by fixed edge filters. Only their weights are summed, before the one convolution that runs
    (as in SESR, Bhardwaj et al. 2022): training costs little more, and collapsing is exact at borders too.
    There is no identity branch: without weight decay it would only be another start value of the plain one.
    """

    edge_kernels: Tensor

    def __init__(self, plain: nn.Conv2d, expansion: int = 2) -> None:
        """Start as ``plain``: the other branches add nothing yet."""
        super().__init__()
        inputs, outputs = plain.in_channels, plain.out_channels
        self.plain = plain
        self.expand = nn.Conv2d(inputs, expansion * inputs, 1, bias=False)
        self.squeeze = nn.Conv2d(expansion * inputs, outputs, 3, bias=False)
        self.edges = nn.Conv2d(inputs, 3 * outputs, 1, bias=False)
        self.register_buffer("edge_kernels", _EDGES.clone(), persistent=False)
        nn.init.orthogonal_(self.expand.weight)
        nn.init.zeros_(self.squeeze.weight)
        nn.init.zeros_(self.edges.weight)

    def weight(self) -> Tensor:
        """The weights (outputs, inputs, 3, 3) of the one convolution that all branches are."""
        with torch.autocast(self.edge_kernels.device.type, enabled=False):
            wide = torch.einsum("omyx,mi->oiyx", self.squeeze.weight, self.expand.weight.flatten(1))
            edges = self.edges.weight.reshape(3, -1, self.edges.in_channels)
            return self.plain.weight + wide + torch.einsum("koi,kyx->oiyx", edges, self.edge_kernels)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, zeros around the image."""
        return F.conv2d(x, self.weight(), self.plain.bias, padding=1)

    def collapsed(self) -> nn.Conv2d:
        """The same function as a plain convolution."""
        single = copy.deepcopy(self.plain)
        with torch.no_grad():
            single.weight.copy_(self.weight())
        return single


def branch(net: Net) -> Net:
    """``net`` itself, its 3x3 convolutions between as many features now equal ``BranchedConv``s.

    Those that read the image or write the residuals stay: Muon leaves them alone too.
    """
    for parent in list(net.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.Conv2d) and _fits(layer):
                setattr(parent, name, BranchedConv(layer))
    return net


def collapse(net: Net) -> Net:
    """A copy of ``net`` with plain convolutions in place of branched ones: what ``checkpoint.save`` gets."""
    net = copy.deepcopy(net)
    for parent in list(net.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, BranchedConv):
                setattr(parent, name, layer.collapsed())
    return net


def _fits(layer: nn.Conv2d) -> bool:
    shape = (layer.kernel_size, layer.stride, layer.padding, layer.groups)
    return layer.in_channels == layer.out_channels and shape == ((3, 3), (1, 1), (1, 1), 1)
