"""Makes photos and frames small, knowing the codec that compresses them and who enlarges them again."""

from __future__ import annotations

from os import PathLike
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import DownscaleTask, TensorSpec
from nitido.errors import BundleInvalid, InvalidOption
from nitido.photo.model import LUMA, Pixels
from nitido.runtime import open_session
from nitido.runtime.session import RuntimeInfo, Session
from nitido.sharing.coarseness import Codec
from nitido.sharing.grid import Plane, Shape, apart, crisper, grid_of
from nitido.sharing.wish import COUNT, Wish, crispness_of, weights_of
from nitido.sizes import Size
from nitido.tensors import (
    check_pixels,
    fixed_size,
    pixels_to_tensor,
    tensor_to_vector,
    vector_to_tensor,
)
from nitido.tiler import Tiler, crop

Receiver = Literal["classic", "nitido"]
_SMALLEST_FACTOR = 0.25
"""Networks know factors from here on; below, the grid that they read is made smaller first."""


class Downscaler:
    """``downscaler(pixels, Size(long_side=1280))``: small, and best once compressed and enlarged again.

    A network makes luma; colour, of which codecs keep little, goes through Lanczos. Safe to call from several
    threads.
    """

    def __init__(self, session: Session, task: DownscaleTask, id: str = "") -> None:  # noqa: A002
        """Use an open session: a grid of luma and a wish in, luma out. Raises BundleInvalid for others."""
        build = session.build
        seen = [_channels(spec) for spec in (*build.inputs, *build.outputs)]
        if seen != [1, COUNT, 1]:
            raise BundleInvalid(
                f"expected a downscaler's graph to turn a grid of luma and a wish of {COUNT} numbers "
                f"into luma, got the tensors {', '.join(s.name for s in (*build.inputs, *build.outputs))}; "
                f"export the bundle again"
            )
        self.id = id
        """``Manifest.id`` of the bundle: a folder run notices by it that the model has changed."""
        self._session = session
        self._halo = task.halo
        size = fixed_size(build.outputs[0])
        self._tiler = Tiler(size or task.tile, task.halo, task.multiple, fixed=size is not None)

    @classmethod
    def open(
        cls,
        bundle: str | PathLike[str] = "share",
        *,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> Downscaler:
        """Open a bundle of the zoo by name, or a folder."""
        opened = Bundle.open(bundle)
        task = opened.task(DownscaleTask)
        session = open_session(opened, runtime=runtime, device=device, threads=threads)
        return cls(session, task, opened.manifest.id)

    @property
    def info(self) -> RuntimeInfo:
        """What runs the network."""
        return self._session.info

    def __call__(
        self,
        pixels: Pixels,
        size: Size | float,
        *,
        detail: float = 0.5,
        codec: Codec = "jpeg",
        quality: float = 75,
        receiver: Receiver = "classic",
    ) -> Pixels:
        """(H, W, 3) uint8 RGB to the size, or a factor up to 1 of the photo's; grey stays grey.

        At the photo's own size it is prepared for compression. ``detail`` from 0 (true, few bits) to 1
        (crisp, more bits); ``quality`` as the codec counts it; ``receiver`` is who enlarges the result again:
        an app's classic filter, or a Nitido network. Raises InvalidOption.
        """
        check_pixels(pixels)
        shape = size.of(*pixels.shape[:2]) if isinstance(size, Size) else _scaled(pixels.shape[:2], size)
        wish = self.wish(pixels.shape[:2], shape, detail, codec, quality, receiver)
        luma, small = apart(pixels, shape)
        # Colours by a filter, and what the network makes of luma added: rounded once, in RGB.
        change = self._levels(luma, shape, wish)
        change -= small @ LUMA
        np.rint(change, out=change)
        result = small + change.astype(np.int16)[..., np.newaxis]
        return np.clip(result, 0, 255, out=result).astype(np.uint8)

    def wish(
        self,
        shape: Shape,
        target: Shape,
        detail: float = 0.5,
        codec: Codec = "jpeg",
        quality: float = 75,
        receiver: Receiver = "classic",
    ) -> Wish:
        """What the network is told to make ``target`` (height, width) of ``shape``. Raises InvalidOption."""
        if receiver not in get_args(Receiver):
            raise InvalidOption(f"expected a receiver among classic and nitido, got {receiver!r}; name one")
        if min(target) < 1 or target[0] > shape[0] or target[1] > shape[1]:
            raise InvalidOption(
                f"expected a size of at most the photo's {shape[1]}x{shape[0]}, got {target[1]}x{target[0]}; "
                f"nitido.Enlarger enlarges"
            )
        factor = max(target[0] / shape[0], target[1] / shape[1], _SMALLEST_FACTOR)
        return Wish(weights_of(detail), codec, quality, factor, receiver == "nitido", crispness_of(detail))

    def luma(self, luma: Plane, shape: Shape, wish: Wish) -> Plane:
        """One plane (H, W) of luma, full range or a video's, to ``shape``: for frames that are not RGB."""
        return _whole(self._levels(luma, shape, wish))

    def _levels(self, luma: Plane, shape: Shape, wish: Wish) -> NDArray[np.float32]:
        """Grey levels (H, W), neither rounded nor clipped."""
        image, wanted = self._session.build.inputs
        made = self._session.build.outputs[0]
        halo, (height, width) = self._halo, shape
        # Networks pad with zeros; with a mirrored margin that is cut off again, those never show.
        tall, wide = height + 2 * halo, width + 2 * halo
        seen = np.pad(grid_of(luma, shape), 2 * halo, "symmetric")
        told = vector_to_tensor(wish.vector(), wanted)
        result = np.empty((tall, wide), np.float32)
        tensor: NDArray[Any] | None = None
        for tile in self._tiler.plan(tall, wide):
            part = crop(seen, 2 * tile.top, 2 * tile.left, 2 * tile.height, 2 * tile.width)
            tensor = pixels_to_tensor(part[..., np.newaxis], image, tensor)
            found = self._session.run({image.name: tensor, wanted.name: told})[made.name]
            small = tensor_to_vector(found, made)[..., 0]
            (y0, y1), (x0, x1) = tile.rows, tile.columns
            kept = small[y0 - tile.top : y1 - tile.top, x0 - tile.left : x1 - tile.left]
            np.multiply(kept, np.float32(255), out=result[y0:y1, x0:x1])
        return crisper(result, wish.crispness)[halo : halo + height, halo : halo + width]


def _scaled(shape: Shape, factor: float) -> Shape:
    if not 0 < factor <= 1:
        raise InvalidOption(
            f"expected a factor above 0 and up to 1, got {factor}; nitido.Enlarger makes photos larger"
        )
    height, width = (max(1, int(side * factor + 0.5)) for side in shape)
    return height, width


def _whole(levels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Rounded and clipped."""
    levels = levels + np.float32(0.5)
    np.clip(levels, 0, 255, out=levels)
    return levels.astype(np.uint8)


def _channels(spec: TensorSpec) -> int | None:
    return spec.shape[1 if spec.layout != "NHWC" else -1]
