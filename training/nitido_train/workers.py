"""Examples made by several processes at once, for trainings that would wait for one."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import TypeVar

from torch.utils.data import DataLoader, IterableDataset, get_worker_info

Item = TypeVar("Item")


class _Source(IterableDataset[Item]):
    def __init__(self, make: Callable[[int], Iterator[Item]]) -> None:
        self.make = make

    def __iter__(self) -> Iterator[Item]:
        worker = get_worker_info()
        assert worker is not None
        return self.make(worker.id)


def spread(make: Callable[[int], Iterator[Item]], workers: int) -> Iterator[Item]:
    """Items of ``make(0)`` to ``make(workers - 1)`` in turn, each in a process; of ``make(0)`` here for 0.

    The processes start at once, with the memory that this one has now: before a GPU is in use.
    """
    if workers == 0:
        return make(0)
    # A clip's frames have threads of their own. Where these are missing, to free such frames waits for ever.
    gc.collect()
    gc.freeze()
    return iter(DataLoader(_Source(make), batch_size=None, collate_fn=_same, num_workers=workers))


def _same(item: Item) -> Item:
    return item
