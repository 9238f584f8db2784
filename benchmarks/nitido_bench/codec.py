"""Suite ``codec``: what photos cost and how they look, made small by filters and networks, and sent."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

import nitido
from nitido.bundle.bundle import Bundle
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido.sharing.grid import Plane, Shape
from nitido.sharing.wish import Wish
from nitido.tensors import fixed_size, pixels_to_tensor, vector_to_tensor
from nitido_bench import codec_chain as chain
from nitido_bench.codec_chain import Make, Receive
from nitido_bench.suite import Gate, Row, Suite
from nitido_train.data import held_out_photos, load_all

TABLES = ("photos", "video", "slider", "cost", "proxy")
_DETAILS = (0.0, 0.25, 0.5, 0.75, 1.0)
_DOUBLED = 0.5
"""The factor that the network ``sr-x2`` undoes; photos made small by others are enlarged by bicubic alone."""
_SLIDER_QUALITY = 75
_ROUNDS, _WARM = 25, 3


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--data", type=Path, required=True, help="training photos: the held-out ones are taken"
    )
    parser.add_argument("--clips", type=Path, nargs="+", default=[], help="folders of clips: adds a table")
    parser.add_argument("--bundle", default="share", help="zoo name or bundle folder (default: share)")
    parser.add_argument(
        "--fast", default="share-fast", help="the same for frames of clips (default: share-fast)"
    )
    parser.add_argument(
        "--pair",
        nargs=2,
        metavar=("DOWN", "UP"),
        help="a downscaler and an upscaler that were trained together: adds a table",
    )
    parser.add_argument("--proxy", type=Path, default=Path("training/checkpoints/codec-proxy.safetensors"))
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES, help="default: all")
    parser.add_argument("--codec", nargs="+", choices=tuple(chain.QUALITIES), default=["jpeg"])
    parser.add_argument("--factor", type=float, nargs="+", default=[0.5, 0.4, 0.66, 0.75])
    parser.add_argument("--receiver", nargs="+", choices=("bicubic", "sr"), default=["bicubic", "sr"])
    parser.add_argument("--detail", type=float, nargs="+", default=[0.0, 0.5, 1.0])
    parser.add_argument("--limit", type=int, default=20, help="so many photos, evenly chosen (default: 20)")
    parser.add_argument(
        "--side", type=int, default=640, help="their middles, at most so large (default: 640)"
    )
    parser.add_argument("--frames", type=int, default=24, help="of each clip, from its start (default: 24)")
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """Rows of the chosen tables."""
    downscaler = nitido.Downscaler.open(args.bundle, runtime=args.runtime)
    photos = middles(args.data, args.limit, args.side)
    if "photos" in args.tables:
        for codec in args.codec:
            for factor in args.factor:
                for receiver in args.receiver if factor == _DOUBLED else ("bicubic",):
                    yield from savings(downscaler, photos, codec, factor, receiver, args.detail)
    if args.pair is not None:
        for codec in args.codec:
            yield from paired(args.pair, photos, codec, args.detail)
    if "video" in args.tables and args.clips:
        from nitido_bench import codec_video

        found = {
            folder.name: list(codec_video.shots(folder, args.frames, args.limit)) for folder in args.clips
        }
        downscalers = {"learned": downscaler, "fast": nitido.Downscaler.open(args.fast, runtime=args.runtime)}
        for receiver in args.receiver:
            yield from codec_video.measure(downscalers, found, receiver, args.detail)
    if "slider" in args.tables:
        yield from slider(downscaler, photos)
    if "cost" in args.tables:
        yield from cost(args)
    if "proxy" in args.tables:
        yield from proxy(args)


def middles(folder: Path, limit: int, side: int) -> list[Pixels]:
    """The middles of photos that no recipe trains on."""
    files = held_out_photos(folder)
    chosen = files[:: max(1, len(files) // limit)][:limit]
    found = []
    for photo in load_all(chosen):
        height, width = (min(side, length) // 8 * 8 for length in photo.shape[:2])
        top, left = (photo.shape[0] - height) // 2, (photo.shape[1] - width) // 2
        found.append(np.ascontiguousarray(photo[top : top + height, left : left + width]))
    return found


def savings(
    downscaler: nitido.Downscaler,
    photos: Sequence[Pixels],
    codec: str,
    factor: float,
    receiver: str,
    details: Sequence[float],
) -> Iterator[Row]:
    """Bits at equal quality against Lanczos, mean over photos, for each way to make photos small."""
    receive = chain.received_by(receiver)
    anchors = [chain.curve(photo, factor, chain.classic("lanczos"), receive, codec) for photo in photos]
    ways: Mapping[str, Make] = {
        **{name: chain.classic(name) for name in chain.CLASSIC if name != "lanczos"},
        **{
            f"learned, detail {detail:g}": chain.learned(downscaler, codec, receiver, detail)
            for detail in details
        },
    }
    for name, make in ways.items():
        yield {
            "table": "photos",
            "codec": codec,
            "factor": factor,
            "receiver": receiver,
            "downscaler": name,
            **saved(photos, anchors, factor, make, receive, codec),
        }


def saved(
    photos: Sequence[Pixels],
    anchors: Sequence[Sequence[chain.Point]],
    factor: float,
    make: Make,
    receive: Receive,
    codec: str,
) -> Row:
    """Bits at equal quality against each photo's anchor, mean over photos."""
    rows = []
    for photo, anchor in zip(photos, anchors, strict=True):
        points = chain.curve(photo, factor, make, receive, codec)
        rows.append([chain.bd_rate(anchor, points, metric) for metric in chain.METRICS])
    return {"photos": len(photos), **chain.mean_rates(rows, chain.METRICS)}


