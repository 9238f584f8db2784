"""Enlarges photos with a super-resolution bundle."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido import tiers, zoo
from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import TensorSpec, UpscaleTask
from nitido.errors import BundleInvalid, InvalidOption, WrongTask
from nitido.photo.depth import carry_low_bits, strips, to_8_bits
from nitido.photo.model import Sample
from nitido.photo.samples import luma
from nitido.runtime import open_session
from nitido.runtime.session import RuntimeInfo, Session, Tensors
from nitido.tensors import (
    check_pixels,
    fixed_size,
    is_coarse,
    is_image,
    pixels_to_tensor,
    tensor_to_deep,
    tensor_to_pixels,
)
from nitido.tiler import Step, Tile, Tiler


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
        tier: str = "base",
        sharp: bool = False,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> Upscaler:
        """Open the zoo's network of a scale (2, 3 or 4; 2 when not given) and a tier, or another bundle.

        Tiers differ in cost: ``fast``, ``base``, ``quality``; ``sharp`` networks prefer crispness to
        fidelity. With another bundle, ``scale`` need not be given and must be the bundle's. Raises
        InvalidOption, WrongTask, BundleNotFound, and what ``Bundle.open`` and ``open_session`` raise.
        """
        if name_or_folder is None:
            name = tiers.bundle_name(2 if scale is None else scale, tier, sharp)
            if name not in zoo.names():
                raise tiers.missing(name)
            name_or_folder = name
        elif tier != "base" or sharp:
            raise InvalidOption(
                "expected either a bundle or a tier of the zoo, got both; leave one of them out"
            )
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

    @property
    def halo(self) -> int:
        """How many pixels away, at most, a pixel of the photo still matters."""
        return self._tiler.halo

    def __call__(self, pixels: NDArray[Sample]) -> NDArray[Sample]:
        """(H, W, 3) RGB to (scale H, scale W, 3), both uint8 or both uint16. Grey stays grey.

        16 bits a sample go through the network as they are; through a build that takes or gives 8, their
        upper half does, and the rest is interpolated and added.
        """
        return self._tiler.run((pixels,), self._step(pixels))

    def bands(self, pixels: NDArray[Sample]) -> Iterator[NDArray[Sample]]:
        """The same result in bands of rows, top to bottom, for whoever never needs the whole of it."""
        return self._tiler.bands((pixels,), self._step(pixels))

    def _step(self, pixels: NDArray[Any]) -> Step:
        name = self._input.name
        return network_step(
            pixels, self._input, self._output, lambda _, tensor: self._session.run({name: tensor})
        )


def network_step(
    pixels: NDArray[Any],
    image: TensorSpec,
    enlarged: TensorSpec,
    run: Callable[[Tile, NDArray[Any]], Tensors],
) -> Step:
    """One tile through an enlarging network, in buffers that each photo has for itself.

    ``run`` gets a tile and its tensor ``image`` and returns tensors, ``enlarged`` among them.
    """
    check_pixels(pixels, deep=True)
    tensor: NDArray[Any] | None = None
    result: NDArray[Any] | None = None
    grey, deep = _is_grey(pixels), pixels.dtype == np.uint16
    carried = deep and (is_coarse(image) or is_coarse(enlarged))
    read: Callable[..., NDArray[Any]] = tensor_to_deep if deep and not carried else tensor_to_pixels

    def step(tile: Tile, crops: tuple[NDArray[Any], ...]) -> NDArray[Any]:
        nonlocal tensor, result
        part = to_8_bits(crops[0]) if carried else crops[0]
        tensor = pixels_to_tensor(part, image, tensor)
        result = read(run(tile, tensor)[enlarged.name], enlarged, result)
        if grey:
            result[:] = luma(result)[..., np.newaxis]
        return carry_low_bits(crops[0], part, result) if carried else result

    return step


def _is_grey(pixels: NDArray[Any]) -> bool:
    """Whether red, green and blue are equal everywhere; looked at in strips, up to the first that differs."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    return all(
        np.array_equal(red[rows], green[rows]) and np.array_equal(red[rows], blue[rows])
        for rows in strips(*red.shape)
    )
