"""Muon (Jordan et al. 2024): momentum whose update of a weight matrix is made orthogonal.

All directions of a layer then learn equally fast, not only the strongest. ``--muon 0`` of a recipe shows what
a training of the same minutes reaches without it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

_MIN_CHANNELS = 16
"""Layers that read or write fewer (the image, the residuals) stay with AdamW, as the authors advise."""


def hidden_weights(net: nn.Module) -> list[Tensor]:
    """Weights of the convolutions between features: what Muon is for."""
    return [
        layer.weight
        for layer in net.modules()
        if isinstance(layer, nn.Conv2d)
        and layer.groups == 1
        and not is_parametrized(layer)  # what is computed is no weight to be updated
        and min(layer.in_channels, layer.out_channels) >= _MIN_CHANNELS
    ]


class Muon(torch.optim.Optimizer):
    """Each weight (outputs, ...) is one matrix; 0.01 suits networks that AdamW trains at 1e-3."""

    def __init__(self, weights: Iterable[Tensor], lr: Tensor | float, momentum: float = 0.95) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # as all closures here: none
        """Update all weights; those of one shape together, since they are small."""
        for group in self.param_groups:
            alike: dict[tuple[int, int], list[tuple[Tensor, Tensor]]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["mean"] = torch.zeros_like(weight)
                mean = state["mean"].lerp_(weight.grad, 1 - group["momentum"])
                ahead = weight.grad.lerp(mean, group["momentum"]).flatten(1)  # Nesterov's
                alike[tuple(ahead.shape)].append((weight, ahead))
            for (rows, columns), members in alike.items():
                updates = orthogonal(torch.stack([ahead for _, ahead in members]))
                updates *= group["lr"] * max(1.0, rows / columns) ** 0.5
                for (weight, _), update in zip(members, updates, strict=True):
                    weight.sub_(update.view(weight.shape))


def orthogonal(matrices: Tensor) -> Tensor:
    """(N, rows, columns) with singular values near 1 (0.7 to 1.2): five Newton-Schulz steps."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (x.square().sum((1, 2), keepdim=True).sqrt() + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x  # the authors' polynomial
    return x.mT if tall else x
