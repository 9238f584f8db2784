"""Upscalers to measure: bundles as they run on a device, and checkpoints that are no bundles yet."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import nitido
from nitido.bundle.manifest import BlindTask
from nitido.photo.model import Pixels
from nitido_train.upscaling import open_upscaler, upscale


class AnyUpscaler(Protocol):
    """A ``nitido.Upscaler`` or something like it."""

    @property
    def scale(self) -> int:
        """How many times larger the result is, each way."""

    def __call__(self, pixels: Pixels) -> Pixels:
        """Enlarge (H, W, 3)."""


class CheckpointUpscaler:
    """A checkpoint of an SR recipe, run by torch in one piece."""

    def __init__(self, file: Path) -> None:
        self._net = open_upscaler(file)

    @property
    def scale(self) -> int:
        """How many times larger the result is, each way."""
        return self._net.config.scale

    def __call__(self, pixels: Pixels) -> Pixels:
        """Enlarge (H, W, 3)."""
        return upscale(self._net, pixels)


def open_model(name: str) -> AnyUpscaler:
    """A checkpoint (``.safetensors``), the folder of a bundle, or the name of one in the zoo."""
    if name.endswith(".safetensors"):
        return CheckpointUpscaler(Path(name))
    blind = isinstance(nitido.Bundle.open(name).manifest.task, BlindTask)
    return nitido.BlindUpscaler.open(name) if blind else nitido.Upscaler.open(name)
