"""The network that enlarges under a field of latents, tile by tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from nitido.blind.degradation import LatentField
from nitido.bundle.manifest import BlindTask
from nitido.photo.model import Sample
from nitido.runtime.session import RuntimeInfo, Session
from nitido.tensors import fixed_size, vector_to_tensor
from nitido.tiler import Step, Tile, Tiler
from nitido.upscaler import network_step


class GuidedNetwork:
    """The graph ``main`` of a blind upscaler."""

    def __init__(self, session: Session, task: BlindTask) -> None:
        self._session = session
        self._image, degradation = session.build.inputs
        (self._enlarged,) = session.build.outputs
        channels_first = degradation.layout == "NCHW"
        free = (1, task.latent, None, None) if channels_first else (1, None, None, task.latent)
        self._degradation = replace(degradation, shape=free)  # as large as the tile, which the tiler knows
        size = fixed_size(self._image)
        fixed = size is not None and not session.resizable
        self.tiler = Tiler(size or task.tile, task.halo, scale=task.scale, fixed=fixed)

    @property
    def info(self) -> RuntimeInfo:
        """What runs it."""
        return self._session.info

    def step(self, pixels: NDArray[Any], field: LatentField) -> Step:
        """One tile of a photo, under the latents that the field has there."""

        def run(tile: Tile, tensor: NDArray[Any]) -> Any:
            latents = field.window(tile.top, tile.left, tile.height, tile.width)
            degradation = vector_to_tensor(latents, self._degradation)
            return self._session.run({self._image.name: tensor, self._degradation.name: degradation})

        return network_step(pixels, self._image, self._enlarged, run)


@dataclass(frozen=True, eq=False)
class BoundUpscaler:
    """A blind upscaler that knows the kernels of one photo; used like an ``Upscaler``."""

    network: GuidedNetwork
    field: LatentField

    @property
    def info(self) -> RuntimeInfo:
        """What runs the network."""
        return self.network.info

    @property
    def scale(self) -> int:
        """How many times larger the result is, each way."""
        return self.network.tiler.scale

    @property
    def halo(self) -> int:
        """How many pixels away, at most, a pixel of the photo still matters."""
        return self.network.tiler.halo

    def __call__(self, pixels: NDArray[Sample]) -> NDArray[Sample]:
        """Enlarge the photo, or its transparency."""
        return self.network.tiler.run((pixels,), self.network.step(pixels, self.field))

    def bands(self, pixels: NDArray[Sample]) -> Iterator[NDArray[Sample]]:
        """The same result in bands of rows."""
        return self.network.tiler.bands((pixels,), self.network.step(pixels, self.field))
