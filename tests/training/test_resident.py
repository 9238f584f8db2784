"""Crops cut by tensor operations, as a GPU cuts them, are those of the photos; batches move whole."""

from __future__ import annotations

import gc
import itertools
import os
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from nitido_train import device, resident, workers
from nitido_train.pyramids import PyramidBatch
from nitido_train.resample import bicubic_downscale

CPU = torch.device("cpu")


class Named(NamedTuple):
    values: torch.Tensor
    count: int


def photos() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [
        rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for height, width in ((70, 51), (45, 60))
    ]


def places(crop: np.ndarray, photo: np.ndarray) -> list[tuple[int, int]]:
    windows = np.lib.stride_tricks.sliding_window_view(photo, crop.shape)[:, :, 0]
    found = np.argwhere((windows == crop).all((2, 3, 4)))
    return [(int(top), int(left)) for top, left in found]


def test_crops_are_of_a_photo_and_of_the_same_place_in_both_sizes() -> None:
    scale, patch = 2, 8
    large = [photo[: photo.shape[0] // 2 * 2, : photo.shape[1] // 2 * 2] for photo in photos()]
    small = [bicubic_downscale(photo, scale) for photo in large]
    seen = set()
    for low, high in itertools.islice(resident.pairs(photos(), scale, patch, 4, CPU), 12):
        assert low.shape == (4, 3, patch, patch)
        assert high.shape == (4, 3, 2 * patch, 2 * patch)
        for one, two in zip(low, high, strict=True):
            crop, fine = ((255 * x).round().byte().permute(1, 2, 0).numpy() for x in (one, two))
            found = []
            for code, index in itertools.product(range(8), range(2)):
                turned = [np.swapaxes(x, 0, 1) if code & 1 else x for x in (crop, fine)]
                turned = [x[:: 1 - (code & 2), :: 1 - (code >> 1 & 2)] for x in turned]
                for top, left in places(turned[0], small[index]):
                    wanted = large[index][2 * top : 2 * top + 2 * patch, 2 * left : 2 * left + 2 * patch]
                    found.append((index, code, np.array_equal(turned[1], wanted)))
            assert [same for *_, same in found] == [True]
            seen.add(found[0][:2])
    assert len(seen) > 8  # both photos, most of the eight symmetries


def test_of_several_choices_the_one_with_most_detail_is_cut() -> None:
    flat = np.full((64, 64, 3), 90, np.uint8)
    flat[:, 32:] = photos()[0][:64, :32]
    contrasts = [
        float(torch.cat([low for low, _ in itertools.islice(source, 8)]).std((1, 2, 3)).mean())
        for source in (resident.pairs([flat], 2, 8, 8, CPU, choices=choices) for choices in (1, 8))
    ]
    assert contrasts[1] > 1.4 * contrasts[0]


def test_shrunk_photos_are_cut_too() -> None:
    stripes = np.zeros((96, 96, 3), np.uint8)
    stripes[:, ::2] = 255  # gone in a photo of half the size
    lows = [high for _, high in itertools.islice(resident.pairs([stripes], 2, 8, 8, CPU, shrunk=True), 8)]
    contrast = torch.cat(lows).std((1, 2, 3))
    assert contrast.min() < 0.1
    assert contrast.max() > 0.4


def test_a_batch_moves_with_all_its_parts() -> None:
    there = torch.device("meta")
    batch = PyramidBatch({180: torch.ones(2)}, {360: torch.ones(3)}, torch.arange(2))
    moved = device.moved((batch, [torch.ones(1)], "name"), there)
    assert moved[2] == "name"
    assert {t.device for t in (*moved[0].sources.values(), moved[0].compared, *moved[1])} == {there}
    assert device.moved(batch, CPU).sources[180] is batch.sources[180]
    assert device.moved(Named(torch.ones(1), 3), there).values.device == there


def test_several_processes_take_turns() -> None:
    def make(worker: int) -> Iterator[tuple[int, int]]:
        return ((worker, os.getpid()) for _ in itertools.count())

    made = list(itertools.islice(workers.spread(make, 2), 6))
    assert [worker for worker, _ in made] == [0, 1] * 3
    assert len({process for _, process in made} - {os.getpid()}) == 2
    assert next(workers.spread(make, 0)) == (0, os.getpid())


class Cycle:
    """Garbage that nothing but a collection frees; it tells in which process."""

    def __init__(self, freed: list[int]) -> None:
        self.itself, self.freed = self, freed

    def __del__(self) -> None:
        self.freed.append(os.getpid())


def test_processes_free_nothing_that_was_left_behind_before_them() -> None:
    freed: list[int] = []
    Cycle(freed)

    def make(worker: int) -> Iterator[list[int]]:
        gc.collect()
        yield freed

    assert next(workers.spread(make, 1)) == [os.getpid()]
