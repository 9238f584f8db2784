"""Restore a photo: find its blur and its JPEG once, undo both tile by tile, let a network do the rest."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido.blur import (
    FILTER_RADIUS,
    Blur,
    Kernel,
    filter_valid,
    inverse_filter,
    noise_sigma,
)
from nitido.blur_estimator import BlurEstimator
from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import RestoreTask
from nitido.deblock import MARGIN, deblock_valid
from nitido.errors import InvalidOption
from nitido.jpeg_steps import Steps, find_steps
from nitido.photo.depth import carry_low_bits, to_8_bits
from nitido.photo.model import Pixels, Sample
from nitido.runtime import open_session
from nitido.runtime.session import RuntimeInfo, Session
from nitido.tensors import (
    check_pixels,
    fixed_size,
    is_coarse,
    is_image,
    pixels_to_tensor,
    tensor_to_deep,
    tensor_to_pixels,
    vector_to_tensor,
)
from nitido.tiler import Tile, Tiler, crop

Strength = float | Mapping[str, float]
"""One number for all factors, or a number per factor: 0 leaves it, 1 removes it. Missing ones count as 0."""


class Restorer:
    """Callable on pixels: removes blur, noise, JPEG artifacts and blown highlights, each as much as asked."""

    takes_16_bits = True
    """Whether pixels may be uint16: the enhancer then hands in all that a 16-bit photo has."""

    def __init__(self, main: Session, blur: Session, task: RestoreTask, id: str = "") -> None:  # noqa: A002
        self.task = task
        self.id = id
        """``Manifest.id`` of the bundle: a trigger names the enhancer it belongs to by this."""
        self._main = main
        self._blur = BlurEstimator.of(blur, task.blur)

    @classmethod
    def open(
        cls,
        bundle: str | PathLike[str] = "restore",
        *,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> Restorer:
        """Open a bundle of the zoo by name, or a folder."""
        opened = Bundle.open(bundle)
        task = opened.task(RestoreTask)
        main, blur = (
            open_session(opened, graph, runtime=runtime, device=device, threads=threads)
            for graph in ("main", "blur")
        )
        return cls(main, blur, task, opened.manifest.id)

    @property
    def info(self) -> RuntimeInfo:
        """What runs the network."""
        return self._main.info

    @property
    def factors(self) -> tuple[str, ...]:
        """Names that ``strength`` may use."""
        return self.task.factors

    def __call__(self, pixels: NDArray[Sample], strength: Strength = 1.0) -> NDArray[Sample]:
        """The restored photo, same shape; with every strength at 0 the photo itself.

        16 bits a sample (uint16) go through the network as they are; through a build that takes or gives 8,
        their upper half does, and the rest is added. What is to be removed is estimated from the upper half.
        """
        strengths = self._strengths(strength)
        if not strengths.any():
            return pixels
        check_pixels(pixels, deep=True)
        samples: NDArray[Any] = pixels
        if samples.dtype == np.uint8:
            return self._restored(samples, samples, strengths)
        upper = to_8_bits(samples)
        if any(
            is_image(spec) and is_coarse(spec) for spec in self._main.build.inputs + self._main.build.outputs
        ):
            carried: NDArray[Any] = carry_low_bits(samples, upper, self._restored(upper, upper, strengths))
            return carried
        return self._restored(samples, upper, strengths)

    def _restored(
        self, samples: NDArray[Any], pixels: Pixels, strengths: NDArray[np.float32]
    ) -> NDArray[Any]:
        asked = dict(zip(self.factors, strengths > 0, strict=True))
        blur = self.estimate_blur(pixels) if asked["deblur"] else Blur("sharp")
        inverse = None if blur.family == "sharp" else inverse_filter(blur.kernel(), noise_sigma(pixels))
        steps = find_steps(pixels) if asked["deartifact"] else None
        image, deblurred, deblocked, knobs = self._main.build.inputs
        (output,) = self._main.build.outputs
        knob_tensor = vector_to_tensor(strengths, knobs)
        read = tensor_to_deep if samples.dtype == np.uint16 else tensor_to_pixels

        def step(tile: Tile, crops: tuple[NDArray[Any], ...]) -> NDArray[Any]:
            tensor = pixels_to_tensor(crops[0], image)
            inputs = {image.name: tensor, deblurred.name: tensor, deblocked.name: tensor}
            if inverse is not None:
                inputs[deblurred.name] = pixels_to_tensor(_deblurred_tile(samples, tile, inverse), deblurred)
            if steps is not None:
                inputs[deblocked.name] = pixels_to_tensor(_deblocked_tile(pixels, tile, steps), deblocked)
            inputs[knobs.name] = knob_tensor
            return read(self._main.run(inputs)[output.name], output)

        return self._tiler.run((samples,), step)

    def estimate_blur(self, pixels: Pixels) -> Blur:
        """The blur that made the photo; sharp where the estimator is not sure of its family."""
        blur, confidence = self._blur(pixels)
        return blur if confidence >= self.task.blur_confidence else Blur("sharp")

    @property
    def _tiler(self) -> Tiler:
        size, task = fixed_size(self._main.build.inputs[0]), self.task
        fixed = size is not None and not self._main.resizable
        return Tiler(size or task.tile, task.halo, task.multiple, fixed=fixed)

    def _strengths(self, strength: Strength) -> NDArray[np.float32]:
        if isinstance(strength, Mapping):
            unknown = sorted(set(strength) - set(self.factors))
            if unknown:
                raise InvalidOption(
                    f"expected factors among {', '.join(self.factors)}, got {', '.join(unknown)}"
                )
            values = [float(strength.get(factor, 0.0)) for factor in self.factors]
        else:
            values = [float(strength)] * len(self.factors)
        if not all(0 <= value <= 1 for value in values):
            raise InvalidOption(f"expected strengths from 0 to 1, got {strength}")
        return np.array(values, np.float32)


def _deblurred_tile(samples: NDArray[Any], tile: Tile, inverse: Kernel) -> NDArray[Any]:
    """The tile after the inverse filter, computed from the photo around it; the photo's borders mirror."""
    return filter_valid(_around(samples, tile, FILTER_RADIUS), inverse)


def _deblocked_tile(pixels: Pixels, tile: Tile, steps: Steps) -> Pixels:
    """The tile without the rounding of its JPEG; tiles start at whole blocks of the photo."""
    return deblock_valid(_around(pixels, tile, MARGIN), steps)


def _around(samples: NDArray[Sample], tile: Tile, margin: int) -> NDArray[Sample]:
    return crop(
        samples, tile.top - margin, tile.left - margin, tile.height + 2 * margin, tile.width + 2 * margin
    )
