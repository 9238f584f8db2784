"""Suite ``video``: the video networks' quality and steadiness, and sending over bad connections."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import nitido
from nitido.runtime.session import usable_processors
from nitido_bench.suite import Gate, Row, Suite
from nitido_bench.video_live import live
from nitido_bench.video_quality import means, quality

TABLES = ("quality", "live")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--data", type=Path, help="folder with a folder of frames for each clip, as Vid4")
    parser.add_argument("--bundle", nargs="+", default=[], help="video bundles (default: the zoo's)")
    parser.add_argument("--tables", choices=TABLES, nargs="+", default=TABLES)
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--threads", type=int, default=usable_processors(), help="of the runtime")
    parser.add_argument("--limit", type=int, help="only the first frames of each clip")
    parser.add_argument("--crf", type=int, default=28, help="of x264, for compressed clips")
    parser.add_argument(
        "--compressed", type=float, nargs="*", default=[2, 4], metavar="RATIO", help="ratios to compress too"
    )
    parser.add_argument("--live", type=Path, help="a clip of 720p to send over simulated connections")
    parser.add_argument("--live-seconds", type=float, default=24.0, help="of sending over each")
    parser.add_argument("--live-rate", type=float, default=10.0, help="frames a second that are sent")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """Tables in their order, each for all bundles."""
    names = args.bundle or [name for name in nitido.zoo.names() if name.startswith("video")]
    bundles = [nitido.Bundle.open(name) for name in names]
    if "quality" in args.tables and args.data is not None:
        for bundle in bundles:
            rows = []
            for row in quality(bundle, args):
                rows.append(row)
                yield row
            yield from means(rows)
    if "live" in args.tables and args.live is not None:
        yield from live(bundles[0], args)  # it is the connection that is measured


SUITE = Suite(
    name="video",
    help="video networks: PSNR and steadiness on clips, sending over bad connections",
    arguments=arguments,
    measure=measure,
    columns=(
        ("model", "model", ""),
        ("clip", "clip", ""),
        ("path", "path", ""),
        ("crf", "x264 crf", "d"),
        ("single", "single-frame network", ""),
        ("single_cost", "its multiplications / the video network's", ".2f"),
        ("psnr", "PSNR (Y), dB", ".2f"),
        ("psnr_alone", "without memory", ".2f"),
        ("psnr_sr", "single-frame", ".2f"),
        ("psnr_bicubic", "bicubic", ".2f"),
        ("flicker", "flicker, grey levels", ".2f"),
        ("flicker_alone", "without memory", ".2f"),
        ("flicker_sr", "single-frame", ".2f"),
        ("flicker_bicubic", "bicubic", ".2f"),
        ("profile", "profile error, grey levels", ".2f"),
        ("profile_alone", "without memory", ".2f"),
        ("profile_sr", "single-frame", ".2f"),
        ("profile_bicubic", "bicubic", ".2f"),
        ("connection", "connection", ""),
        ("sender", "sender", ""),
        ("mean_kbps", "kb/s on average", "d"),
        ("longest_stall", "longest stall, s", ".2f"),
        ("stalled", "stalled in all, s", ".2f"),
        ("switches", "switches of size", "d"),
        ("delivered_psnr", "PSNR (Y) on the screen, dB", ".2f"),
    ),
    keys=("table", "model", "clip", "path", "crf", "connection", "sender"),
    gates=(
        Gate("psnr", "higher", 0.02),
        Gate("flicker", "lower", 0.02),
    ),
)
