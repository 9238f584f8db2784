"""A face found in a photo, read off a detector's maps; of several boxes around one face the surest stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

SAME = 0.5
"""Share of the smaller box that lies in the other, from which both count as one face.

Of the smaller one, not of both together: a mouth that was taken for a face goes with its face."""


@dataclass(frozen=True)
class Face:
    """A face; coordinates are in pixels of the photo, (0, 0) the top left corner of its first pixel."""

    box: tuple[float, float, float, float]
    """Left, top, right, bottom; it may reach beyond the photo."""
    landmarks: tuple[tuple[float, float], ...]
    """(x, y) of the person's right eye, left eye, nose, right and left corner of the mouth."""
    confidence: float
    """0 to 1."""

    @property
    def side(self) -> float:
        """The longer side of the box."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)

    def moved(self, zoom: float, left: float, top: float) -> Face:
        """Coordinates divided by ``zoom``, after the window's origin was added."""
        x0, y0, x1, y1 = self.box
        box = ((x0 + left) / zoom, (y0 + top) / zoom, (x1 + left) / zoom, (y1 + top) / zoom)
        return replace(
            self, box=box, landmarks=tuple(((x + left) / zoom, (y + top) / zoom) for x, y in self.landmarks)
        )


def decode(found: NDArray[np.float32], stride: int, confidence: float) -> list[Face]:
    """The faces in one map (rows, columns, 16) of which the detector is at least that sure, with duplicates.

    Channels: class and objectness as logits, whose probabilities' geometric mean is the confidence; centre of
    the box from the cell's corner, and logarithms of its width and height; five landmarks from that corner.
    All lengths are in cells of ``stride`` pixels (as in YuNet, Wu et al. 2023).
    """
    logits = np.clip(found[..., :2].astype(np.float64), -50, 50)
    sure = np.sqrt(np.prod(1 / (1 + np.exp(-logits)), axis=-1))
    rows, columns = np.nonzero(sure >= confidence)
    cells = found[rows, columns].astype(np.float64)
    corner = np.stack([columns, rows], axis=1)
    centre = (corner + cells[:, 2:4]) * stride
    half = np.exp(np.minimum(cells[:, 4:6], 8)) * stride / 2  # 8: a box of 3,000 cells, wider than any photo
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    points = (corner[:, None] + cells[:, 6:].reshape(len(cells), 5, 2)) * stride
    return [
        Face(tuple(box), tuple(map(tuple, marks)), float(value))
        for box, marks, value in zip(boxes.tolist(), points.tolist(), sure[rows, columns], strict=True)
    ]


def strongest(faces: Iterable[Face]) -> tuple[Face, ...]:
    """One for each face, the surest first."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.confidence):
        if all(_shared(face, other) < SAME for other in kept):
            kept.append(face)
    return tuple(kept)


def _shared(a: Face, b: Face) -> float:
    """Share of the smaller box that lies in the other one."""
    width = min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])
    height = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
    smaller = min((face.box[2] - face.box[0]) * (face.box[3] - face.box[1]) for face in (a, b))
    return max(width, 0) * max(height, 0) / smaller if smaller > 0 else 0.0
