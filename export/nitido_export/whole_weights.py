"""Weights as whole numbers of 8 bits: the grid they lie on, and the layers of scores that need more."""

from __future__ import annotations

from torch import Tensor, nn

Layer = nn.Conv2d | nn.Linear
SMALL = 1024
"""Weights up to which a convolution of a score is stored in two parts."""


def int8(weight: Tensor) -> Tensor:
    """Signed, symmetric, a scale for each output channel: the grid on which all converters round."""
    flat = weight.flatten(1)
    scale = (flat.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    return ((flat / scale).round().clamp(-127, 127) * scale).view_as(weight)


def needs_two(layer: Layer) -> bool:
    """Whether a layer gets a second weight, with what rounding leaves of the first.

    The smallest convolutions, in which few weights make an output, and the linear layers at the end of a
    score are half of what 8 bits move it by, and next to nothing of its work.
    """
    return isinstance(layer, nn.Linear) or layer.weight.numel() <= SMALL
