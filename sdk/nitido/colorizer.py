"""Give a greyscale photo colours: a network guesses them small, the photo keeps its own luma exactly."""

from __future__ import annotations

from os import PathLike

import numpy as np

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import ColorizeTask, TensorSpec
from nitido.chroma import Lines, Plane, coloured, fitted, is_grey, luma_of
from nitido.errors import BundleInvalid, InvalidOption, NotGreyscale
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido.runtime.session import RuntimeInfo, Session
from nitido.tensors import check_pixels, fixed_size, tensor_to_vector, vector_to_tensor


class Colorizer:
    """``colorizer(pixels)`` returns a greyscale photo in colour; the network costs the same at any size."""

    def __init__(self, session: Session, task: ColorizeTask, id: str = "") -> None:  # noqa: A002
        """Use an open session: luma in, chroma and its variance out. Raises BundleInvalid for others."""
        build = session.build
        seen = [(_channels(spec), spec.layout != "NC") for spec in build.inputs + build.outputs]
        square = seen[:1] == [(1, True)] and fixed_size(build.inputs[0]) == (task.side, task.side)
        if len(build.inputs) != 1 or seen[1:] != [(2, True), (1, True)] or not square:
            raise BundleInvalid(
                f"expected a colorizer's graph to turn luma of {task.side} x {task.side} into chroma and its "
                f"variance, got the tensors {', '.join(s.name for s in build.inputs + build.outputs)}; "
                f"export the bundle again"
            )
        self.task = task
        self.id = id
        """``Manifest.id`` of the bundle: a folder run notices by it that the model has changed."""
        self._session = session

    @classmethod
    def open(
        cls,
        bundle: str | PathLike[str] = "colorize",
        *,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> Colorizer:
        """Open a bundle of the zoo by name, or a folder."""
        opened = Bundle.open(bundle)
        task = opened.task(ColorizeTask)
        session = open_session(opened, runtime=runtime, device=device, threads=threads)
        return cls(session, task, opened.manifest.id)

    @property
    def info(self) -> RuntimeInfo:
        """What runs the network."""
        return self._session.info

    def __call__(self, pixels: Pixels, strength: float = 1.0, *, force: bool = False) -> Pixels:
        """(H, W, 3) grey pixels in colour, their luma unchanged.

        ``strength`` from 0 to 1 scales the colours, and takes first those that the network is not sure of: at
        0.5 a sure one keeps half of itself, an unsure one an eighth. Raises NotGreyscale for a photo that has
        colours; ``force`` replaces them by new ones.
        """
        check_pixels(pixels)
        if not 0 <= strength <= 1:
            raise InvalidOption(f"expected a strength from 0 to 1, got {strength}")
        if not force and not is_grey(pixels):
            raise NotGreyscale(
                "expected a greyscale photo, got one that has colours; leave it as it is, "
                "or pass force=True (--force) to replace them"
            )
        luma = luma_of(pixels)
        view, part = fitted(luma, self.task.side)
        guide = view.astype(np.float32) / np.float32(255)
        chroma, variance = self._guess(guide)
        sure = self.task.unsure**2 / (self.task.unsure**2 + np.maximum(variance, 0))
        chroma = (chroma * strength ** (3 - 2 * sure)).astype(np.float32)
        block = self.task.side // len(chroma)
        coarse = guide.reshape(len(chroma), block, -1, block).mean((1, 3))
        return coloured(luma, Lines.through(coarse, chroma), part)

    def _guess(self, luma: Plane) -> tuple[Plane, Plane]:
        """(rows, columns, 2) chroma and (rows, columns, 1) variance of a square view."""
        (image,), (chroma, variance) = self._session.build.inputs, self._session.build.outputs
        found = self._session.run({image.name: vector_to_tensor(luma[..., None], image)})
        return tensor_to_vector(found[chroma.name], chroma), tensor_to_vector(found[variance.name], variance)


def _channels(spec: TensorSpec) -> int | None:
    return spec.shape[1 if spec.layout == "NCHW" else -1]
