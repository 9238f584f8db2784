"""A start for deep networks without BatchNorm: what it would do to one batch, folded into the weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_FLOOR = 1e-3
"""Standard deviation below which a channel counts as constant and is not blown up further."""


def standardise(net: nn.Module, layers: Sequence[nn.Conv2d | nn.Linear], *inputs: Tensor) -> None:
    """Scale and shift ``layers`` so that each of their channels has mean 0 and deviation 1 on these inputs.

    In one pass, layer after layer, after Salimans & Kingma 2016, section 3. With random weights alone,
    fifty layers hand on so faint a signal that learning hardly begins.
    """

    def adapt(layer: nn.Conv2d | nn.Linear, _: tuple[Tensor, ...], output: Tensor) -> Tensor:
        others = [d for d in range(output.dim()) if d != 1]
        deviation, mean = torch.std_mean(output, others, correction=0, keepdim=True)
        deviation = deviation.clamp(min=_FLOOR)
        layer.weight /= deviation.reshape(-1, *[1] * (layer.weight.dim() - 1))
        assert layer.bias is not None
        layer.bias.copy_((layer.bias - mean.flatten()) / deviation.flatten())
        return (output - mean) / deviation

    handles = [layer.register_forward_hook(adapt) for layer in layers]
    try:
        with torch.no_grad():
            net(*inputs)
    finally:
        for handle in handles:
            handle.remove()
