"""Enlarges photos to any size: the networks of a tier, and an exact resample of what they give."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido import tiers, zoo
from nitido.bundle.bundle import Bundle
from nitido.photo.model import Photo, Sample
from nitido.resample import shrink
from nitido.sizes import Size, passes
from nitido.tensors import check_pixels
from nitido.transparency import cover_hidden, keep_flat
from nitido.upscaler import Upscaler

_BESIDE_HALO = 8
"""How far, in pixels of the photo, opacity and resample spread what shows beyond the network's halo."""


class Enlarger:
    """``enlarger(pixels, Size(long_side=4096))``: the smallest sufficient networks, then an exact resample.

    Safe to call from several threads.
    """

    def __init__(self, upscalers: Mapping[int, Callable[[], Upscaler]], id: str = "") -> None:  # noqa: A002
        """``upscalers`` opens the network of each scale, when a size first needs it."""
        self.id = id
        """Names all the networks: a folder run notices by it that one of them has changed."""
        self._openers = dict(upscalers)
        self._opened: dict[int, Upscaler] = {}

    @classmethod
    def open(
        cls,
        *,
        tier: str = "base",
        sharp: bool = False,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> Enlarger:
        """Use the zoo's networks of a tier, as ``Upscaler.open`` has them; opened when first needed.

        Raises InvalidOption, and BundleNotFound for a tier of which none is there.
        """
        bundles = {
            scale: Bundle.open(zoo.folder(name)) for scale, name in tiers.installed(tier, sharp).items()
        }

        def opener(folder: str | os.PathLike[str]) -> Callable[[], Upscaler]:
            return lambda: Upscaler.open(folder, runtime=runtime, device=device, threads=threads)

        ids = "+".join(bundle.manifest.id for bundle in bundles.values())
        return cls({scale: opener(bundle.folder) for scale, bundle in bundles.items()}, ids)

    @property
    def info(self) -> str:
        """What ran the networks that were used so far, each once."""
        infos = [str(upscaler.info) for _, upscaler in sorted(self._opened.items())]
        return "; ".join(dict.fromkeys(infos))

    def passes(self, shape: tuple[int, int], size: Size) -> tuple[int, ...]:
        """The scales of the networks that a photo of (height, width) goes through; none when it stays.

        Raises InvalidOption for a size smaller than the photo, PhotoUnsupported for one out of reach.
        """
        return passes(shape, size.of(*shape), self._openers)

    def __call__(self, pixels: NDArray[Sample], size: Size) -> NDArray[Sample]:
        """(H, W, 3) RGB to the size, both uint8 or both uint16; grey stays grey. Raises as ``passes`` does.

        Beyond four times, the result of the first of two networks is held too. Where the size is the photo's,
        the very pixels are returned.
        """
        check_pixels(pixels, deep=True)
        shape = pixels.shape[:2]
        target = size.of(*shape)
        chain = [self._upscaler(scale) for scale in self.passes(shape, size)]
        if not chain:
            return pixels
        for upscaler in chain[:-1]:
            pixels = upscaler(pixels)
        last = chain[-1]
        shape = (pixels.shape[0] * last.scale, pixels.shape[1] * last.scale)
        return last(pixels) if shape == target else shrink(last.bands(pixels), shape, target)

    def photo(self, photo: Photo, size: Size) -> Photo:
        """The photo with everything enlarged: colours with all their bits, and opacity by the same networks.

        Colours under full transparency do not show in the result, and where opacity is flat it stays exactly.
        """
        colour, alpha = photo.finest, photo.finest_alpha
        if alpha is None:
            return photo.with_pixels(self(colour, size))
        scales = self.passes(alpha.shape, size)
        if not scales:
            return photo
        reach = sum(self._upscaler(scale).halo for scale in scales) + _BESIDE_HALO
        return photo.with_pixels(self(cover_hidden(colour, alpha, reach), size), self._opacity(alpha, size))

    def _opacity(self, alpha: NDArray[Sample], size: Size) -> NDArray[Sample]:
        if alpha.min() == alpha.max():
            return np.full(size.of(*alpha.shape), alpha.flat[0], alpha.dtype)
        grey: NDArray[Any] = np.broadcast_to(alpha[..., np.newaxis], (*alpha.shape, 3))
        enlarged = np.ascontiguousarray(self(grey, size)[..., 0])
        keep_flat(enlarged, alpha)
        return enlarged

    def _upscaler(self, scale: int) -> Upscaler:
        if scale not in self._opened:
            self._opened[scale] = self._openers[scale]()
        return self._opened[scale]
