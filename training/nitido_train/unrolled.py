"""A video network over whole clips: all paths at once for training, one path for measuring."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from nitido_train.metrics import psnr
from nitido_train.nets.video import PATHS, VideoNet
from nitido_train.pyramids import PyramidBatch
from nitido_train.resample import bicubic_resize, to_uint8

Results = Mapping[tuple[int, int], Tensor]
"""Luma (frames, N, 1, H, W) by path."""


def unrolled(net: VideoNet, sources: Mapping[int, Tensor], chosen: Tensor | None = None) -> Results:
    """Every path's result, from memories that start empty; the sizes of the frames share the body's batch.

    With the numbers of ``chosen`` frames only those are decoded.

    Under autocast features and residuals are bf16; frames, memory and results are not: rounded to 8 bits of
    mantissa, they would be off by a grey level.
    """
    heights = sorted(sources)
    frames, batch = sources[heights[0]].shape[:2]
    kept = torch.arange(frames) if chosen is None else chosen
    decoded = {s: sources[s][kept].flatten(0, 1) for s in heights}
    where = sources[heights[0]].device.type
    with torch.autocast(where, enabled=False):
        encoded = {s: _split(net.encode(sources[s].flatten(0, 1), s), frames) for s in heights}
        fine = {s: net.encode_fine(decoded[s], s) for s in heights}
    together = torch.cat([encoded[s] for s in heights], 1)
    state = torch.zeros_like(together[0])
    features = []
    for frame in together:
        seen, state = net.remember(frame, state)
        state = state.float()
        features.append(seen)
    by_source = torch.split(torch.stack(features)[kept], batch, 1)
    results = {}
    for source, seen in zip(heights, by_source, strict=True):
        targets = [target for start, target in PATHS if start == source]
        made = net.residuals(seen.flatten(0, 1), fine[source], targets)
        for target in targets:
            with torch.autocast(where, enabled=False):
                residuals = [blocks.float() for blocks in made[target]]
                luma = net.enlarge(decoded[source], residuals, source, target)
            results[source, target] = _split(luma, len(kept))
    return results


def _split(together: Tensor, frames: int) -> Tensor:
    """(frames N, ...) to (frames, N, ...)."""
    return together.view(frames, -1, *together.shape[1:])


@torch.inference_mode()
def gains(net: VideoNet, batch: PyramidBatch) -> dict[str, float]:
    """PSNR in dB above MATLAB's bicubic, on the second half of the frames, by path as in ``180-720``."""
    results = unrolled(net, batch.sources)
    found = {}
    for (source, target), luma in results.items():
        better = []
        for t in range(len(luma) // 2, len(luma)):
            for n in range(luma.shape[1]):
                low, made, clean = (
                    to_uint8(255 * values[t, n, 0].numpy())
                    for values in (batch.sources[source], luma, batch.targets[target])
                )
                bicubic = bicubic_resize(low, *clean.shape)
                border = clean.shape[0] // 16
                better.append(psnr(made, clean, border) - psnr(bicubic, clean, border))
        found[f"{source}-{target}"] = round(sum(better) / len(better), 3)
    return found
