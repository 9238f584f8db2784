"""Enlarges photos with a super-resolution bundle."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import NDArray

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import UpscaleTask
from nitido.errors import BundleInvalid, InvalidOption, WrongTask
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido.runtime.session import RuntimeInfo, Session
from nitido.tensors import check_pixels, fixed_size, is_image, pixels_to_tensor, tensor_to_pixels
from nitido.tiler import Tile, Tiler

_SCALES = (2, 3, 4)


class Upscaler:
    """``upscaler(pixels)`` returns the photo ``scale`` times as large. Safe to call from several threads."""

    def __init__(self, session: Session, task: UpscaleTask, id: str = "") -> None:  # noqa: A002
        """Use an open session: one image in, one image out. Raises BundleInvalid for any other graph."""
        build = session.build
        tensors = build.inputs + build.outputs
        if len(build.inputs) != 1 or len(build.outputs) != 1 or not all(map(is_image, tensors)):
            raise BundleInvalid(
                f"expected an upscaler's graph to turn one RGB image into one, got the tensors "
                f"{', '.join(spec.name for spec in tensors)}; export the bundle again"
            )
        self.id = id
        """``Manifest.id`` of the bundle: a folder run notices by it that the model has changed."""
        self._session = session
        self._input, self._output = build.inputs[0], build.outputs[0]
        size = fixed_size(self._input)
        fixed = size is not None and not session.resizable
        self._tiler = Tiler(size or task.tile, task.halo, scale=task.scale, fixed=fixed)

    @classmethod
    def open(
        cls,
        name_or_folder: str | os.PathLike[str] | None = None,
        *,
        scale: int | None = None,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> Upscaler:
        """Open ``sr-x<scale>`` of the zoo (2, 3 or 4; 2 when not given), or another bundle.

        With another bundle, ``scale`` need not be given and must be the bundle's. Raises InvalidOption,
        WrongTask, and what ``Bundle.open`` and ``open_session`` raise.
        """
        if name_or_folder is None:
            if scale not in (None, *_SCALES):
                raise InvalidOption(f"expected a scale of 2, 3 or 4, got {scale!r}; choose one of those")
            name_or_folder = f"sr-x{scale or 2}"
        bundle = Bundle.open(name_or_folder)
        task = bundle.task(UpscaleTask)
        if scale not in (None, task.scale):
            raise WrongTask(
                f"expected {bundle.manifest.name} to upscale by {scale}, got a bundle for {task.scale}; "
                f"leave scale out or open another bundle"
            )
        session = open_session(bundle, runtime=runtime, device=device, threads=threads)
        return cls(session, task, bundle.manifest.id)

    @property
    def info(self) -> RuntimeInfo:
        """What runs the network."""
        return self._session.info

    @property
    def scale(self) -> int:
        """How many times larger the result is, each way."""
        return self._tiler.scale

    def __call__(self, pixels: Pixels) -> Pixels:
        """(H, W, 3) uint8 RGB to (scale H, scale W, 3)."""
        check_pixels(pixels)
        tensor: NDArray[Any] | None = None
        result: Pixels | None = None

        def step(tile: Tile, crops: tuple[Pixels, ...]) -> Pixels:
            nonlocal tensor, result
            tensor = pixels_to_tensor(crops[0], self._input, tensor)
            outputs = self._session.run({self._input.name: tensor})
            result = tensor_to_pixels(outputs[self._output.name], self._output, result)
            return result

        return self._tiler.run((pixels,), step)
