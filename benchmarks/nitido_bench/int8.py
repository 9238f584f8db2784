"""Suite ``int8``: what each build of the upscalers loses on Set14 against float32, and what it weighs."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import nitido
from nitido.bundle.manifest import UpscaleTask
from nitido_bench import testsets
from nitido_bench.quality_sr import bundles
from nitido_bench.suite import Gate, Row, Suite
from nitido_train.metrics import psnr_y
from nitido_train.resample import bicubic_downscale, crop_to_multiple


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with Set14")
    parser.add_argument(
        "--bundle", nargs="+", default=[], help="bundles by folder or name (default: all of the zoo)"
    )
    parser.add_argument(
        "--scale", type=int, choices=testsets.SCALES, nargs="+", default=testsets.SCALES, help="of the zoo's"
    )
    parser.add_argument("--limit", type=int, help="only the first photos")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per bundle and build, in the order of the bundle."""
    images = [testsets.load(file) for file in testsets.files(args.data, "Set14", args.limit)]
    for bundle in bundles(args.bundle, args.scale):
        yield from rows(bundle, images)


def rows(bundle: nitido.Bundle, images: Sequence[testsets.Image]) -> Iterator[Row]:
    """The builds of one bundle; what they lose is against the runtime's own first build of floats."""
    exact: dict[str, float] = {}
    for build in bundle.builds():
        psnr = mean_psnr(nitido.Upscaler.open(bundle.folder, runtime=build.target), images)
        if build.target in (f"{build.runtime}-fp32", f"{build.runtime}-fp16"):
            exact.setdefault(build.runtime, psnr)
        row: Row = {
            "model": bundle.manifest.name,
            "scale": bundle.task(UpscaleTask).scale,
            "target": build.target,
            "kilobytes": round(build.bytes / 1000, 1),
            "photos": len(images),
            "psnr": round(psnr, 4),
            "parity_db": build.parity["psnr_db"],
        }
        if build.runtime in exact:
            row["lost"] = round(exact[build.runtime] - psnr, 4)
        yield row


def mean_psnr(upscaler: nitido.Upscaler, images: Sequence[testsets.Image]) -> float:
    """PSNR in dB on luma, border = scale, of images shrunk by MATLAB's bicubic and enlarged."""
    found = []
    for image in images:
        large = crop_to_multiple(image, upscaler.scale)
        enlarged = upscaler(testsets.as_rgb(bicubic_downscale(large, upscaler.scale)))
        found.append(psnr_y(testsets.like(enlarged, large), large, upscaler.scale))
    return float(np.mean(found))


SUITE = Suite(
    name="int8",
    help="what 8 and 16 bits lose on Set14 against float32",
    arguments=arguments,
    measure=measure,
    columns=(
        ("model", "model", ""),
        ("target", "build", ""),
        ("kilobytes", "kB", ".0f"),
        ("psnr", "PSNR (Y) on Set14, dB", ".2f"),
        ("lost", "lost, dB", "+.3f"),
        ("parity_db", "worst sample against torch, dB", ".0f"),
    ),
    keys=("model", "target"),
    gates=(Gate("psnr", "higher", 0.02),),
)
