"""Suite ``bicubic``: the measuring tools themselves, checked against published tables of MATLAB's bicubic."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nitido_bench import testsets
from nitido_bench.suite import Row, Suite
from nitido_train.metrics import psnr_y, ssim_y
from nitido_train.resample import bicubic_downscale, bicubic_upscale, crop_to_multiple


def bicubic_scores(image: testsets.Image, scale: int) -> tuple[float, float]:
    """PSNR in dB and SSIM on luma of an image that was shrunk and enlarged again; border = scale."""
    large = crop_to_multiple(image, scale)
    enlarged = bicubic_upscale(bicubic_downscale(large, scale), scale)
    return psnr_y(enlarged, large, scale), ssim_y(enlarged, large, scale)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with Set5, Set14 and BSD100")
    parser.add_argument(
        "--tables", type=Path, help="published tables (default: published_bicubic_tables beside DATA)"
    )


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per set and scale: published, measured, and the largest difference of any one photo."""
    tables = args.tables or args.data.parent / "published_bicubic_tables"
    for name in testsets.SETS:
        images = [testsets.load(file) for file in testsets.files(args.data, name)]
        for scale in testsets.SCALES:
            published = np.array(testsets.published_bicubic(tables, name, scale))
            here = np.array([bicubic_scores(image, scale) for image in images])
            apart = np.abs(here - published).max(axis=0)
            yield {
                "set": name,
                "scale": scale,
                "photos": len(images),
                "psnr_published": round(float(published[:, 0].mean()), 4),
                "psnr": round(float(here[:, 0].mean()), 4),
                "psnr_apart": round(float(apart[0]), 4),
                "ssim_published": round(float(published[:, 1].mean()), 5),
                "ssim": round(float(here[:, 1].mean()), 5),
                "ssim_apart": round(float(apart[1]), 5),
            }


SUITE = Suite(
    name="bicubic",
    help="PSNR, SSIM and bicubic resampling against published tables",
    arguments=arguments,
    measure=measure,
    columns=(
        ("set", "set", ""),
        ("scale", "scale", "d"),
        ("psnr_published", "PSNR published", ".2f"),
        ("psnr", "PSNR here", ".2f"),
        ("psnr_apart", "largest difference of a photo", ".3f"),
        ("ssim_published", "SSIM published", ".4f"),
        ("ssim", "SSIM here", ".4f"),
        ("ssim_apart", "largest difference of a photo", ".4f"),
    ),
)
