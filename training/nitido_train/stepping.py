"""One step of training, without a glance at its figures, so that a GPU can record and repeat it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

Batch = TypeVar("Batch")
Net = TypeVar("Net", bound=nn.Module)
Loss = Callable[[Net, Batch], Tensor]


class Training(Generic[Net, Batch]):
    """A network, its optimisers, and the exponential moving average of its weights.

    The learning rates of the optimisers are tensors, and peaks.
    """

    def __init__(
        self,
        net: Net,
        loss: Loss[Net, Batch],
        optimisers: Sequence[torch.optim.Optimizer],
        clip_norm: float,
        bf16: bool,
    ) -> None:
        self.net, self.loss, self.optimisers = net, loss, optimisers
        self.clip_norm, self.bf16 = clip_norm, bf16
        self.average = copy.deepcopy(net).eval().requires_grad_(False)
        self.peaks = [float(optimiser.param_groups[0]["lr"]) for optimiser in optimisers]
        where = next(net.parameters()).device
        self.fresh = torch.zeros((), device=where)
        """Share of the newest weights in the average."""
        self.total = torch.zeros((), device=where)
        """Of the losses since it was last set to zero."""

    def prepare(self, share: float, kept: float) -> None:
        """Set the next step's share of the peak learning rates, and what the average keeps."""
        for optimiser, peak in zip(self.optimisers, self.peaks, strict=True):
            optimiser.param_groups[0]["lr"].fill_(share * peak)
        self.fresh.fill_(1 - kept)

    def step(self, batch: Batch) -> None:
        """Learn from a batch; one whose gradients are not finite changes next to nothing."""
        with torch.autocast(self.total.device.type, torch.bfloat16, enabled=self.bf16):
            value = self.loss(self.net, batch)
        self.net.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), self.clip_norm)
        sound = torch.isfinite(norm)  # a single bad bf16 step is dropped, not averaged in
        with torch.no_grad():
            for weight in self.net.parameters():
                if weight.grad is not None:
                    weight.grad.copy_(torch.where(sound, weight.grad, 0.0))
        for optimiser in self.optimisers:
            optimiser.step()
        with torch.no_grad():
            for slow, weight in zip(self.average.parameters(), self.net.parameters(), strict=True):
                slow.lerp_(weight, self.fresh)
            self.total += value.detach()

    def state(self) -> dict[str, Any]:
        """All that a resumed run needs."""
        return {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        for optimiser, kept in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
