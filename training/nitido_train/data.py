"""Folders of photos for training: listing, the fixed hold-out, decoding, random patches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp"}
Pixels = NDArray[np.uint8]
Scalar = TypeVar("Scalar", bound=np.generic)


def list_photos(folder: Path) -> list[Path]:
    """Every photo below ``folder``, sorted by path; an empty folder is an error."""
    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in SUFFIXES)
    if not files:
        raise FileNotFoundError(f"expected photos below {folder}, found none; pass --data FOLDER")
    return files


def is_held_out(file: Path) -> bool:
    """True for the tenth of all photos that no recipe ever trains on, chosen by a hash of the file name."""
    return hashlib.sha256(file.name.encode()).digest()[0] % 10 == 0


def training_photos(folder: Path) -> list[Path]:
    """The photos below ``folder`` that recipes may train on."""
    return [f for f in list_photos(folder) if not is_held_out(f)]


def held_out_photos(folder: Path) -> list[Path]:
    """The photos below ``folder`` kept for validation."""
    return [f for f in list_photos(folder) if is_held_out(f)]


def load_rgb(file: Path | BinaryIO) -> Pixels:
    """Decode one photo to uint8 RGB, upright."""
    with Image.open(file) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def load_all(files: Sequence[Path]) -> list[Pixels]:
    """Decode photos in parallel and keep them in memory (433 training photos take about 0.9 GB)."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(load_rgb, files))


def digest(files: Sequence[Path]) -> str:
    """A short name for a list of training files, for provenance: sha256 over their sorted names."""
    return hashlib.sha256("\n".join(sorted(f.name for f in files)).encode()).hexdigest()[:16]


def random_symmetry(patch: NDArray[Scalar], code: int) -> NDArray[Scalar]:
    """One of the eight flips and rotations of a square, ``code`` in 0..7."""
    patch = np.rot90(patch, code % 4)
    return patch[:, ::-1] if code >= 4 else patch


def crops(
    photos: Sequence[Pixels], size: int, rng: np.random.Generator, stride: int = 1
) -> Iterator[tuple[int, int, int]]:
    """Endless random (photo, top, left) of square crops; photos are drawn in proportion to their area."""
    areas = np.array([max(0, p.shape[0] - size + 1) * max(0, p.shape[1] - size + 1) for p in photos], float)
    if areas.sum() == 0:
        raise ValueError(f"expected photos of at least {size} pixels a side, got none")
    chances = areas / areas.sum()
    while True:
        for index in rng.choice(len(photos), size=256, p=chances):
            height, width = photos[index].shape[:2]
            top = int(rng.integers(0, (height - size) // stride + 1)) * stride
            left = int(rng.integers(0, (width - size) // stride + 1)) * stride
            yield int(index), top, left
