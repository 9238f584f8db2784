"""Blind upscaling of whole photos to any size that one network reaches, with all that a photo carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from numpy.typing import NDArray

from nitido import zoo
from nitido.blind.brush import Stroke
from nitido.blind.degradation import KernelMap
from nitido.blind.estimate import KernelEstimate
from nitido.blind.known import known, like
from nitido.blind.upscaler import BlindUpscaler
from nitido.bundle.bundle import Bundle
from nitido.enlarger import Enlarger
from nitido.errors import BundleNotFound, PhotoUnsupported
from nitido.photo.model import Photo
from nitido.sizes import Size, passes

SCALES = (2, 3, 4)


class BlindEnlarger:
    """``enlarger.photo(photo, size)``: one blind network, then a resample; opacity by the same kernel."""

    def __init__(
        self,
        upscalers: Mapping[int, Callable[[], BlindUpscaler]],
        id: str = "",  # noqa: A002
        *,
        kernel: NDArray[Any] | None = None,
        strokes: tuple[Stroke, ...] = (),
        varying: bool = False,
    ) -> None:
        """``upscalers`` opens the network of each scale; ``kernel`` is that of all photos where it is known.

        With ``varying``, kernels are estimated region by region.
        """
        self.id = id
        """Names all the networks: a folder run notices by it that one of them has changed."""
        self.on_estimate: Callable[[KernelEstimate], object] | None = None
        """Hears of each photo's kernel."""
        self._openers = dict(upscalers)
        self._opened: dict[int, BlindUpscaler] = {}
        self._kernel, self._strokes, self._varying = kernel, strokes, varying

    @classmethod
    def open(
        cls,
        *,
        kernel: NDArray[Any] | None = None,
        strokes: tuple[Stroke, ...] = (),
        varying: bool = False,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> BlindEnlarger:
        """Use the zoo's blind networks, opened when first needed. Raises BundleNotFound if it has none."""
        found = {scale: f"blind-x{scale}" for scale in SCALES if f"blind-x{scale}" in zoo.names()}
        if not found:
            raise BundleNotFound(
                "expected a blind upscaler in the zoo, which has none; docs/blind-upscaling.md trains one"
            )
        ids = "+".join(Bundle.open(name).manifest.id for name in found.values())
        openers = {
            scale: partial(BlindUpscaler.open, name, runtime=runtime, device=device, threads=threads)
            for scale, name in found.items()
        }
        return cls(openers, ids, kernel=kernel, strokes=strokes, varying=varying)

    @property
    def info(self) -> str:
        """What ran the networks that were used so far, each once."""
        infos = [str(upscaler.info) for _, upscaler in sorted(self._opened.items())]
        return "; ".join(dict.fromkeys(infos))

    def passes(self, shape: tuple[int, int], size: Size) -> tuple[int, ...]:
        """The scale of the network that a photo of (height, width) goes through; none when it stays.

        Raises InvalidOption for a size smaller than the photo, PhotoUnsupported for one that takes two
        networks: what the first made is no photo whose kernel could be found.
        """
        chain = passes(shape, size.of(*shape), self._openers)
        if len(chain) > 1:
            raise PhotoUnsupported(
                f"expected to enlarge blindly at most {max(self._openers)} times, got a size that takes "
                f"networks for {' and '.join(map(str, chain))}; ask for less, or enlarge without --blind"
            )
        return chain

    def photo(self, photo: Photo, size: Size) -> Photo:
        """The photo with everything enlarged."""
        chain = self.passes((photo.height, photo.width), size)
        if not chain:
            return photo
        (scale,) = chain
        if scale not in self._opened:
            self._opened[scale] = self._openers[scale]()
        bound = self._bound(self._opened[scale], photo)
        return Enlarger({scale: lambda: bound}).photo(photo, size)

    def _bound(self, upscaler: BlindUpscaler, photo: Photo) -> Any:
        pixels = photo.pixels
        if self._kernel is not None:
            if not self._strokes:
                return upscaler.bound(pixels, self._kernel)
            shape = like(known(self._kernel, upscaler.scale, pixels.shape), upscaler.scale)
            return upscaler.bound(pixels, map=KernelMap.of(shape, self._strokes))
        estimate = upscaler.estimate(pixels)
        if self.on_estimate is not None:
            self.on_estimate(estimate)
        if not self._varying and not self._strokes:
            return upscaler.bound(pixels, estimate)
        plain = upscaler.estimate_map(pixels, estimate) if self._varying else KernelMap.of(estimate.shape)
        return upscaler.bound(pixels, map=KernelMap(plain.shapes, self._strokes))
