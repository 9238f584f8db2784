"""The options that several commands share, and how their text becomes values."""

from __future__ import annotations

import argparse
import math
from typing import TypeAlias

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class Command(argparse.Namespace):
    """The parsed options of ``add_common``."""

    json: bool
    runtime: str | None
    device: str
    threads: int | None
    max_megapixels: float


class FolderCommand(Command):
    """Those of ``add_folder_run`` as well."""

    source: str
    output: str
    recursive: bool
    overwrite: bool


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout, nothing else")


def add_common(parser: argparse.ArgumentParser) -> None:
    """What every command that reads photos takes."""
    add_json(parser)
    add_runtime(parser)
    parser.add_argument(
        "--max-megapixels",
        type=positive_float,
        default=200.0,
        metavar="MP",
        help="refuse larger photos (default: %(default)g)",
    )


def add_runtime(parser: argparse.ArgumentParser) -> None:
    """What runs the models."""
    parser.add_argument(
        "--runtime", metavar="NAME", help="onnx, litert or a build such as onnx-fp32 (default: onnx)"
    )
    parser.add_argument(
        "--device",
        default="cpu",
        metavar="NAME",
        help="cpu, gpu, npu, or auto for the best that is here, with a warning where it computes wrongly "
        "(default: %(default)s); see nitido doctor",
    )
    parser.add_argument(
        "--threads", type=positive_int, metavar="N", help="threads of the runtime (default: its own)"
    )


def add_folder_run(parser: argparse.ArgumentParser) -> None:
    """What every command that turns a file or folder into another takes."""
    parser.add_argument("source", metavar="SRC", help="a photo, or a folder of photos")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="DST",
        help="a file or folder for a photo, a folder for a folder",
    )
    parser.add_argument("--recursive", action="store_true", help="enter the subfolders of SRC")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace files that exist; SRC itself if it is DST"
    )


def positive_int(text: str) -> int:
    """An integer of at least 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return value


def positive_float(text: str) -> float:
    """A finite number above 0."""
    value = finite_float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def finite_float(text: str) -> float:
    """A number that is neither infinite nor NaN."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}")
    return value


def width_and_height(text: str) -> tuple[int, int]:
    """``3000x2000``."""
    width, times, height = text.lower().partition("x")
    if not times:
        raise argparse.ArgumentTypeError(f"expected WIDTHxHEIGHT, as in 3000x2000, got {text!r}")
    return positive_int(width), positive_int(height)


def html_page(text: str) -> str:
    """The name of a page to write: no photo is replaced by one through a slip."""
    if not text.lower().endswith((".html", ".htm")):
        raise argparse.ArgumentTypeError(f"expected a page that ends in .html, got {text!r}")
    return text


def strength(text: str) -> float | dict[str, float]:
    """``0.5`` for all factors, or ``denoise=0.8,deblur=0.5``; factors that are not named count as 0."""
    if "=" not in text:
        return share(text)
    chosen = {}
    for part in text.split(","):
        factor, equals, value = part.partition("=")
        if not equals or not factor.strip() or factor.strip() in chosen:
            raise argparse.ArgumentTypeError(f"expected factor=S,factor=S, each factor once, got {text!r}")
        chosen[factor.strip()] = share(value)
    return chosen


def share(text: str) -> float:
    """A number from 0 to 1."""
    value = finite_float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a strength from 0 to 1, got {text!r}")
    return value