def paired(
    pair: Sequence[str], photos: Sequence[Pixels], codec: str, details: Sequence[float]
) -> Iterator[Row]:
    """A downscaler seen through the upscaler that learned with it; 0: Lanczos through bicubic, and ``sr``."""
    downscaler, upscaler = nitido.Downscaler.open(pair[0]), nitido.Upscaler.open(pair[1])
    receive = chain.enlarged_by(upscaler)
    for usual in ("bicubic", "sr"):
        seen = chain.received_by(usual)
        lanczos = chain.classic("lanczos")
        anchors = [chain.curve(photo, _DOUBLED, lanczos, seen, codec) for photo in photos]
        ways = {f"learned, detail {d:g}": chain.learned(downscaler, codec, "sr", d) for d in details}
        for name, make in {"lanczos": lanczos, **ways}.items():
            yield {
                "table": "pair",
                "codec": codec,
                "factor": _DOUBLED,
                "receiver": f"its pair (Lanczos: {usual})",
                "downscaler": name,
                **saved(photos, anchors, _DOUBLED, make, receive, codec),
            }


def slider(downscaler: nitido.Downscaler, photos: Sequence[Pixels]) -> Iterator[Row]:
    """Bits of JPEG and strength of edges along the slider, at half the size and one quality."""
    shapes = [(photo.shape[0] // 2, photo.shape[1] // 2) for photo in photos]
    makes = {
        "Lanczos": chain.classic("lanczos"),
        **{f"{d:g}": chain.learned(downscaler, "jpeg", "bicubic", d) for d in _DETAILS},
    }
    for name, make in makes.items():
        small = [make(photo, shape, _SLIDER_QUALITY) for photo, shape in zip(photos, shapes, strict=True)]
        sizes = [len(chain.encoded(image, "jpeg", _SLIDER_QUALITY)) for image in small]
        yield {
            "table": "slider",
            "detail": name,
            "kbytes": round(float(np.mean(sizes)) / 1000, 3),
            "sharpness": round(float(np.mean([chain.sharpness(image) for image in small])), 3),
        }


def cost(args: argparse.Namespace) -> Iterator[Row]:
    """Least milliseconds on two threads: of the network alone, of luma, and of the photo with its colours."""
    rng = np.random.default_rng(0)
    for bundle in (args.bundle, args.fast):
        downscaler = nitido.Downscaler.open(bundle, runtime=args.runtime, threads=2)
        for name, (height, width) in {"1 megapixel": (1000, 1000), "1080p": (1080, 1920)}.items():
            photo = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
            luma = photo[..., 0].copy()
            half = height // 2, width // 2
            wish = downscaler.wish((height, width), half)
            run = bare(bundle, args.runtime, wish, half)
            times = [_seconds(run, downscaler, photo, luma, half, wish) for _ in range(_ROUNDS)][_WARM:]
            bare_ms, luma_ms, photo_ms = (1000 * float(v) for v in np.min(times, axis=0))
            yield {
                "table": "cost",
                "downscaler": bundle,
                "input": name,
                "bare_ms": round(bare_ms, 1),
                "luma_ms": round(luma_ms, 1),
                "photo_ms": round(photo_ms, 1),
                "photo_ms_a_megapixel": round(1e6 * photo_ms / (height * width), 1),
            }


def bare(bundle: str, runtime: str | None, wish: Wish, shape: Shape) -> Callable[[], object]:
    """The network alone on as much: tensors are there, nothing is cut or joined."""
    session = open_session(Bundle.open(bundle), runtime=runtime, threads=2)
    image, wanted = session.build.inputs
    side = fixed_size(session.build.outputs[0])
    count = 1 if side is None else math.ceil(shape[0] * shape[1] / (side[0] * side[1]))
    tall, wide = side or shape
    grid = pixels_to_tensor(np.full((2 * tall, 2 * wide, 1), 128, np.uint8), image)
    given = {image.name: grid, wanted.name: vector_to_tensor(wish.vector(), wanted)}
    return lambda: [session.run(given) for _ in range(count)]


def _seconds(
    run: Callable[[], object],
    downscaler: nitido.Downscaler,
    photo: Pixels,
    luma: Plane,
    half: Shape,
    wish: Wish,
) -> list[float]:
    """Of the network, of luma, and of the photo, once each, one right after the other."""
    steps = run, lambda: downscaler.luma(luma, half, wish), lambda: downscaler(photo, 0.5)
    times = [time.perf_counter()]
    for step in steps:
        step()
        times.append(time.perf_counter())
    return list(np.diff(times))


def proxy(args: argparse.Namespace) -> Iterator[Row]:
    """How close the codecs' stand-ins are to the codecs, on photos never trained on."""
    from nitido_train import codecs
    from nitido_train.recipes.codec_proxy import accuracy, planes
    from nitido_train.recipes.downscale import open_proxy

    held = planes(held_out_photos(args.data)[: args.limit])
    figures = accuracy(open_proxy(args.proxy), held, 192)
    for codec in codecs.CODECS:
        of = {key.removeprefix(f"{codec}_"): v for key, v in figures.items() if key.startswith(f"{codec}_")}
        yield {"table": "proxy", "codec": codec, **of}


SUITE = Suite(
    name="codec",
    help="bits at equal quality of photos made small, compressed and enlarged again; BD-rate against Lanczos",
    arguments=arguments,
    measure=measure,
    columns=(
        ("codec", "codec", ""),
        ("folder", "clips of", ""),
        ("factor", "made small to", ".2f"),
        ("receiver", "enlarged by", ""),
        ("downscaler", "made small by", ""),
        ("bd_psnr", "BD-rate, PSNR (Y), %", "+.1f"),
        ("bd_ms_ssim", "MS-SSIM (Y), %", "+.1f"),
        ("bd_edges", "gradients, %", "+.1f"),
        ("apart", "photos without a common quality", "d"),
        ("bd_flicker", "flicker, %", "+.1f"),
        ("steadier", "flicker at the same rate factor, dB less", "+.2f"),
        ("clips", "clips", "d"),
        ("detail", "detail", ""),
        ("kbytes", "kB at JPEG 75", ".1f"),
        ("sharpness", "mean gradient, grey levels", ".2f"),
        ("input", "photo", ""),
        ("bare_ms", "network alone, ms", ".1f"),
        ("luma_ms", "luma, ms", ".1f"),
        ("photo_ms", "whole, ms", ".1f"),
        ("photo_ms_a_megapixel", "whole, ms a megapixel", ".1f"),
        ("psnr_difference", "PSNR, proxy minus codec, dB", "+.2f"),
        ("psnr_apart", "mean distance, dB", ".2f"),
        ("rate_error", "rate off by", ".1%"),
        ("rate_rank", "rank correlation of the rate", ".3f"),
    ),
    keys=("table", "codec", "folder", "factor", "receiver", "downscaler", "detail", "input"),
    gates=(Gate("bd_ms_ssim", "lower", 0.5), Gate("bd_psnr", "lower", 0.5)),
)
