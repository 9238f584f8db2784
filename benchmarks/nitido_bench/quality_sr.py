"""Suite ``quality-sr``: how good the upscalers are on Set5, Set14 and BSD100, by the papers' protocol."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import nitido
from nitido.bundle.manifest import UpscaleTask
from nitido_bench import testsets
from nitido_bench.bicubic import bicubic_scores
from nitido_bench.sr_models import AnyUpscaler
from nitido_bench.suite import Gate, Row, Suite
from nitido_train.metrics import gradient_error, psnr_y, ssim_y
from nitido_train.nets.squeezenet import FeatureDistance, load
from nitido_train.resample import bicubic_downscale, crop_to_multiple

FIGURES = {"psnr": 4, "ssim": 5, "gradient_error": 3, "feature_distance": 4}
"""What is measured of each photo, and to how many decimals."""


def scores(
    upscaler: AnyUpscaler, image: testsets.Image, distance: FeatureDistance | None = None
) -> dict[str, float]:
    """Figures of one image shrunk by MATLAB's bicubic and enlarged: on luma, border = scale.

    PSNR in dB, SSIM, the error of gradient magnitudes in grey levels, and on whole RGB images SqueezeNet's
    feature distance where its network is given.
    """
    scale = upscaler.scale
    large = crop_to_multiple(image, scale)
    enlarged = upscaler(testsets.as_rgb(bicubic_downscale(large, scale)))
    ours = testsets.like(enlarged, large)
    found = {
        "psnr": psnr_y(ours, large, scale),
        "ssim": ssim_y(ours, large, scale),
        "gradient_error": gradient_error(ours, large, scale),
    }
    if distance is not None:
        found["feature_distance"] = distance.of_pixels(enlarged, testsets.as_rgb(large))
    return found


def mean_scores(
    upscaler: AnyUpscaler, images: Sequence[testsets.Image], distance: FeatureDistance | None = None
) -> dict[str, float]:
    """Rounded means of ``scores`` over images."""
    rows = [scores(upscaler, image, distance) for image in images]
    return {
        name: round(float(np.mean([row[name] for row in rows])), digits)
        for name, digits in FIGURES.items()
        if name in rows[0]
    }


def bundles(chosen: Sequence[str], scales: Sequence[int]) -> list[nitido.Bundle]:
    """The chosen bundles, or all of the zoo whose names begin with ``sr-``; by scale and size."""
    names = chosen or [name for name in nitido.zoo.names() if name.startswith("sr-")]
    opened = [nitido.Bundle.open(name) for name in names]
    kept = [bundle for bundle in opened if chosen or bundle.task(UpscaleTask).scale in scales]
    return sorted(kept, key=lambda bundle: (bundle.task(UpscaleTask).scale, parameters(bundle)))


def parameters(bundle: nitido.Bundle) -> int:
    """How many parameters its recipe counted; 0 where it did not."""
    return int(bundle.manifest.provenance.get("measured", {}).get("parameters", 0))


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with Set5, Set14 and BSD100")
    parser.add_argument(
        "--bundle", nargs="+", default=[], help="bundles by folder or name (default: all of the zoo)"
    )
    parser.add_argument(
        "--scale", type=int, choices=testsets.SCALES, nargs="+", default=testsets.SCALES, help="of the zoo's"
    )
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--squeezenet", type=Path, help="SqueezeNet 1.0 weights (.npz): adds its distance")
    parser.add_argument("--limit", type=int, help="only the first photos of each set")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per bundle and set."""
    distance = FeatureDistance(load(args.squeezenet)) if args.squeezenet else None
    for bundle in bundles(args.bundle, args.scale):
        upscaler, counted = nitido.Upscaler.open(bundle.folder, runtime=args.runtime), parameters(bundle)
        for name in testsets.SETS:
            images = [testsets.load(file) for file in testsets.files(args.data, name, args.limit)]
            bicubic_psnr, bicubic_ssim = np.mean(
                [bicubic_scores(image, upscaler.scale) for image in images], axis=0
            )
            yield {
                "model": bundle.manifest.name,
                **({"parameters": counted} if counted else {}),
                "scale": upscaler.scale,
                "set": name,
                "photos": len(images),
                "target": upscaler.info.target,
                **mean_scores(upscaler, images, distance),
                "bicubic_psnr": round(float(bicubic_psnr), 4),
                "bicubic_ssim": round(float(bicubic_ssim), 5),
            }


SUITE = Suite(
    name="quality-sr",
    help="PSNR, SSIM and edges of the upscalers on Set5, Set14, BSD100",
    arguments=arguments,
    measure=measure,
    columns=(
        ("model", "model", ""),
        ("parameters", "parameters", ",d"),
        ("scale", "scale", "d"),
        ("set", "set", ""),
        ("psnr", "PSNR (Y), dB", ".2f"),
        ("ssim", "SSIM (Y)", ".4f"),
        ("gradient_error", "error of gradients, grey levels", ".2f"),
        ("feature_distance", "SqueezeNet feature distance", ".4f"),
        ("bicubic_psnr", "bicubic PSNR", ".2f"),
        ("bicubic_ssim", "bicubic SSIM", ".4f"),
    ),
    keys=("model", "scale", "set"),
    gates=(
        Gate("psnr", "higher", 0.02),
        Gate("ssim", "higher", 0.0005),
    ),
)
