"""A photo as a receiver sees it: made small, through a real codec, enlarged again; and what that costs."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image

import nitido
from nitido.photo.model import Pixels
from nitido_bench.suite import Row
from nitido_train.losses import to_luma
from nitido_train.metrics import gradient_error, luma, psnr
from nitido_train.tensors import to_tensor

Make = Callable[[Pixels, tuple[int, int], int], Pixels]
"""(photo, (height, width), quality of the codec) to the small photo."""
Receive = Callable[[Pixels, tuple[int, int]], Pixels]
"""(small photo, (height, width)) to what is seen."""

QUALITIES: Mapping[str, tuple[int, ...]] = {
    "jpeg": (30, 45, 60, 70, 80, 90),
    "webp": (30, 45, 60, 70, 80, 90),
    "avif": (30, 45, 55, 65, 75, 85),
}
_OPTIONS: Mapping[str, dict[str, Any]] = {
    "jpeg": {"subsampling": 2, "progressive": True},
    "webp": {},
    "avif": {"subsampling": "4:2:0"},
}
CLASSIC: Mapping[str, Image.Resampling] = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "box": Image.Resampling.BOX,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_FEWEST = 4
"""Points that a curve takes to be interpolated."""
METRICS = ("psnr", "ms_ssim", "edges")
"""PSNR of luma, MS-SSIM of luma in decibels, and (minus) the error of gradients, in decibels too."""


class Point(NamedTuple):
    """One quality of one photo."""

    bits: int
    scores: tuple[float, ...]
    """In the order of ``METRICS``; larger is better."""


def classic(name: str) -> Make:
    """One of Pillow's filters, the same at every quality."""
    return lambda photo, shape, quality: _resized(photo, shape, CLASSIC[name])


def learned(downscaler: nitido.Downscaler, codec: str, receiver: str, detail: float) -> Make:
    """A network that is told who receives; a Lanczos filter makes what is seen as wide as it is high."""

    def make(photo: Pixels, shape: tuple[int, int], quality: int) -> Pixels:
        size = nitido.Size(to=(shape[1], shape[0]))
        return downscaler(
            photo,
            size,
            detail=detail,
            codec=codec,  # type: ignore[arg-type]  # the suite's choices
            quality=quality,
            receiver="nitido" if receiver == "sr" else "classic",
        )

    return make


def received_by(name: str) -> Receive:
    """``bicubic``, Pillow's, or ``sr``: the zoo's network, then Lanczos to the size where it made more."""
    if name == "bicubic":
        return lambda small, shape: _resized(small, shape, Image.Resampling.BICUBIC)
    return enlarged_by(nitido.Upscaler.open(scale=2))


def enlarged_by(upscaler: nitido.Upscaler) -> Receive:
    """A network that doubles, then Lanczos to the size where it made more."""
    return lambda small, shape: _resized(upscaler(small), shape, Image.Resampling.LANCZOS)


def curve(photo: Pixels, factor: float, make: Make, receive: Receive, codec: str) -> list[Point]:
    """A photo at every quality of ``QUALITIES``."""
    whole = photo.shape[:2]
    shape = (round(whole[0] * factor), round(whole[1] * factor))
    points = []
    for quality in QUALITIES[codec]:
        data = encoded(make(photo, shape, quality), codec, quality)
        with Image.open(io.BytesIO(data)) as decoded:
            seen = receive(np.asarray(decoded.convert("RGB")), whole)
        points.append(Point(8 * len(data), scores(seen, photo)))
    return points


def encoded(small: Pixels, codec: str, quality: int) -> bytes:
    """As ``nitido share`` encodes: 4:2:0, JPEG progressive with tables of its own."""
    buffer = io.BytesIO()
    Image.fromarray(small).save(buffer, codec.upper(), quality=quality, **_OPTIONS[codec])
    return buffer.getvalue()


def scores(seen: Pixels, photo: Pixels) -> tuple[float, ...]:
    """In the order of ``METRICS``."""
    from pytorch_msssim import ms_ssim

    with torch.inference_mode():
        a, b = (to_luma(to_tensor([image])) for image in (seen, photo))
        structure = 1 - float(ms_ssim(a, b, data_range=1))
    return (
        psnr(luma(seen), luma(photo)),
        -10 * float(np.log10(structure)),
        -20 * float(np.log10(gradient_error(seen, photo))),
    )


def sharpness(image: Pixels) -> float:
    """Mean length of luma's gradient, in grey levels a pixel."""
    return float(np.hypot(*np.gradient(luma(image))).mean())


def bd_rate(anchor: Sequence[Point], test: Sequence[Point], metric: str) -> float:
    """Percent of bits saved (below zero) at equal score."""
    return bjontegaard_rate(anchor, test, METRICS.index(metric))


def bjontegaard_rate(anchor: Sequence[Point], test: Sequence[Point], place: int) -> float:
    """The same by the place of a score, by the library ``bjontegaard``; NaN for curves apart."""
    from bjontegaard import bd_rate as measured

    curves = [rising([(p.scores[place], p.bits) for p in points]) for points in (anchor, test)]
    if min(map(len, curves)) < _FEWEST:
        return float("nan")
    (values, rates), (found, others) = (zip(*curve, strict=True) for curve in curves)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of what it returns NaN for
        return float(
            measured(
                rates, values, others, found, method="akima", min_overlap=0, require_matching_points=False
            )
        )


def rising(points: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """(score, bits) without those where more bits than the points before bring no better score."""
    kept: list[tuple[float, int]] = []
    for score, bits in sorted(points, key=lambda point: point[1]):
        if not kept or score > kept[-1][0]:
            kept.append((score, bits))
    return kept


def mean_rates(rates: Sequence[Sequence[float]], metrics: Sequence[str]) -> Row:
    """Columns of means over photos, a row of rates each; ``apart`` counts photos without a common quality.

    Those do not count in the means.
    """
    found: Row = {}
    table = np.array(rates)
    for metric, column in zip(metrics, table.T, strict=True):
        known = column[~np.isnan(column)]
        if len(known):
            found[f"bd_{metric}"] = round(float(known.mean()), 2)
    apart = int(np.isnan(table).any(axis=1).sum())
    return {**found, "apart": apart} if apart else found


def _resized(photo: Pixels, shape: tuple[int, int], chosen: Image.Resampling) -> Pixels:
    if photo.shape[:2] == shape:
        return photo
    return np.asarray(Image.fromarray(photo).resize((shape[1], shape[0]), chosen))
