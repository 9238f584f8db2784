"""Suite ``quality-color``: how near a colorizer comes to true colours, against leaving photos grey."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import nitido
from nitido.chroma import is_grey, luma_of
from nitido_bench import testsets
from nitido_bench.suite import Row, Suite
from nitido_train.data import held_out_photos, load_all
from nitido_train.metrics import colourfulness, psnr_chroma


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with BSD100")
    parser.add_argument("--photos", type=Path, help="training photos, of which the held-out ones are taken")
    parser.add_argument("--bundle", default="colorize", help="zoo name or bundle folder (default: colorize)")
    parser.add_argument("--strength", type=float, nargs="+", default=[1.0, 0.5], help="default: 1 and 0.5")
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--limit", type=int, help="only the first photos of each set")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per set and strength; photos without colours are left out."""
    colorizer = nitido.Colorizer.open(args.bundle, runtime=args.runtime)
    sets = {"BSD100": testsets.files(args.data, "BSD100", args.limit)}
    if args.photos is not None:
        sets["held-out photos"] = held_out_photos(args.photos)[: args.limit]
    for name, files in sets.items():
        photos = [photo for photo in load_all(files) if not is_grey(photo)]
        for strength in args.strength:
            yield {"set": name, "strength": strength, **_compared(colorizer, photos, strength)}


def _compared(colorizer: nitido.Colorizer, photos: Sequence[testsets.Image], strength: float) -> Row:
    chroma, grey_chroma, colours, true_colours = [], [], [], []
    for photo in photos:
        grey = testsets.as_rgb(luma_of(photo))
        result = colorizer(grey, strength)
        chroma.append(psnr_chroma(result, photo))
        grey_chroma.append(psnr_chroma(grey, photo))
        colours.append(colourfulness(result))
        true_colours.append(colourfulness(photo))
    gains = np.subtract(chroma, grey_chroma)
    return {
        "photos": len(photos),
        "target": colorizer.info.target,
        "psnr_grey": round(float(np.mean(grey_chroma)), 3),
        "psnr": round(float(np.mean(chroma)), 3),
        "closer": int((gains > 0).sum()),
        "colourfulness_true": round(float(np.mean(true_colours)), 2),
        "colourfulness": round(float(np.mean(colours)), 2),
    }


SUITE = Suite(
    name="quality-color",
    help="chroma PSNR and colourfulness of the colorizer against grey",
    arguments=arguments,
    measure=measure,
    columns=(
        ("set", "set", ""),
        ("strength", "strength", "g"),
        ("photos", "photos", "d"),
        ("psnr_grey", "chroma PSNR of grey, dB", ".2f"),
        ("psnr", "of the result", ".2f"),
        ("closer", "photos closer than grey", "d"),
        ("colourfulness_true", "colourfulness, true", ".1f"),
        ("colourfulness", "of the result", ".1f"),
    ),
)
