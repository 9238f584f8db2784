"""The int8 suite compares each build with the float32 build of its own runtime."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nitido
from nitido.bundle.manifest import UpscaleTask
from nitido.photo.model import Pixels
from nitido_bench import int8
from nitido_train.resample import bicubic_upscale


class Bicubic:
    """An upscaler that adds some grey levels to every second row."""

    scale = 2

    def __init__(self, added: int) -> None:
        self.added = added

    def __call__(self, pixels: Pixels) -> Pixels:
        result = np.clip(bicubic_upscale(pixels, 2), 20, 235)
        result[::2] += np.uint8(self.added)
        return result


def test_loss_is_against_float32_of_the_same_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = {"onnx-fp32": 0, "litert-fp32": 3, "onnx-w8a8": 6, "litert-w8a8": 3}
    builds = [
        SimpleNamespace(target=name, runtime=name.split("-")[0], bytes=2500, parity={"psnr_db": 50.0})
        for name in spoilt
    ]
    bundle: Any = SimpleNamespace(
        builds=lambda: builds,
        folder="folder",
        manifest=SimpleNamespace(name="sr-x2"),
        task=lambda kind: UpscaleTask(2, 4, 512),
    )
    opened = SimpleNamespace(open=lambda folder, runtime: Bicubic(spoilt[runtime]))
    monkeypatch.setattr(nitido, "Upscaler", opened)
    image = np.random.default_rng(0).integers(90, 160, (12, 14, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    rows = {row["target"]: row for row in int8.rows(bundle, [image])}
    assert list(rows) == list(spoilt)
    assert rows["onnx-fp32"]["lost"] == rows["litert-fp32"]["lost"] == rows["litert-w8a8"]["lost"] == 0
    assert float(rows["onnx-w8a8"]["lost"]) > 0
    assert rows["onnx-w8a8"]["kilobytes"] == 2.5
