"""Suite ``quality-sr``: PSNR and SSIM of the upscalers on Set5, Set14 and BSD100, by the papers' protocol."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import nitido
from nitido_bench import testsets
from nitido_bench.bicubic import bicubic_scores
from nitido_bench.suite import Row, Suite
from nitido_train.metrics import psnr_y, ssim_y
from nitido_train.resample import bicubic_downscale, crop_to_multiple


def scores(upscaler: nitido.Upscaler, image: testsets.Image) -> tuple[float, float]:
    """PSNR in dB and SSIM on luma, border = scale, of an image shrunk by MATLAB's bicubic and enlarged."""
    large = crop_to_multiple(image, upscaler.scale)
    small = bicubic_downscale(large, upscaler.scale)
    enlarged = testsets.like(upscaler(testsets.as_rgb(small)), large)
    return psnr_y(enlarged, large, upscaler.scale), ssim_y(enlarged, large, upscaler.scale)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with Set5, Set14 and BSD100")
    parser.add_argument("--scale", type=int, choices=testsets.SCALES, nargs="+", default=testsets.SCALES)
    parser.add_argument(
        "--bundle", type=Path, help="a bundle folder instead of the zoo's; give its --scale too"
    )
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--limit", type=int, help="only the first photos of each set")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per scale and set."""
    for scale in args.scale:
        upscaler = nitido.Upscaler.open(args.bundle, scale=scale, runtime=args.runtime)
        for name in testsets.SETS:
            images = [testsets.load(file) for file in testsets.files(args.data, name, args.limit)]
            psnr, ssim = np.mean([scores(upscaler, image) for image in images], axis=0)
            bicubic_psnr, bicubic_ssim = np.mean([bicubic_scores(image, scale) for image in images], axis=0)
            yield {
                "scale": scale,
                "set": name,
                "photos": len(images),
                "target": upscaler.info.target,
                "psnr": round(float(psnr), 4),
                "ssim": round(float(ssim), 5),
                "bicubic_psnr": round(float(bicubic_psnr), 4),
                "bicubic_ssim": round(float(bicubic_ssim), 5),
            }


SUITE = Suite(
    name="quality-sr",
    help="PSNR and SSIM of the upscalers on Set5, Set14, BSD100",
    arguments=arguments,
    measure=measure,
    columns=(
        ("scale", "scale", "d"),
        ("set", "set", ""),
        ("psnr", "PSNR (Y), dB", ".2f"),
        ("ssim", "SSIM (Y)", ".4f"),
        ("bicubic_psnr", "bicubic PSNR", ".2f"),
        ("bicubic_ssim", "bicubic SSIM", ".4f"),
    ),
)
