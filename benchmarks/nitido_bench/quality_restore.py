"""Suite ``quality-restore``: what the restorer gains on BSD100, and what it does to clean photos."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

import nitido
from nitido.blur import Blur
from nitido_bench import testsets
from nitido_bench.suite import Row, Suite
from nitido_train.degrade import blurred, compressed, noisy
from nitido_train.metrics import luma, psnr

FIRST_SEED = 10_000
"""Photo i is degraded with seed 10,000 + i; training draws everything from other seeds."""

Damage = Callable[[testsets.Image, np.random.Generator], testsets.Image]


def _motion(clean: testsets.Image, rng: np.random.Generator) -> testsets.Image:
    return blurred(clean, Blur("motion", 9, float(rng.uniform(0, np.pi))))


DAMAGES: Mapping[str, Damage] = {
    "Gaussian noise, sigma 25": lambda clean, rng: noisy(clean, 25, 0, rng),
    "JPEG quality 20, luma": lambda clean, rng: compressed(clean, 20),
    "motion blur, length 9, any angle": _motion,
    "defocus, radius 2": lambda clean, rng: blurred(clean, Blur("disc", 2)),
}


def reference(image: testsets.Image, damage: str) -> testsets.Image:
    """What the result is compared with: the photo, or its luma as a grey photo where that is compressed."""
    if damage.endswith("luma"):
        return testsets.as_rgb(luma(image).astype(np.uint8))
    return testsets.as_rgb(image)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with BSD100")
    parser.add_argument("--bundle", default="restore", help="zoo name or bundle folder (default: restore)")
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--limit", type=int, help="only the first photos")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per degradation, and one for clean photos."""
    restore = nitido.Restorer.open(args.bundle, runtime=args.runtime)
    images = [testsets.load(file) for file in testsets.files(args.data, "BSD100", args.limit)]
    for name, damage in DAMAGES.items():
        before, after = [], []
        for index, image in enumerate(images):
            clean = reference(image, name)
            degraded = damage(clean, np.random.default_rng(FIRST_SEED + index))
            before.append(psnr(degraded, clean))
            after.append(psnr(restore(degraded), clean))
        gains = np.subtract(after, before)
        yield {
            "degradation": name,
            "photos": len(images),
            "target": restore.info.target,
            "psnr_before": round(float(np.mean(before)), 3),
            "psnr": round(float(np.mean(after)), 3),
            "gain": round(float(gains.mean()), 3),
            "worst_gain": round(float(gains.min()), 3),
            "worse": int((gains < 0).sum()),
        }
    clean_psnr = [min(psnr(restore(rgb), rgb), 99.0) for rgb in map(testsets.as_rgb, images)]
    yield {
        "degradation": "none: distance to the input",
        "photos": len(images),
        "target": restore.info.target,
        "psnr": round(float(np.mean(clean_psnr)), 3),
    }


SUITE = Suite(
    name="quality-restore",
    help="gain of the restorer on degraded BSD100",
    arguments=arguments,
    measure=measure,
    columns=(
        ("degradation", "BSD100 with", ""),
        ("psnr_before", "PSNR before, dB", ".2f"),
        ("psnr", "after", ".2f"),
        ("gain", "mean gain", "+.2f"),
        ("worst_gain", "worst photo", "+.2f"),
        ("worse", "photos made worse", "d"),
    ),
)
