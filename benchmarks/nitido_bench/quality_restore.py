"""Suite ``quality-restore``: what restorers gain on each kind of damage, and what they do to clean photos."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

import nitido
from nitido.blur import Blur
from nitido.chroma import luma_of
from nitido_bench import testsets
from nitido_bench.suite import Gate, Row, Suite
from nitido_train.degrade import Degradation, Saturation, degrade
from nitido_train.metrics import luma, psnr

FIRST_SEED = 10_000
"""Photo i is degraded with seed 10,000 + i; training draws everything from other seeds."""
EQUAL = 99.0
"""Stands for the infinite PSNR of equal photos."""

Draw = Callable[[np.random.Generator], Degradation]
Show = Callable[[testsets.Image], testsets.Image]


def _motion(length: float, other: Degradation) -> Draw:
    """Motion at any angle, and more."""
    return lambda rng: replace(other, blur=Blur("motion", length, float(rng.uniform(0, np.pi))))


def _fixed(degradation: Degradation) -> Draw:
    return lambda rng: degradation


_NIGHT = Saturation(knee=150, slope=4, spill=0.3, reach=3)
PROTOCOLS: Mapping[str, Draw] = {
    "Gaussian noise, sigma 25": _fixed(Degradation(read_noise=25)),
    "camera noise": _fixed(Degradation(read_noise=8, shot_noise=1, mosaic=True)),
    "motion blur, length 9, any angle; noise sigma 2": _motion(9, Degradation(read_noise=2)),
    "defocus, radius 2; noise sigma 2": _fixed(Degradation(blur=Blur("disc", 2), read_noise=2)),
    "blown highlights": _fixed(Degradation(saturation=_NIGHT)),
    "noise sigma 10, JPEG 40": _fixed(Degradation(read_noise=10, jpeg_quality=40)),
    "motion blur, length 7; noise sigma 4; JPEG 60": _motion(7, Degradation(read_noise=4, jpeg_quality=60)),
    "blown highlights, camera noise, JPEG 60": _fixed(
        Degradation(saturation=_NIGHT, read_noise=8, shot_noise=1, mosaic=True, jpeg_quality=60)
    ),
}
"""What BSD100 is damaged by; every stage rounds to 8 bits, PSNR is over all channels."""

QUALITIES = (10, 20, 40)
"""Of JPEG on LIVE1, as papers have it: the luma of the photo is compressed and restored as a grey photo."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with BSD100 and LIVE1")
    parser.add_argument(
        "--bundle", nargs="+", default=["restore"], help="zoo names or bundle folders (default: restore)"
    )
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--limit", type=int, help="only the first photos of each set")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """Per bundle a row for each protocol, for clean photos, and for each quality of JPEG."""
    photos = [
        testsets.as_rgb(testsets.load(file)) for file in testsets.files(args.data, "BSD100", args.limit)
    ]
    lumas = [
        testsets.as_rgb(luma(testsets.load(file)).astype(np.uint8))
        for file in testsets.files(args.data, "LIVE1", args.limit)
    ]
    for name in args.bundle:
        restore = nitido.Restorer.open(name, runtime=args.runtime)
        who: Row = {"model": Path(name).name, "target": restore.info.target}
        for protocol, draw in PROTOCOLS.items():
            yield {**who, "table": "BSD100", "degradation": protocol, **_gains(restore, photos, draw)}
        clean = np.mean([min(psnr(restore(photo), photo), EQUAL) for photo in photos])
        none: Row = {"degradation": "none: distance to the input", "photos": len(photos)}
        yield {**who, "table": "BSD100", **none, "psnr": round(float(clean), 3)}
        for quality in QUALITIES:
            draw = _fixed(Degradation(jpeg_quality=quality))
            yield {**who, "table": "LIVE1", "jpeg": quality, **_gains(restore, lumas, draw, luma_of)}


def _gains(
    restore: nitido.Restorer, photos: Iterable[testsets.Image], draw: Draw, seen: Show = lambda photo: photo
) -> Row:
    """PSNR before and after of what is ``seen`` of the photos."""
    before, after = [], []
    for index, clean in enumerate(photos):
        rng = np.random.default_rng(FIRST_SEED + index)
        degraded = degrade(clean, draw(rng), rng).pixels
        before.append(psnr(seen(degraded), seen(clean)))
        after.append(psnr(seen(restore(degraded)), seen(clean)))
    gains = np.subtract(after, before)
    return {
        "photos": len(gains),
        "psnr_before": round(float(np.mean(before)), 3),
        "psnr": round(float(np.mean(after)), 3),
        "gain": round(float(gains.mean()), 3),
        "worst_gain": round(float(gains.min()), 3),
        "worse": int((gains < 0).sum()),
    }


SUITE = Suite(
    name="quality-restore",
    help="gain of restorers on degraded BSD100, and on LIVE1 with JPEG",
    arguments=arguments,
    measure=measure,
    columns=(
        ("model", "model", ""),
        ("degradation", "BSD100 with", ""),
        ("jpeg", "LIVE1, luma, JPEG quality", "d"),
        ("psnr_before", "PSNR before, dB", ".2f"),
        ("psnr", "after", ".2f"),
        ("gain", "mean gain", "+.2f"),
        ("worst_gain", "worst photo", "+.2f"),
        ("worse", "photos made worse", "d"),
    ),
    keys=("table", "model", "degradation", "jpeg"),
    gates=(Gate("psnr", "higher", 0.02),),
)
