"""Finds faces in photos of any size: small windows of the photo at several sizes go through one network."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator

import numpy as np
from PIL import Image

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import FaceTask
from nitido.errors import BundleInvalid, InvalidOption
from nitido.faces.face import Face, decode, strongest
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido.runtime.session import RuntimeInfo, Session
from nitido.tensors import check_pixels, fixed_size, is_image, pixels_to_tensor, tensor_to_vector
from nitido.tiler import Tile, Tiler

SMALLEST = 12.0
"""Side in pixels of the smallest faces looked for, unless told."""
_STEP = 4.0
"""From one size of the photo to the next smaller one."""
_MAX_ZOOM = 4.0
_CHANNELS = 16


class FaceDetector:
    """``detector(pixels)`` returns the faces of a photo, the surest first. Safe to call from several threads.

    The network sees faces from ``task.smallest`` pixels a side on. So the photo is enlarged until the
    smallest faces looked for have that size, cut into windows that overlap, and looked at again at a quarter
    of the size, until it fits into one window: faces that are too large for the overlap are found there.
    """

    def __init__(
        self,
        session: Session,
        task: FaceTask,
        id: str = "",  # noqa: A002
        *,
        confidence: float | None = None,
        smallest: float = SMALLEST,
    ) -> None:
        """Use an open session; without ``confidence`` the task's. Raises BundleInvalid, InvalidOption."""
        build = session.build
        axes = {"NCHW": 1, "NHWC": 3}
        maps = [spec.shape[axes[spec.layout]] if spec.layout in axes else None for spec in build.outputs]
        if len(build.inputs) != 1 or not is_image(build.inputs[0]) or maps != [_CHANNELS] * len(task.strides):
            raise BundleInvalid(
                f"expected a face detector's graph to turn one RGB image into a map of {_CHANNELS} channels "
                f"for each of the strides {task.strides}, got maps of {maps}; export the bundle again"
            )
        limit = task.confidence if confidence is None else confidence
        if not (0 < limit <= 1 and smallest >= 1):
            raise InvalidOption(
                f"expected a confidence above 0 and at most 1 and faces of at least 1 pixel, "
                f"got {limit} and {smallest}; leave them out for the defaults"
            )
        self.task = task
        self.id = id
        """``Manifest.id`` of the bundle."""
        self.confidence = limit
        self.smallest = smallest
        self._session = session
        size = fixed_size(build.inputs[0])
        # A fixed size is fixed in every runtime: the graph enlarges coarse features to constant sizes.
        fixed, multiple = size is not None, max(task.strides)
        self._tiler = Tiler(size or task.tile, task.overlap // 2, multiple=multiple, fixed=fixed)

    @classmethod
    def open(
        cls,
        bundle: str | os.PathLike[str] = "faces",
        *,
        confidence: float | None = None,
        smallest: float = SMALLEST,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> FaceDetector:
        """Open the detector of the zoo, or another bundle.

        ``confidence`` (0 to 1) is that from which a face is reported; a larger ``smallest`` (pixels) is
        faster. Raises InvalidOption, WrongTask, and what ``Bundle.open`` and ``open_session`` raise.
        """
        opened = Bundle.open(bundle)
        task = opened.task(FaceTask)
        session = open_session(opened, runtime=runtime, device=device, threads=threads)
        return cls(session, task, opened.manifest.id, confidence=confidence, smallest=smallest)

    @property
    def info(self) -> RuntimeInfo:
        """What runs the network."""
        return self._session.info

    def __call__(self, pixels: Pixels) -> tuple[Face, ...]:
        """The faces of a photo (H, W, 3) uint8 RGB."""
        check_pixels(pixels)
        return strongest(face for zoom, last in self._zooms(pixels) for face in self._at(pixels, zoom, last))

    def _zooms(self, pixels: Pixels) -> Iterator[tuple[float, bool]]:
        """Factors that the photo is resized by, the largest first, and whether one is the last."""
        zoom, last = min(self.task.smallest / self.smallest, _MAX_ZOOM), False
        while not last:
            height, width = _size(pixels, zoom)
            last = height <= self._tiler.tile[0] and width <= self._tiler.tile[1]
            yield zoom, last
            zoom /= _STEP

    def _at(self, pixels: Pixels, zoom: float, last: bool) -> Iterator[Face]:
        for tile in self._tiler.plan(*_size(pixels, zoom)):
            for face in self._in(_window(pixels, zoom, tile)):
                # A face belongs to the window that keeps its centre: the overlap holds all of it there.
                x, y = (face.box[0] + face.box[2]) / 2 + tile.left, (face.box[1] + face.box[3]) / 2 + tile.top
                kept = tile.rows[0] <= y < tile.rows[1] and tile.columns[0] <= x < tile.columns[1]
                if kept and (last or face.side <= self.task.overlap):
                    yield face.moved(zoom, tile.left, tile.top)

    def _in(self, window: Pixels) -> Iterator[Face]:
        image, outputs = self._session.build.inputs[0], self._session.build.outputs
        results = self._session.run({image.name: pixels_to_tensor(window, image)})
        for spec, stride in zip(outputs, self.task.strides, strict=True):
            yield from decode(tensor_to_vector(results[spec.name], spec), stride, self.confidence)


def _size(pixels: Pixels, zoom: float) -> tuple[int, int]:
    height, width = pixels.shape[:2]
    return max(1, round(height * zoom)), max(1, round(width * zoom))


def _window(pixels: Pixels, zoom: float, tile: Tile) -> Pixels:
    """A window of the resized photo, black beyond its edges; no more of the photo is copied than it shows."""
    height, width = _size(pixels, zoom)
    rows, columns = min(tile.height, height - tile.top), min(tile.width, width - tile.left)
    skip = max(1, int(0.5 / zoom))  # leaves two pixels for each one of the window: enough to antialias
    y, top, bottom = _span(tile.top, rows, zoom, skip, pixels.shape[0])
    x, left, right = _span(tile.left, columns, zoom, skip, pixels.shape[1])
    part = Image.fromarray(np.ascontiguousarray(pixels[y, x]))
    window = np.zeros((tile.height, tile.width, 3), np.uint8)
    resized = part.resize((columns, rows), Image.Resampling.BILINEAR, box=(left, top, right, bottom))
    window[:rows, :columns] = np.asarray(resized)
    return window


def _span(start: int, count: int, zoom: float, skip: int, size: int) -> tuple[slice, float, float]:
    """Which pixels of the photo show ``count`` pixels of the window, and where in them it begins and ends."""
    first, last = int(start / zoom), min(size, math.ceil((start + count) / zoom))
    length = len(range(first, last, skip))
    begin, end = ((edge / zoom - first - 0.5) / skip + 0.5 for edge in (start, start + count))
    begin = min(max(begin, 0.0), length - 0.5)
    return slice(first, last, skip), begin, min(max(end, begin + 0.5), float(length))
