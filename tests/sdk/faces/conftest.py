"""A detector for green squares: as a face detector's graph it gives maps, and it needs no weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from nitido.bundle.manifest import Build, FaceTask, TensorSpec
from nitido.faces import Face, FaceDetector
from nitido.photo.model import Pixels
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors

STRIDES = (8, 16, 32)
TASK = FaceTask(STRIDES, tile=128, overlap=48, smallest=16.0, confidence=0.6)
VISIBLE = 12
"""Squares that the graph sees with shorter sides it misses, as a face detector does."""

MakeDetector = Callable[..., FaceDetector]
Draw = Callable[..., Pixels]


def cell_of(face: Face, stride: int) -> tuple[int, int, NDArray[np.float64]]:
    """Row, column and the 16 channels that stand for a face: written from the published description."""
    left, top, right, bottom = face.box
    x, y = (left + right) / 2 / stride, (top + bottom) / 2 / stride
    logit = math.log(face.confidence / (1 - face.confidence))
    size = [math.log((right - left) / stride), math.log((bottom - top) / stride)]
    column, row = math.floor(x), math.floor(y)
    marks = [v for mx, my in face.landmarks for v in (mx / stride - column, my / stride - row)]
    return row, column, np.array([logit, logit, x - column, y - row, *size, *marks])


def _find(inputs: Tensors) -> Tensors:
    image = inputs["image"][0]
    height, width = image.shape[1:]
    maps = {s: np.full((1, 16, height // s, width // s), -9.0, np.float32) for s in STRIDES}
    labels, _ = ndimage.label((image[1] > 0.5) & (image[0] < 0.5))
    for rows, columns in ndimage.find_objects(labels):
        left, top, right, bottom = columns.start, rows.start, columns.stop, rows.stop
        if min(right - left, bottom - top) < VISIBLE:
            continue
        middle = ((left + right) / 2, (top + bottom) / 2)
        face = Face((left, top, right, bottom), (middle,) * 5, 0.9)
        stride = STRIDES[min(2, int(max(right - left, bottom - top) // 32))]
        row, column, values = cell_of(face, stride)
        maps[stride][0, :, row, column] = values
    return {f"stride_{stride}": value for stride, value in maps.items()}


@pytest.fixture
def make_detector() -> MakeDetector:
    """A detector of green squares, whose graph takes images of free or of fixed sides."""

    def make(
        side: int | None = None, *, smallest: float = 8.0, confidence: float | None = None
    ) -> FaceDetector:
        outputs = tuple(
            TensorSpec(f"stride_{s}", (1, 16, *(side and side // s for _ in range(2)))) for s in STRIDES
        )
        image = TensorSpec("image", (1, 3, side, side))
        session = FunctionSession(_find, Build("main", "onnx-fp32", "x", "0" * 64, 1, (image,), outputs, {}))
        return FaceDetector(session, TASK, "id", smallest=smallest, confidence=confidence)

    return make


@pytest.fixture
def draw() -> Draw:
    """A photo with green squares: (left, top, side) each."""

    def make(height: int, width: int, squares: Sequence[tuple[int, int, int]]) -> Pixels:
        pixels = np.full((height, width, 3), 90, np.uint8)
        for left, top, side in squares:
            pixels[top : top + side, left : left + side] = (0, 255, 0)
        return pixels

    return make
