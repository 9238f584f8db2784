"""Restore a photo: estimate its blur once, undo it tile by tile, let the network remove what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from nitido.blur import (
    FILTER_RADIUS,
    Blur,
    Kernel,
    decode,
    filter_valid,
    inverse_filter,
    noise_sigma,
    spectrum,
)
from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import RestoreTask
from nitido.errors import InvalidOption
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido.runtime.session import RuntimeInfo, Session
from nitido.tensors import fixed_size, pixels_to_tensor, tensor_to_pixels, tensor_to_vector, vector_to_tensor
from nitido.tiler import Tile, Tiler, crop

Strength = float | Mapping[str, float]
"""One number for all factors, or a number per factor: 0 leaves it, 1 removes it. Missing ones count as 0."""


class Restorer:
    """Callable on pixels: removes blur, noise, JPEG artifacts and blown highlights, each as much as asked."""

    def __init__(self, main: Session, blur: Session, task: RestoreTask, id: str = "") -> None:  # noqa: A002
        self.task = task
        self.id = id
        """``Manifest.id`` of the bundle: a trigger names the enhancer it belongs to by this."""
        self._main = main
        self._blur = blur

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

    def __call__(self, pixels: Pixels, strength: Strength = 1.0) -> Pixels:
        """The restored photo, same shape; with every strength at 0 the photo itself."""
        strengths = self._strengths(strength)
        if not strengths.any():
            return pixels
        deblur = strengths[self.factors.index("deblur")] > 0
        blur = self.estimate_blur(pixels) if deblur else Blur("sharp")
        inverse = None if blur.family == "sharp" else inverse_filter(blur.kernel(), noise_sigma(pixels))
        image, deblurred, knobs = self._main.build.inputs
        (output,) = self._main.build.outputs
        knob_tensor = vector_to_tensor(strengths, knobs)

        def step(tile: Tile, crops: tuple[Pixels, ...]) -> Pixels:
            (blurred,) = crops
            tensor = pixels_to_tensor(blurred, image)
            sharp = tensor
            if inverse is not None:
                sharp = pixels_to_tensor(_filtered_tile(pixels, tile, inverse), deblurred)
            inputs = {image.name: tensor, deblurred.name: sharp, knobs.name: knob_tensor}
            return tensor_to_pixels(self._main.run(inputs)[output.name], output)

        return self._tiler.run((pixels,), step)

    def estimate_blur(self, pixels: Pixels) -> Blur:
        """The blur that made the photo; sharp where the estimator is not sure of its family."""
        (input_,), (output,) = self._blur.build.inputs, self._blur.build.outputs
        features = spectrum(pixels, self.task.blur.window).ravel()
        probabilities = self._blur.run({input_.name: vector_to_tensor(features, input_)})[output.name]
        blur, confidence = decode(tensor_to_vector(probabilities, output), self.task.blur)
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


def _filtered_tile(pixels: Pixels, tile: Tile, inverse: Kernel) -> Pixels:
    """The tile after the inverse filter, computed from the photo around it; the photo's borders mirror."""
    reach = 2 * FILTER_RADIUS
    context = crop(
        pixels, tile.top - FILTER_RADIUS, tile.left - FILTER_RADIUS, tile.height + reach, tile.width + reach
    )
    return filter_valid(context, inverse)
