"""A frame as codecs and cameras hold it: luma, and two planes of chroma of half the size (YUV 4:2:0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido.clips.pyav import pyav
from nitido.errors import InvalidOption
from nitido.photo.model import Pixels
from nitido.tensors import check_pixels

Plane = NDArray[np.uint8]
"""(H, W)."""


@dataclass(frozen=True, eq=False)
class Planes:
    """Three planes of 8 bits: ``y`` (H, W), ``u`` and ``v`` of half of that, rounded up."""

    y: Plane
    u: Plane
    v: Plane

    def __post_init__(self) -> None:
        """Raises InvalidOption unless the planes are uint8 and fit together."""
        shapes = (self.y.shape, self.u.shape, self.v.shape)
        half = tuple((side + 1) // 2 for side in self.y.shape)
        known = all(plane.dtype == np.uint8 for plane in (self.y, self.u, self.v))
        if not known or len(half) != 2 or self.y.size == 0 or shapes[1:] != (half, half):
            raise InvalidOption(
                f"expected planes of uint8, chroma half as large as luma, got shapes {shapes}; "
                f"Planes.of_pixels(pixels) makes them of an RGB frame"
            )

    @property
    def width(self) -> int:
        """Of luma, in pixels."""
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        """Of luma, in pixels."""
        return int(self.y.shape[0])

    @classmethod
    def of_pixels(cls, pixels: Pixels) -> Planes:
        """From RGB (H, W, 3), studio range, BT.601."""
        check_pixels(pixels)
        frame = pyav().VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        return cls.of_frame(frame.reformat(format="yuv420p"))

    @classmethod
    def of_frame(cls, frame: Any) -> Planes:
        """Views of a PyAV frame of the format ``yuv420p`` or ``yuvj420p``: valid as long as they are held."""
        return cls(*(view(plane) for plane in frame.planes))

    def to_frame(self, *, full: bool = False) -> Any:
        """A PyAV frame with a copy of the planes, of studio or ``full`` range."""
        frame = pyav().VideoFrame(self.width, self.height, "yuvj420p" if full else "yuv420p")
        for plane, values in zip(frame.planes, (self.y, self.u, self.v), strict=True):
            view(plane)[:] = values
        return frame

    def to_pixels(self) -> Pixels:
        """RGB (H, W, 3), of studio range, BT.601."""
        pixels: Pixels = self.to_frame().to_ndarray(format="rgb24")
        return pixels


class Resizer:
    """Resizes by swscale's bicubic. It works out its filters once for frames of the same two sizes."""

    def __init__(self, threads: int = 1) -> None:
        """``threads``: 0 for as many as there are processors."""
        self._threads = threads
        self._reformatter: Any = None

    def __call__(self, plane: Plane, width: int, height: int) -> Plane:
        """One plane in another size."""
        if plane.shape == (height, width):
            return plane
        frame = pyav().VideoFrame(plane.shape[1], plane.shape[0], "gray")
        view(frame.planes[0])[:] = plane
        return view(self.frame(frame, width, height).planes[0])

    def frame(self, frame: Any, width: int, height: int) -> Any:
        """A PyAV frame in another size."""
        if self._reformatter is None:
            self._reformatter = pyav().video.reformatter.VideoReformatter()
        return self._reformatter.reformat(
            frame, width, height, interpolation="BICUBIC", threads=self._threads
        )


def resized(plane: Plane, width: int, height: int) -> Plane:
    """One plane in another size, by swscale's bicubic."""
    return Resizer()(plane, width, height)


def view(plane: Any) -> Plane:
    """A plane without the padding at the end of its rows; it keeps the frame's memory alive."""
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    seen: Plane = rows[:, : plane.width]
    return seen
