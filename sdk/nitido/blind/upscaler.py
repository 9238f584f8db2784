"""Enlarges photos that were made small in an unknown way: finds the kernel, then enlarges accordingly."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido import zoo
from nitido.blind.degradation import KernelMap, LatentField
from nitido.blind.estimate import Effort, KernelEstimate
from nitido.blind.estimator import KernelEstimator
from nitido.blind.judge import Judge
from nitido.blind.known import known
from nitido.blind.network import BoundUpscaler, GuidedNetwork
from nitido.blind.regions import by_region
from nitido.blind.shape import KernelShape
from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import BlindTask
from nitido.errors import BundleInvalid, BundleNotFound, InvalidOption, WrongTask
from nitido.photo.depth import to_8_bits
from nitido.photo.model import Pixels, Sample
from nitido.runtime import open_session
from nitido.runtime.session import RuntimeInfo, Session
from nitido.tensors import check_pixels

Knowledge = KernelShape | KernelEstimate | NDArray[Any]
"""What may be known of a kernel."""


class BlindUpscaler:
    """``upscaler(pixels)`` estimates the kernel and returns the photo ``scale`` times as large."""

    def __init__(
        self,
        main: Session,
        kernel: Session,
        judge: Session,
        task: BlindTask,
        id: str = "",  # noqa: A002
    ) -> None:
        """Use the open sessions of a bundle's graphs. Raises BundleInvalid for graphs that are others."""
        names = [[spec.name for spec in session.build.inputs] for session in (main, kernel, judge)]
        if names != [["image", "degradation"], ["kernel"], ["image", "degradation"]]:
            raise BundleInvalid(
                f"expected the graphs main, kernel and judge of a blind upscaler to take image and "
                f"degradation, kernel, image and degradation, got {names}; export the bundle again"
            )
        self.task = task
        self.id = id
        """``Manifest.id`` of the bundle: a folder run notices by it that the model has changed."""
        self.estimator = KernelEstimator(kernel, Judge(judge, task), task)
        self._network = GuidedNetwork(main, task)

    @classmethod
    def open(
        cls,
        name_or_folder: str | os.PathLike[str] | None = None,
        *,
        scale: int | None = None,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> BlindUpscaler:
        """Open the zoo's ``blind-x2`` or ``blind-x4``, by its scale (2 when not given), or another bundle.

        Raises BundleNotFound, WrongTask, and what ``Bundle.open`` and ``open_session`` raise.
        """
        if name_or_folder is None:
            name_or_folder = f"blind-x{2 if scale is None else scale}"
            if name_or_folder not in zoo.names():
                have = [name for name in zoo.names() if name.startswith("blind-x")]
                raise BundleNotFound(
                    f"expected {name_or_folder} in the zoo, which has {', '.join(have) or 'no blind one'}; "
                    f"train one as docs/blind-upscaling.md says, or open a bundle by its folder"
                )
        bundle = Bundle.open(name_or_folder)
        task = bundle.task(BlindTask)
        if scale not in (None, task.scale):
            raise WrongTask(
                f"expected {bundle.manifest.name} to upscale by {scale}, got a bundle for {task.scale}; "
                f"leave scale out or open another bundle"
            )
        main, kernel, judge = (
            open_session(bundle, graph, runtime=runtime, device=device, threads=threads)
            for graph in ("main", "kernel", "judge")
        )
        return cls(main, kernel, judge, task, bundle.manifest.id)

    @property
    def info(self) -> RuntimeInfo:
        """What runs the networks."""
        return self._network.info

    @property
    def scale(self) -> int:
        """How many times larger the result is, each way."""
        return self.task.scale

    @property
    def halo(self) -> int:
        """How many pixels away, at most, a pixel of the photo still matters once the kernel is known."""
        return self.task.halo

    def __call__(
        self,
        pixels: NDArray[Sample],
        kernel: Knowledge | None = None,
        map: KernelMap | None = None,  # noqa: A002 - what a user calls it
    ) -> NDArray[Sample]:
        """(H, W, 3) RGB to (scale H, scale W, 3), both uint8 or both uint16. Grey stays grey.

        ``kernel`` is known or estimated before, ``map`` says which made which part; without either it is
        estimated here. A kernel as an array has odd sides, in pixels of the large photo; where its middle
        lies does not matter. Raises InvalidOption.
        """
        return self.bound(pixels, kernel, map)(pixels)

    def estimate(self, pixels: NDArray[Sample], effort: Effort | None = None) -> KernelEstimate:
        """The kernel that made the photo small; ``note`` says so where the photo does not tell."""
        return self.estimator(_upper(pixels), effort)

    def estimate_map(self, pixels: NDArray[Sample], estimate: KernelEstimate | None = None) -> KernelMap:
        """Kernels that differ from region to region, starting from the one for the whole photo."""
        return by_region(self.estimator, _upper(pixels), estimate or self.estimate(pixels))

    def bound(
        self,
        pixels: NDArray[Sample],
        kernel: Knowledge | None = None,
        map: KernelMap | None = None,  # noqa: A002
    ) -> BoundUpscaler:
        """An upscaler for this photo, and for others that the same kernel made small."""
        check_pixels(pixels, deep=True)
        if kernel is not None and map is not None:
            raise InvalidOption("expected a kernel or a kernel map, got both; leave one out")
        height, width = pixels.shape[:2]
        if map is not None:
            return BoundUpscaler(self._network, map.field(self._latent, self.scale, height, width))
        if kernel is None:
            kernel = self.estimate(pixels)
        if isinstance(kernel, KernelEstimate):
            if kernel.scale != self.scale:
                raise InvalidOption(
                    f"expected a kernel for scale {self.scale}, got an estimate for scale {kernel.scale}; "
                    f"estimate it with this upscaler"
                )
            latent = kernel.latent
        elif isinstance(kernel, KernelShape):
            latent = self._latent(kernel)
        else:
            latent = self.estimator.latent(known(kernel, self.scale, pixels.shape))
        return BoundUpscaler(self._network, LatentField(height, width, latent[None, None]))

    def with_latent(self, pixels: NDArray[Sample], latent: NDArray[np.float32]) -> NDArray[Sample]:
        """Enlarge under a latent that need not be any kernel's, (task.latent,): for experiments."""
        height, width = pixels.shape[:2]
        return BoundUpscaler(self._network, LatentField(height, width, latent[None, None]))(pixels)

    def _latent(self, shape: KernelShape) -> NDArray[np.float32]:
        return self.estimator.latent(shape.kernel(self.scale))


def _upper(pixels: NDArray[Any]) -> Pixels:
    return to_8_bits(pixels) if pixels.dtype == np.uint16 else pixels
