"""The test sets of super-resolution papers, and the tables published for them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nitido_train.data import list_photos, load_rgb

SETS = ("Set5", "Set14", "BSD100")
SCALES = (2, 3, 4)
GREYSCALE = {"Set14": ("img_003",)}
"""Greyscale files of the sets, which WebP cannot tell; Set14's img_010 looks grey and was an RGB file."""
Image = NDArray[np.uint8]


def files(data: Path, name: str, limit: int | None = None) -> list[Path]:
    """The photos of a set, in the order of the published tables."""
    return list_photos(data / name)[:limit]


def load(file: Path) -> Image:
    """Decode one photo: (H, W, 3) RGB, or (H, W) for a greyscale file, which is taken to be luma."""
    rgb = load_rgb(file)
    grey = file.stem in GREYSCALE.get(file.parent.name, ())
    return np.ascontiguousarray(rgb[..., 1]) if grey else rgb


def as_rgb(image: Image) -> Image:
    """What the sdk takes: (H, W, 3)."""
    return np.ascontiguousarray(np.stack([image] * 3, axis=-1)) if image.ndim == 2 else image


def like(pixels: Image, image: Image) -> Image:
    """The sdk's (H, W, 3) answer in the form of ``image``: where that is grey, its green channel."""
    return np.ascontiguousarray(pixels[..., 1]) if image.ndim == 2 else pixels


def published_bicubic(tables: Path, name: str, scale: int) -> list[tuple[float, float]]:
    """PSNR in dB and SSIM of MATLAB's bicubic for every photo of a set, as published with SelfExSR (2015)."""
    with (tables / f"{name}_x{scale}.csv").open(newline="") as file:
        return [(float(row["Bicubic_PSNR"]), float(row["Bicubic_SSIM"])) for row in csv.DictReader(file)]
