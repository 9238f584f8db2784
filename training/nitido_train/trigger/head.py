"""Train a trigger's head on what its trunk sees of every photo: quick, since the trunk looks once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nitido_train.nets.trigger import TriggerNet
from nitido_train.trigger.gains import Gains, Seen, loss_of, tensors

_FLAT = 1e-3
"""Deviation below which a feature counts as constant."""


@dataclass(frozen=True)
class HeadConfig:
    """AdamW on batches of photos, over one cosine."""

    steps: int = 4_000
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    dropout: float = 0.5
    """Share of what the trunk sees that is hidden at random: few photos could be learnt by heart, and what
    the cues say holds for photos of any kind."""


def fit_head(net: TriggerNet, seen: Iterable[Seen], targets: Gains, config: HeadConfig, seed: int) -> None:
    """Train what follows the trunk anew, in place; ``targets`` are in the units that the network predicts.

    It learns from standardised features, so that a cue which varies little counts as much as a feature
    which varies much; what standardises them becomes part of the first layer. Without steps nothing changes.
    """
    if not config.steps:
        return
    features, cues = described(net, seen)
    together = torch.cat([features, cues], 1)
    spread, middle = torch.std_mean(together, 0)
    spread = spread.clamp(min=_FLAT)
    together, gains = (together - middle) / spread, torch.from_numpy(targets)
    torch.manual_seed(seed)
    layers = [part.requires_grad_(True) for part in (net.mixed, net.hidden, net.last)]
    for layer in layers[:2]:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
    weights = [weight for layer in layers for weight in layer.parameters()]
    optimiser = torch.optim.AdamW(weights, config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.steps)
    shown = features.shape[1]
    for _ in range(config.steps):
        chosen = torch.randint(len(gains), (config.batch,))
        given = together[chosen]
        given[:, :shown] *= (torch.rand(config.batch, shown) >= config.dropout) / (1 - config.dropout)
        loss = loss_of(net.last(net.mix(given[:, :shown], given[:, shown:])), gains[chosen])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        net.mixed.weight.div_(spread)
        net.mixed.bias.sub_(net.mixed.weight @ middle)


def predict_quickly(net: TriggerNet, seen: Iterable[Seen]) -> Gains:
    """Predicted gains (N, 6); what the trunk sees is rounded to bf16, which is exact enough to learn from."""
    with torch.inference_mode():
        found: Gains = net.last(net.mix(*described(net, seen))).numpy()
    return found


def described(net: TriggerNet, seen: Iterable[Seen]) -> tuple[Tensor, Tensor]:
    """(N, C) and (N, cues): what the trunk sees of each photo, and its cues."""
    with torch.inference_mode():
        pairs = []
        for image, cues in map(tensors, seen):
            with torch.autocast("cpu", torch.bfloat16):  # three times as fast; rounding averages out
                features = net.see(image)
            pairs.append((features.float(), cues))
    features, cues = (torch.cat(part).clone() for part in zip(*pairs, strict=True))
    return features, cues
