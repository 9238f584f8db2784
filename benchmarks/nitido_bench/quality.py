"""Suite ``quality``: models on any folder of photos, by every figure, over grids of damage."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import nitido
from nitido.blur import Blur
from nitido.bundle.manifest import RestoreTask, UpscaleTask
from nitido.errors import InvalidOption
from nitido.photo.model import Pixels
from nitido_bench.quality_figures import figures, mean
from nitido_bench.suite import Gate, Row, Suite
from nitido_train.data import list_photos, load_rgb
from nitido_train.degrade import Degradation, degrade
from nitido_train.resample import bicubic_downscale, crop_to_multiple

FIRST_SEED = 20_000
"""Photo i is damaged with seed 20,000 + i; trainings and other suites draw from other seeds."""
GRIDS: dict[str, dict[str, Degradation]] = {
    "JPEG quality": {str(q): Degradation(jpeg_quality=q) for q in (10, 20, 40, 60, 80, 95)},
    "noise sigma": {str(sigma): Degradation(read_noise=sigma) for sigma in (2, 5, 10, 25, 50)},
    "Gaussian blur sigma": {str(s): Degradation(blur=Blur("gaussian", s)) for s in (0.8, 1.6, 2.4)},
    "defocus radius": {str(radius): Degradation(blur=Blur("disc", radius)) for radius in (1, 2, 4)},
    "motion length": {str(n): Degradation(blur=Blur("motion", n, 0.5)) for n in (5, 9, 15)},
}
"""One kind of damage at a time, mild to severe."""
FLOORS = {"Pillow bicubic": Image.Resampling.BICUBIC, "Pillow lanczos": Image.Resampling.LANCZOS}

Way = Callable[[Pixels], Pixels]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--folder", type=Path, required=True, help="photos, the cleaner the better")
    parser.add_argument(
        "--bundle",
        nargs="+",
        default=["sr-x2", "restore"],
        help="upscalers, restorers (default: sr-x2 restore)",
    )
    parser.add_argument("--grid", nargs="+", choices=GRIDS, default=list(GRIDS), help="(default: all)")
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--limit", type=int, help="only the first photos")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """Rows of an upscaler beside Pillow's filters; of a restorer beside the damaged photos themselves."""
    photos = [load_rgb(file) for file in list_photos(args.folder)[: args.limit]]
    common: Row = {"folder": args.folder.name, "photos": len(photos)}
    for name in args.bundle:
        bundle = nitido.Bundle.open(name)
        task = bundle.manifest.task
        if isinstance(task, UpscaleTask):
            ways: dict[str, Way] = {
                bundle.manifest.name: nitido.Upscaler.open(bundle.folder, runtime=args.runtime),
                **{floor: filtered(kind, task.scale) for floor, kind in FLOORS.items()},
            }
            for model, way in ways.items():
                yield {"table": "upscale", "model": model, **common, **enlarged(way, photos, task.scale)}
        elif isinstance(task, RestoreTask):
            restore: Way = nitido.Restorer.open(bundle.folder, runtime=args.runtime)
            ways = {"none": lambda pixels: pixels, bundle.manifest.name: restore}
            for row in restored(ways, photos, args.grid):
                yield {"table": "restore", **common, **row}
        else:
            raise InvalidOption(f"expected upscalers and restorers, got {name}, whose task is {task.kind}")


def filtered(kind: Image.Resampling, scale: int) -> Way:
    """Enlarging by one of Pillow's filters."""

    def enlarge(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        return np.asarray(Image.fromarray(pixels).resize((scale * width, scale * height), kind))

    return enlarge


def enlarged(way: Way, photos: Sequence[Pixels], scale: int) -> Row:
    """Photos shrunk as MATLAB does and enlarged again; a border of ``scale`` pixels is left out."""
    rows = []
    for photo in photos:
        large = crop_to_multiple(photo, scale)
        rows.append(figures(way(bicubic_downscale(large, scale)), large, scale))
    return {"scale": scale, "border": scale, **mean(rows)}


def restored(ways: dict[str, Way], photos: Sequence[Pixels], grids: Sequence[str]) -> Iterator[Row]:
    """Photos damaged in each way of the grids, the same for all; no border is left out."""
    for damage in grids:
        for level, degradation in GRIDS[damage].items():
            rngs = [np.random.default_rng(FIRST_SEED + index) for index in range(len(photos))]
            damaged = [degrade(p, degradation, rng).pixels for p, rng in zip(photos, rngs, strict=True)]
            for model, way in ways.items():
                rows = [figures(way(d), photo, 0) for d, photo in zip(damaged, photos, strict=True)]
                yield {"model": model, "damage": damage, "level": level, "border": 0, **mean(rows)}


SUITE = Suite(
    name="quality",
    help="PSNR, SSIM, MS-SSIM and a perceptual distance on any folder, over grids of JPEG, noise and blur",
    arguments=arguments,
    measure=measure,
    columns=(
        ("model", "model", ""),
        ("folder", "photos of", ""),
        ("photos", "photos", "d"),
        ("scale", "scale", "d"),
        ("damage", "damage", ""),
        ("level", "level", ""),
        ("border", "border, pixels", "d"),
        ("psnr_y", "PSNR (Y), dB", ".2f"),
        ("psnr_rgb", "PSNR (RGB)", ".2f"),
        ("ssim_y", "SSIM (Y)", ".4f"),
        ("ssim_rgb", "SSIM (RGB)", ".4f"),
        ("ms_ssim", "MS-SSIM", ".4f"),
        ("flip", "FLIP", ".4f"),
    ),
    keys=("table", "model", "folder", "scale", "damage", "level"),
    gates=(Gate("psnr_y", "higher", 0.02), Gate("ssim_y", "higher", 0.0005)),
)
