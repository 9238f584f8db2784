"""The picture ``contact-sheet``: parts of real photos before and after restoration, side by side."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import nitido
from nitido.photo.model import Pixels
from nitido_train.data import list_photos

GAP = 6
CAPTION = 16
"""Height of the line below each pair."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos as cameras save them")
    parser.add_argument("--out", type=Path, required=True, help="picture to write (.jpg, .webp or .png)")
    parser.add_argument("--bundle", default="restore", help="zoo name or bundle folder (default: restore)")
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--side", type=int, default=192, help="of the parts shown, in pixels (default: 192)")
    parser.add_argument("--columns", type=int, default=4, help="pairs side by side (default: 4)")
    parser.add_argument("--limit", type=int, help="only the first photos")


def run(args: argparse.Namespace) -> tuple[int, str]:
    """Draw the picture and say which photos are not in it."""
    return 0, "\n".join([*(f"not shown: {reason}" for reason in make(args)), str(args.out)])


def make(args: argparse.Namespace) -> list[str]:
    """Write the picture; returns one line for each photo that could not be shown."""
    restore = nitido.Restorer.open(args.bundle, runtime=args.runtime)
    pairs, missing = [], []
    for file in list_photos(args.photos)[: args.limit]:
        try:
            photo = nitido.read_photo(file)
        except nitido.NitidoError as error:
            missing.append(str(error))
            continue
        before, after = most_changed(photo.pixels, restore(photo.pixels), args.side)
        pairs.append((file.stem, before, after))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    sheet(pairs, args.side, args.columns).save(args.out, quality=90)
    return missing


def most_changed(before: Pixels, after: Pixels, side: int) -> tuple[Pixels, Pixels]:
    """The same part of both, up to ``side`` pixels a side: that of a grid whose detail changed most.

    A sky that got a little darker changed too, and shows nothing.
    """
    height, width = before.shape[:2]
    change = (after.astype(np.int16) - before).mean(2)
    corners = [
        (top, left)
        for top in range(0, max(1, height - side + 1), max(1, side // 2))
        for left in range(0, max(1, width - side + 1), max(1, side // 2))
    ]
    top, left = max(corners, key=lambda at: change[at[0] : at[0] + side, at[1] : at[1] + side].std())
    part = slice(top, top + side), slice(left, left + side)
    return before[part], after[part]


def sheet(pairs: Sequence[tuple[str, Pixels, Pixels]], side: int, columns: int) -> Image.Image:
    """Pairs row by row, before on the left, each with its caption below."""
    cell = 2 * side + 2 * GAP, side + CAPTION + GAP
    rows = max(1, math.ceil(len(pairs) / columns))
    picture = Image.new("RGB", (columns * cell[0] + GAP, rows * cell[1] + GAP), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(CAPTION - 4)
    for index, (caption, before, after) in enumerate(pairs):
        row, column = divmod(index, columns)
        left, top = column * cell[0] + GAP, row * cell[1] + GAP
        for number, part in enumerate((before, after)):
            picture.paste(Image.fromarray(np.ascontiguousarray(part)), (left + number * side, top))
        draw.text((left, top + side), caption, "black", font)
    return picture
