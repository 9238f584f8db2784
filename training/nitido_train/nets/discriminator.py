"""A small discriminator: which of two versions of a photo is the real one, patch by patch."""

from __future__ import annotations

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call


class PatchJudge(nn.Module):
    """RGB (N, 3, H, W) to scores (N, 1, H / 8, W / 8), higher where a place looks real.

    It sees about 40 pixels around a place: texture and edges, not what the photo shows.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        widths = (3, width, 2 * width, 4 * width)
        self.layers = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 4, 2, 1) for inputs, outputs in pairwise(widths)
        )
        self.last = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """Score the places."""
        x = image
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
        scores: Tensor = self.last(x)
        return scores.float()


def judge_loss(judge: PatchJudge, real: Tensor, made: Tensor) -> Tensor:
    """Low where the judge scores the real photo above the made one of its scene; teaches the judge alone.

    Comparing the two is what Jolicoeur-Martineau (2018) calls relativistic: the judge need not learn what
    each scene looks like, only what makes the difference.
    """
    return F.softplus(judge(made.detach()) - judge(real)).mean()


def persuasion_loss(judge: PatchJudge, real: Tensor, made: Tensor) -> Tensor:
    """Low where the made photo is scored above the real one; teaches the maker alone."""
    fixed = {name: parameter.detach() for name, parameter in judge.named_parameters()}
    return F.softplus(functional_call(judge, fixed, (real,)) - functional_call(judge, fixed, (made,))).mean()
