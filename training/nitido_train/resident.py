"""Pairs of crops for super-resolution, cut in a GPU's memory: its networks outrun what a CPU can cut.

``upscaling.pairs`` does the same on a CPU.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import torch
from torch import Tensor

from nitido_train import data
from nitido_train.resample import bicubic_matrix
from nitido_train.upscaling import SHRUNK, Pair

_AHEAD = 16
"""Batches that are cut at once."""


def pairs(
    photos: Sequence[data.Pixels],
    scale: int,
    patch: int,
    batch: int,
    where: torch.device,
    seed: int = 0,
    choices: int = 1,
    shrunk: bool = False,
) -> Iterator[Pair]:
    """Endless batches as ``upscaling.pairs`` makes them, of other random crops."""
    whole = [torch.from_numpy(photo.copy()).to(where) for photo in photos]
    if shrunk:
        sizes = [(share, photo.shape[0], photo.shape[1]) for photo in photos for share in SHRUNK]
        whole += [
            _resized(whole[i // len(SHRUNK)], round(height * share), round(width * share))
            for i, (share, height, width) in enumerate(sizes)
        ]
    whole = [photo for photo in whole if min(photo.shape[:2]) >= patch * scale]
    large = [photo[: photo.shape[0] // scale * scale, : photo.shape[1] // scale * scale] for photo in whole]
    small = [_resized(photo, photo.shape[0] // scale, photo.shape[1] // scale) for photo in large]
    lows, highs = _Stack(small), _Stack(large)
    generator = torch.Generator(where).manual_seed(seed)
    room = lows.sizes - patch + 1
    areas = room.prod(1).double()
    while True:
        count = _AHEAD * batch
        index = torch.multinomial(areas, count * choices, replacement=True, generator=generator)
        share = torch.rand(count * choices, 2, generator=generator, device=where)
        corner = (share * room[index]).long()
        if choices > 1:
            detail = _detail(lows.crops(index, corner, patch)[..., 1]).view(count, choices)
            best = detail.argmax(1) + choices * torch.arange(count, device=where)
            index, corner = index[best], corner[best]
        code = torch.randint(8, (count,), generator=generator, device=where)
        cut_low = _to_batch(lows.crops(index, corner, patch, code))
        cut_high = _to_batch(highs.crops(index, corner * scale, patch * scale, code))
        yield from zip(cut_low.chunk(_AHEAD), cut_high.chunk(_AHEAD), strict=True)


class _Stack:
    """Photos of several sizes as one row of pixels."""

    def __init__(self, photos: Sequence[Tensor]) -> None:
        where = photos[0].device
        self.pixels = torch.cat([photo.reshape(-1, 3) for photo in photos])
        self.sizes = torch.tensor([photo.shape[:2] for photo in photos], device=where)
        areas = self.sizes.prod(1)
        self.starts = areas.cumsum(0) - areas

    def crops(self, index: Tensor, corner: Tensor, side: int, code: Tensor | None = None) -> Tensor:
        """uint8 (N, side, side, 3) of photos ``index`` at ``corner`` (N, 2), turned and mirrored by codes."""
        line = torch.arange(side, device=index.device)
        rows, columns = line.view(1, -1, 1), line.view(1, 1, -1)
        if code is not None:
            turned, down, right = ((code >> bit & 1).bool().view(-1, 1, 1) for bit in range(3))
            rows, columns = torch.where(turned, columns, rows), torch.where(turned, rows, columns)
            rows = torch.where(down, side - 1 - rows, rows)
            columns = torch.where(right, side - 1 - columns, columns)
        top, left = (corner[:, i].view(-1, 1, 1) for i in range(2))
        width = self.sizes[index, 1].view(-1, 1, 1)
        return self.pixels[self.starts[index].view(-1, 1, 1) + (top + rows) * width + left + columns]


def _detail(green: Tensor) -> Tensor:
    """(N,) mean difference of neighbours in (N, H, W)."""
    values = green.half()
    return values.diff(dim=1).abs().mean((1, 2)) + values.diff(dim=2).abs().mean((1, 2))


def _resized(photo: Tensor, height: int, width: int) -> Tensor:
    """``resample.bicubic_resize`` of a (H, W, 3) uint8 photo, where it is."""
    rows, columns = (
        _matrix(before, after, photo.device)
        for before, after in zip(photo.shape[:2], (height, width), strict=True)
    )
    tall = _rounded(torch.einsum("oh,hwc->owc", rows, photo.float()))
    return _rounded(torch.einsum("ow,hwc->hoc", columns, tall)).byte()


@cache
def _matrix(before: int, after: int, where: torch.device) -> Tensor:
    return torch.from_numpy(bicubic_matrix(before, after)).to(where)


def _rounded(values: Tensor) -> Tensor:
    return (values + 0.5).floor().clamp(0, 255)


def _to_batch(pixels: Tensor) -> Tensor:
    """Float (N, 3, H, W) in [0, 1], channels_last, of uint8 (N, H, W, 3)."""
    return pixels.permute(0, 3, 1, 2) / 255
