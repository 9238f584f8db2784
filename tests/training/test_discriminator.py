"""The discriminator: each loss teaches one side, and the judge learns to tell two kinds of texture apart."""

from __future__ import annotations

import torch

from nitido_train.nets.discriminator import PatchJudge, judge_loss, persuasion_loss


def textures(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Sharp noise around a random grey, and the same smoothed."""
    generator = torch.Generator().manual_seed(seed)
    sharp = torch.rand(count, 1, 1, 1, generator=generator) + 0.2 * torch.randn(
        count, 3, 48, 48, generator=generator
    )
    return sharp, torch.nn.functional.avg_pool2d(sharp, 3, 1, 1)


def test_each_loss_teaches_one_side_alone() -> None:
    torch.manual_seed(0)
    judge = PatchJudge(4)
    real, made = textures(2, 0)
    made.requires_grad_()
    judge_loss(judge, real, made).backward()
    assert made.grad is None
    assert all(parameter.grad is not None for parameter in judge.layers.parameters())
    judge.zero_grad()
    persuasion_loss(judge, real, made).backward()
    assert made.grad is not None
    assert float(made.grad.abs().max()) > 0
    assert all(parameter.grad is None for parameter in judge.parameters())


def test_a_trained_judge_prefers_the_real_texture_and_the_maker_is_pushed_towards_it() -> None:
    torch.manual_seed(0)
    judge = PatchJudge(4)
    optimiser = torch.optim.Adam(judge.parameters(), 5e-3)
    for step in range(60):
        optimiser.zero_grad()
        judge_loss(judge, *textures(8, step)).backward()
        optimiser.step()
    real, made = textures(16, 1000)
    assert float(judge_loss(judge, real, made)) < 0.3  # log 2 = 0.69 is guessing
    assert float(persuasion_loss(judge, real, made)) > 1
    assert float(persuasion_loss(judge, real, real)) < 0.7
