"""A downscaler whose network is the mean of four pixels, and that keeps what it was told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nitido.sharing import Downscaler

Wishes = list[Any]


@pytest.fixture
def wishes() -> Wishes:
    """What the network of ``make_downscaler`` was told, run by run."""
    return []


@pytest.fixture
def make_downscaler(
    wishes: Wishes, halving_downscaler: Callable[..., Downscaler]
) -> Callable[..., Downscaler]:
    def make(layout: Any = "NCHW", side: int | None = None, tile: int = 512, edge: float = 0.0) -> Downscaler:
        def change(mean: Any, wish: Any) -> Any:
            wishes.append(wish.copy())
            mean[:1] += edge  # what zero padding would do to the first row
            return mean

        return halving_downscaler(change, layout, side, tile)

    return make
