"""Codec-aware downscalers: luma on a grid of twice the size asked for, and a wish, to luma."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nitido.bundle.manifest import DownscaleTask, TensorSpec
from nitido.photo.model import Pixels
from nitido.sharing.wish import COUNT, Wish, weights_of
from nitido_export.checkpoints import fill
from nitido_export.errors import CheckpointMismatch
from nitido_export.graphs import Graph, Model, Values
from nitido_export.photos import grey
from nitido_train import checkpoint
from nitido_train.checkpoint import Provenance
from nitido_train.nets.downscale import DownscaleConfig, DownscaleNet

TILE = 512
"""Preferred side of tiles, in pixels of the result; builds whose shapes are fixed have a quarter of it."""


class _OfGrid(nn.Module):
    """A network that reads the grid itself: there, convolutions of its quarters have twice the stride."""

    def __init__(self, net: DownscaleNet) -> None:
        super().__init__()
        self.rides = net.config.kind == "a" and not net.config.details
        self.net = net
        kernels, looks = net.kernels(), net.looks()
        bias: Tensor = net.head.get_parameter("bias")
        if self.rides:
            # Added on the way, so that no ReLU cuts anything off.
            least = -kernels.clamp(max=0).sum((1, 2, 3))
            self.net = _widened(net, least)
            looks, bias = torch.cat([kernels, looks]), torch.cat([least, bias])
        else:
            self.filters = _strided(kernels)
        if net.config.kind != "b":
            self.head = _strided(looks, bias)

    def forward(self, grid: Tensor, wish: Tensor) -> Tensor:
        if self.net.config.kind == "b":
            seen = self.net.head(F.avg_pool2d(F.relu(self.net.fine(grid)), 2))
        else:
            seen = self.head(grid)
        change = self.net.refine(seen, wish)
        if self.rides:
            return F.pixel_shuffle(change, self.net.config.stride)
        return self.net.add(self.filters(grid), change, wish)


def _widened(net: DownscaleNet, least: Tensor) -> DownscaleNet:
    """A network of kind a without details whose ``refine`` makes the whole result.

    What the linear filter makes, plus ``least``, rides through it as features of its own: runtimes compute 8
    or 16 channels at a time, so that riders cost less than a convolution more. The first one is left out.
    """
    riders = len(least)
    wide = DownscaleNet(replace(net.config, width=net.config.width + riders))
    alone = F.pad(torch.eye(riders)[:, :, None, None], (1, 1, 1, 1))
    with torch.no_grad():
        wide.read.load_state_dict(net.read.state_dict())
        told = torch.arange(2 * wide.config.width).view(2, -1)[:, riders:].flatten()
        for name, values in net.tell.named_parameters():
            wide.tell.get_parameter(name).zero_()[told] = values  # riders are neither scaled nor shifted
        for made, given in zip(wide.body, net.body, strict=True):
            weight, bias = given.get_parameter("weight"), given.get_parameter("bias")
            apart = [F.pad(alone, (0, 0, 0, 0, 0, len(weight))), F.pad(weight, (0, 0, 0, 0, riders, 0))]
            _fill(made, torch.cat(apart), [torch.zeros(riders), bias])
        _fill(wide.tail, torch.cat([alone, net.tail.weight], 1), [net.tail.get_parameter("bias") - least])
    return wide


def _fill(layer: nn.Module, weight: Tensor, bias: list[Tensor]) -> None:
    layer.get_parameter("weight").copy_(weight)
    layer.get_parameter("bias").copy_(torch.cat(bias))


def _strided(weight: Tensor, bias: Tensor | None = None) -> nn.Conv2d:
    """Of the grid, what ``weight`` (., 4, 3 stride, 3 stride) computes of its quarters with that stride."""
    weight = F.pixel_shuffle(weight.detach(), 2)
    side = weight.shape[-1]
    layer = nn.Conv2d(1, len(weight), side, stride=side // 3, padding=side // 3, bias=bias is not None)
    layer.weight = nn.Parameter(weight)
    if bias is not None:
        layer.bias = nn.Parameter(bias.detach())
    return layer


def downscaler(file: Path, provenance: Provenance) -> Model:
    """Family ``downscale``. Raises CheckpointMismatch for kind c, whose offsets the sdk does not make."""
    config = DownscaleConfig(**provenance.network)
    if config.kind == "c":
        raise CheckpointMismatch(
            f"expected a downscaling network of kind a, b or d in {file}, got c, which needs offsets that "
            f"Nitido's runtime does not make; train another with nitido_train.recipes.downscale --kind a"
        )
    net = fill(lambda: DownscaleNet(config), file)
    main = Graph(
        name="main",
        net=_OfGrid(net).requires_grad_(False),
        inputs=(TensorSpec("grid", (1, 1, None, None)), TensorSpec("wish", (1, COUNT), layout="NC")),
        outputs=(TensorSpec("luma", (1, 1, None, None)),),
        example=lambda pixels: _example(pixels, detail=0.5),
        vary=lambda pixels, rng: _example(pixels, detail=float(rng.uniform())),
        side=TILE // 2,
        multiple=2 * config.stride,
        greys=frozenset({"grid", "luma"}),
        exact=frozenset({"filters"}),  # rounded taps do not add up to one
    )
    return Model(
        name=file.stem,
        id=checkpoint.identity(file),
        description="Makes photos small so that, compressed and enlarged again, they look best.",
        task=DownscaleTask(
            halo=math.ceil(net.receptive_radius / config.stride) * config.stride,
            tile=TILE,
            multiple=config.stride,
        ),
        graphs=(main,),
        provenance=provenance,
    )


def _example(pixels: Pixels, detail: float) -> Values:
    """A crop's own luma as the grid."""
    wish = Wish(weights_of(detail), "jpeg", 75, 0.5)
    return {"grid": grey(pixels), "wish": wish.vector()}
