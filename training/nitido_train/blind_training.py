"""What trains and measures the networks of blind upscaling: losses of both phases, figures for the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import spearmanr
from torch import Tensor

from nitido.blind.known import shrink
from nitido.blind.shape import KernelShape
from nitido.blind.space import starts
from nitido_train import data
from nitido_train.blind_pairs import BlindBatch, rows
from nitido_train.metrics import psnr_y
from nitido_train.nets.blind import BlindNet, luma_of_blocks
from nitido_train.resample import crop_to_multiple
from nitido_train.tensors import to_pixels, to_tensor

_SEEN = 1.5 / 255
"""Deltas below it (RMS, in units of white) count little: the photos look alike."""
_ORDER = 0.2
"""Weight of the size of deltas beside their shape."""
_MARGIN = 8


def generator_loss(net: BlindNet, batch: BlindBatch) -> Tensor:
    """Mean absolute error with the true kernels; image and result stay float32 under autocast."""
    generator = net.generator
    _, residuals = generator.refine(batch.low, net.latent_map(batch.kernels))
    with torch.autocast(residuals.device.type, enabled=False):
        result = generator.enlarge(batch.low, residuals.float())
        return F.l1_loss(result, batch.high)


def judge_loss(net: BlindNet, batch: BlindBatch) -> Tensor:
    """Square error of the predicted deltas, in units of a crop's true delta, and of the log of their size.

    The second is what kernels are ordered by. Alone, the first makes deltas small where the judge is unsure.
    """
    image, (features, residuals), delta = deltas(net, batch.low, batch.kernels, batch.others)
    predicted = net.judge(image, net.latent_map(batch.others).detach(), features, residuals).float()
    true = size(delta)
    unit = (true + _SEEN)[:, None, None, None]
    shape: Tensor = ((predicted - delta) / unit).square().mean()
    order: Tensor = torch.log((size(predicted) + _SEEN) / (true + _SEEN)).square().mean()
    return shape + _ORDER * order


@torch.no_grad()
def deltas(
    net: BlindNet, low: Tensor, kernels: Tensor, others: Tensor
) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor]:
    """Of (N, ...) crops under (N * M, ...) other kernels: crops, features with residuals, and the deltas.

    A true delta is the generator's result with another kernel minus that with the true one, in luma,
    (N * M, scale^2, H, W): zero with the true kernel, and nothing of what no kernel would bring back.
    """
    many = len(others) // len(low)
    image = low.repeat_interleave(many, 0)
    features, residuals = net.generator.refine(image, net.latent_map(others))
    _, true = net.generator.refine(low, net.latent_map(kernels))
    change = residuals.float() - true.float().repeat_interleave(many, 0)
    return image, (features, residuals), luma_of_blocks(change)


def size(delta: Tensor) -> Tensor:
    """Root mean square of each delta (N, ...), without the crops' edges: what a search lowers."""
    inner = delta[:, :, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    return (inner.square().mean((1, 2, 3)) + 1e-12).sqrt()


@dataclass(frozen=True, eq=False)
class Held:
    """Held-out photos that kernels of several kinds made small."""

    photos: Sequence[data.Pixels]
    scale: int

    @cached_property
    def kernels(self) -> dict[str, KernelShape]:
        """Bicubic, three Gaussians of one extent each way, and one of two."""
        sigmas = [share * self.scale for share in (0.3, 0.6, 0.9)]
        return {
            "bicubic": KernelShape.bicubic(self.scale),
            **{f"sigma_{sigma:.1f}": KernelShape("gaussian", sigma, sigma) for sigma in sigmas},
            "slanted": KernelShape("gaussian", 0.9 * self.scale, 0.35 * self.scale, 0.6),
        }

    @cached_property
    def pairs(self) -> list[tuple[str, Tensor, data.Pixels, data.Pixels]]:
        """(name, kernel as a row, small photo, photo) of every photo and kernel."""
        found = []
        for name, shape in self.kernels.items():
            kernel = shape.kernel(self.scale)
            for photo in self.photos:
                large = crop_to_multiple(photo, self.scale)
                found.append((name, rows([kernel]), shrink(large, kernel, self.scale), large))
        return found

    def generator(self, net: BlindNet) -> dict[str, float]:
        """PSNR of luma with the true kernels, per kind."""
        found: dict[str, list[float]] = {}
        with torch.inference_mode():
            for name, kernel, low, high in self.pairs:
                result = to_pixels(net.generator(to_tensor([low]), net.latent_map(kernel))[0])
                found.setdefault(name, []).append(psnr_y(result, high, self.scale))
        return {f"psnr_{name}": round(float(np.mean(values)), 3) for name, values in found.items()}

    def judge(self, net: BlindNet) -> dict[str, float]:
        """How well predicted deltas order kernels, and what is lost by the start that they say is best."""
        shapes = starts(self.scale)
        others = rows([shape.kernel(self.scale) for shape in shapes])
        predicted, true, lost, least = [], [], [], []
        for _, kernel, low, high in self.pairs:
            small, large = _middle(low, 64), _middle(high, 64 * self.scale)
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):  # three times as fast
                image, (features, residuals), delta = deltas(net, to_tensor([small]), kernel, others)
                found = net.judge(image, net.latent_map(others), features, residuals).float()
                results = [to_pixels(p) for p in net.generator.enlarge(image, residuals.float())]
                best = to_pixels(net.generator(image[:1], net.latent_map(kernel))[0])
            predicted.append(size(found).numpy())
            true.append(size(delta).numpy())
            psnrs = [psnr_y(result, large, self.scale) for result in results]
            known = psnr_y(best, large, self.scale)
            lost.append(known - psnrs[int(predicted[-1].argmin())])
            least.append(known - max(psnrs))
        within = [spearmanr(p, t).statistic for p, t in zip(predicted, true, strict=True)]
        overall = spearmanr(np.concatenate(predicted), np.concatenate(true)).statistic
        return {
            "spearman": round(float(overall), 3),
            "spearman_within_photos": round(float(np.mean(within)), 3),
            "lost_by_chosen_start_db": round(float(np.mean(lost)), 3),
            "lost_by_best_start_db": round(float(np.mean(least)), 3),
        }


def _middle(pixels: data.Pixels, side: int) -> data.Pixels:
    scale = side // 64
    top, left = ((length // scale - 64) // 2 * scale for length in pixels.shape[:2])
    return pixels[top : top + side, left : left + side]
