"""Train a trigger's head on what its trunk sees of every photo: quick, since the trunk looks once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from nitido_train.nets.trigger import TriggerNet
from nitido_train.trigger.gains import Gains, Seen, loss_of, tensors


@dataclass(frozen=True)
class HeadConfig:
    """AdamW on batches of photos, over one cosine."""

    steps: int = 4_000
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    dropout: float = 0.1
    """Share of what the trunk sees that is hidden at random: few photos could be learnt by heart."""


def fit_head(net: TriggerNet, seen: Iterable[Seen], targets: Gains, config: HeadConfig, seed: int) -> None:
    """Train all that follows the trunk, in place; ``targets`` are in the units that the network predicts."""
    features, cues = described(net, seen)
    gains = torch.from_numpy(targets)
    parts = [part.requires_grad_(True) for part in (net.mixed, net.hidden, net.last)]
    weights = [weight for part in parts for weight in part.parameters()]
    optimiser = torch.optim.AdamW(weights, config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.steps)
    draw = torch.Generator().manual_seed(seed)
    for _ in range(config.steps):
        chosen = torch.randint(len(gains), (config.batch,), generator=draw)
        shown = features[chosen]
        kept = torch.rand(shown.shape, generator=draw) >= config.dropout
        guess = net.last(net.mix(shown * kept / (1 - config.dropout), cues[chosen]))
        loss = loss_of(guess, gains[chosen])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()


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
