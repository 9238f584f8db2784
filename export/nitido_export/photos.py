"""Real photos that golden vectors are cut from and builds are compared on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nitido.photo.model import Pixels
from nitido.photo.samples import luma
from nitido_export.errors import SamplesMissing
from nitido_train import data


def load_photos(folder: Path, option: str = "--samples") -> list[Pixels]:
    """Every photo below ``folder``, in the order of their paths; ``option`` is what named it."""
    try:
        return data.load_all(data.list_photos(folder))
    except FileNotFoundError as error:
        raise SamplesMissing(
            f"expected photos below {folder} to export with, found none; pass {option} FOLDER"
        ) from error


def crops(photos: Sequence[Pixels], height: int, width: int, count: int) -> Iterator[Pixels]:
    """The central crop of the first ``count`` photos that are large enough; none at all is an error."""
    large = [photo for photo in photos if photo.shape[0] >= height and photo.shape[1] >= width]
    if not large:
        raise SamplesMissing(
            f"expected a photo of at least {width} x {height} pixels among the samples, "
            f"got {len(photos)} smaller ones; pass --samples FOLDER with larger photos"
        )
    for photo in large[:count]:
        top, left = (photo.shape[0] - height) // 2, (photo.shape[1] - width) // 2
        yield photo[top : top + height, left : left + width]


def grey(pixels: Pixels) -> NDArray[np.float32]:
    """Luma (H, W, 1) in [0, 1], for graphs that take nothing else."""
    levels: NDArray[np.float32] = luma(pixels)[..., None] * np.float32(1 / 255)
    return levels
