"""A downscaler whose network is the mean of the four quarters, plus what it is wished in detail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nitido.bundle.manifest import Build, DownscaleTask, TensorSpec
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors
from nitido.sharing import Downscaler
from nitido.sharing.wish import COUNT

Wishes = list[Any]


def specs(layout: Any = "NCHW", side: int | None = None) -> tuple[tuple[TensorSpec, ...], TensorSpec]:
    shapes = {
        "NCHW": ((1, 4, side, side), (1, 1, side, side)),
        "NHWC": ((1, side, side, 4), (1, side, side, 1)),
    }
    quarters, luma = shapes[layout]
    wish = TensorSpec("wish", (1, COUNT), layout="NC")
    return (TensorSpec("quarters", quarters, layout=layout), wish), TensorSpec("luma", luma, layout=layout)


@pytest.fixture
def wishes() -> Wishes:
    """What the network of ``make_downscaler`` was told, run by run."""
    return []


@pytest.fixture
def make_downscaler(wishes: Wishes) -> Callable[..., Downscaler]:
    def make(layout: Any = "NCHW", side: int | None = None, tile: int = 512, edge: float = 0.0) -> Downscaler:
        inputs, output = specs(layout, side)
        axis = 1 if layout == "NCHW" else 3

        def run(found: Tensors) -> Tensors:
            wishes.append(found["wish"][0].copy())
            mean = found["quarters"].mean(axis, keepdims=True)
            mean[:, :1] += edge  # what zero padding would do to the first row, or to all in NCHW
            return {"luma": mean}

        build = Build("main", "onnx-fp32", "x", "0" * 64, 1, inputs, (output,), {})
        return Downscaler(FunctionSession(run, build), DownscaleTask(halo=3, tile=tile))

    return make
