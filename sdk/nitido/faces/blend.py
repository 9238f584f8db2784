"""Where a small face is cut out of a photo, and how it is faded into the enlarged one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nitido.faces.face import Face
from nitido.photo.model import Pixels

Window = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels."""

MARGIN = 1.5
"""Side of the window around a face, in sides of the face: hair and chin, and room to fade."""


def window_of(face: Face, pixels: Pixels) -> Window | None:
    """A square around the face on whole pixels, cut where the photo ends; None for less than two by two."""
    height, width = pixels.shape[:2]
    x, y = (sum(edges) / 2 for edges in (face.box[::2], face.box[1::2]))
    half = MARGIN * face.side / 2
    left, top = max(0, round(x - half)), max(0, round(y - half))
    right, bottom = min(width, round(x + half)), min(height, round(y + half))
    return (left, top, right, bottom) if left + 1 < right and top + 1 < bottom else None


def blend(enlarged: NDArray[Any], shape: tuple[int, int], face: Pixels, window: Window, side: float) -> None:
    """Put a face, its window enlarged, into an enlarged photo of ``shape``; it fades out around ``side``.

    Pixel centres stay where they are in the picture.
    """
    (height, width), (left, top, right, bottom) = shape, window
    y0, y1, tall = _inside(top, bottom, enlarged.shape[0] / height)
    x0, x1, wide = _inside(left, right, enlarged.shape[1] / width)
    own = face.shape[0] / (bottom - top)
    box = (wide[0] * own, tall[0] * own, wide[1] * own, tall[1] * own)
    resized = Image.fromarray(face).resize((x1 - x0, y1 - y0), Image.Resampling.BICUBIC, box=box)
    values = np.asarray(resized, np.float32) * (257 if enlarged.dtype == np.uint16 else 1)
    fade = (MARGIN - 1) / 2 * side
    rows = _ramp(tall, y1 - y0, bottom - top, fade, (top > 0, bottom < height))
    columns = _ramp(wide, x1 - x0, right - left, fade, (left > 0, right < width))
    place = enlarged[y0:y1, x0:x1]
    share = (rows[:, None] * columns)[..., None]
    place[:] = np.floor(place + share * (values - place) + np.float32(0.5))


def _inside(first: int, last: int, ratio: float) -> tuple[int, int, tuple[float, float]]:
    """Pixels of the enlarged photo that lie inside a window, and where in the window they begin and end."""
    start, stop = math.ceil(first * ratio - 1e-6), math.floor(last * ratio + 1e-6)
    begin, end = max(0.0, start / ratio - first), min(float(last - first), stop / ratio - first)
    return start, stop, (begin, end)


def _ramp(
    span: tuple[float, float], count: int, length: int, fade: float, ends: tuple[bool, bool]
) -> NDArray[np.float32]:
    """Shares of ``count`` pixels over a window ``length`` long: from 0 to 1 over ``fade``, without a kink.

    ``ends`` says where the window has neighbours to fade into; the photo's own edge is none.
    """
    begin, end = span
    inside = begin + (np.arange(count, dtype=np.float32) + 0.5) * ((end - begin) / count)
    share = np.ones(count, np.float32)
    for distance, open_ in zip((inside, length - inside), ends, strict=True):
        if open_:
            share = np.minimum(share, np.clip(distance / fade, 0, 1))
    return np.asarray(share * share * (3 - 2 * share), np.float32)
