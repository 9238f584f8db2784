"""The picture ``sr-crops``: parts of photos and of rendered text, shrunk and enlarged by several models."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nitido.photo.model import Pixels
from nitido_bench.sr_models import AnyUpscaler, open_model
from nitido_train.data import load_rgb
from nitido_train.resample import bicubic_downscale, bicubic_upscale, crop_to_multiple

GAP = 4
CAPTION = 20
SENTENCES = (
    "Sphinx of black quartz, judge my vow.",
    "0123456789 (8 & 6) 3.14 % $ @ #",
    "WAVING MILLIMETRE Illinois rnm",
    "Nitido draws no letter anew.",
)
TEXT_SIZES = (20, 16, 14, 12, 10)
"""Height of the letters in pixels, before shrinking."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--model", nargs="+", required=True, help="bundles by name or folder, or checkpoints (.safetensors)"
    )
    parser.add_argument("--label", nargs="+", help="captions of the models (default: their names)")
    parser.add_argument("--photo", type=Path, nargs="+", default=[], help="photos; each is a row")
    parser.add_argument("--text", action="store_true", help="a last row of rendered text")
    parser.add_argument("--side", type=int, default=120, help="of the parts shown, in pixels (default: 120)")
    parser.add_argument(
        "--as-is", action="store_true", help="enlarge photos that are small, instead of shrinking them first"
    )
    parser.add_argument("--zoom", type=int, default=2, help="pixels of the picture for each (default: 2)")
    parser.add_argument("--out", type=Path, required=True, help="picture to write (.png)")


def run(args: argparse.Namespace) -> tuple[int, str]:
    """Draw the picture."""
    make(args)
    return 0, str(args.out)


def make(args: argparse.Namespace) -> None:
    """Write the picture. Raises ValueError where it would be empty or a caption is missing."""
    labels = args.label or [Path(name).stem for name in args.model]
    if len(labels) != len(args.model) or not (args.photo or args.text):
        raise ValueError(
            f"expected photos or --text, and as many labels as models ({len(args.model)}), got "
            f"{len(args.photo)} photos and {len(labels)} labels"
        )
    models = [open_model(name) for name in args.model]
    sources = [load_rgb(file) for file in args.photo] + ([rendered_text()] if args.text else [])
    cut = enlarged if args.as_is else versions
    rows = [cut(source, models, args.side) for source in sources]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    captions = ["bicubic", *labels] if args.as_is else ["original", "bicubic", *labels]
    sheet(captions, rows, args.zoom).save(args.out)


def versions(large: Pixels, models: Sequence[AnyUpscaler], side: int) -> list[Pixels]:
    """The same part of the photo, of bicubic interpolation (first model's scale) and of each model's result.

    The part is where the first and the last model differ most; a single model, where it is furthest from the
    photo.
    """
    large = crop_to_multiple(large, 12)  # whatever the scales, results are of one size
    scale = models[0].scale
    results = [model(bicubic_downscale(large, model.scale)) for model in models]
    first = large if len(models) == 1 else results[0]
    part = most_different(first, results[-1], side)
    bicubic = bicubic_upscale(bicubic_downscale(large, scale), scale)
    return [np.ascontiguousarray(image[part]) for image in (large, bicubic, *results)]


def enlarged(small: Pixels, models: Sequence[AnyUpscaler], side: int) -> list[Pixels]:
    """The same part of the photo enlarged as it is, by bicubic interpolation and by each model.

    The part is where the first model, or bicubic interpolation beside a single one, and the last differ most.
    """
    bicubic = bicubic_upscale(small, models[0].scale)
    results = [model(small) for model in models]
    part = most_different(bicubic if len(models) == 1 else results[0], results[-1], side)
    return [np.ascontiguousarray(image[part]) for image in (bicubic, *results)]


def most_different(a: Pixels, b: Pixels, side: int) -> tuple[slice, slice]:
    """The square, or what of it fits in, whose pixels differ most; on a grid of half its side."""
    change = np.abs(a.astype(np.int16) - b).mean(2)
    height, width = change.shape
    corners = [
        (top, left)
        for top in range(0, max(1, height - side + 1), side // 2)
        for left in range(0, max(1, width - side + 1), side // 2)
    ]
    top, left = max(corners, key=lambda at: change[at[0] : at[0] + side, at[1] : at[1] + side].mean())
    return slice(top, top + side), slice(left, left + side)


def rendered_text() -> Pixels:
    """A page of text in several sizes, dark on light and light on dark."""
    page = Image.new("RGB", (480, 360), (248, 246, 240))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 180, 480, 360), (24, 34, 60))
    for half, colour in enumerate(((20, 20, 24), (240, 226, 180))):
        top = 180 * half + 8
        for number, size in enumerate(TEXT_SIZES):
            text = " ".join((SENTENCES[number % len(SENTENCES)], SENTENCES[(number + 1) % len(SENTENCES)]))
            draw.text((8, top), text, colour, ImageFont.load_default(size))
            top += round(1.7 * size) + 4
    return np.asarray(page)


def sheet(captions: Sequence[str], rows: Sequence[Sequence[Pixels]], zoom: int) -> Image.Image:
    """Parts row by row under their captions, every pixel a square of ``zoom``."""
    width = max(row[0].shape[1] for row in rows) * zoom
    heights = [row[0].shape[0] * zoom for row in rows]
    size = len(captions) * (width + GAP) + GAP, CAPTION + sum(heights) + GAP * (len(rows) + 1)
    picture = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(CAPTION - 7)
    for column, caption in enumerate(captions):
        draw.text((GAP + column * (width + GAP), 2), caption, "black", font)
    top = CAPTION + GAP
    for row, height in zip(rows, heights, strict=True):
        for column, part in enumerate(row):
            enlarged = part.repeat(zoom, 0).repeat(zoom, 1)
            picture.paste(Image.fromarray(enlarged), (GAP + column * (width + GAP), top))
        top += height + GAP
    return picture
