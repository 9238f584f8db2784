"""Clips made small, through libx264, and enlarged again: bits at equal quality, and how much they flicker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import nitido
from nitido.clips import Clip, Planes
from nitido.sharing import Receiver
from nitido.sharing.clip import ClipSharing, smaller, target
from nitido.sharing.x264 import through_x264
from nitido_bench import codec_chain as chain
from nitido_bench.suite import Row
from nitido_train.clips import list_clips

Plane = NDArray[np.uint8]
MakeFrame = Callable[[Planes, int], Planes]
"""(frame, constant rate factor) to the small frame."""
Enlarge = Callable[[Plane, tuple[int, ...]], Plane]
"""(small luma, (height, width)) to what is seen."""

CRFS = (20, 23, 26, 29, 32, 36)
SEEN_EVERY = 4
"""One frame in so many is compared; all are for flicker."""
METRICS = (*chain.METRICS, "flicker")


@dataclass(frozen=True, eq=False)
class Shot:
    """Some frames of a clip that follow each other."""

    name: str
    frames: Sequence[Planes]


def shots(folder: Path, count: int, limit: int | None) -> Iterator[Shot]:
    """``count`` frames from the start of each clip; shorter clips and those of other samples are left out."""
    for file in list_clips(folder)[:limit]:
        try:
            with Clip(file) as clip:
                frames = []
                for frame in clip:
                    planes = frame.planes
                    frames.append(Planes(planes.y.copy(), planes.u.copy(), planes.v.copy()))
                    if len(frames) == count:
                        break
        except nitido.NitidoError:
            continue
        if len(frames) == count and min(frames[0].y.shape) >= 352:
            yield Shot(file.stem, frames)


def measure(
    downscalers: Mapping[str, nitido.Downscaler],
    found: Mapping[str, Sequence[Shot]],
    receiver: str,
    details: Sequence[float],
) -> Iterator[Row]:
    """Against Lanczos, to half the size, enlarged by ``bicubic`` or ``sr``: mean over each folder's clips.

    ``downscalers`` by what their rows are called, ``found`` by the folders' names.
    """
    told: Receiver = "nitido" if receiver == "sr" else "classic"
    enlarge = received_by(receiver)
    ways: dict[str, MakeFrame] = {name: classic(name) for name in ("box", "bicubic")}
    for name, downscaler in downscalers.items():
        for detail in details:
            ways[f"{name}, detail {detail:g}"] = learned(downscaler, detail, told)
    for folder, shots_ in found.items():
        anchors = [curve(shot, classic("lanczos"), enlarge) for shot in shots_]
        for name, make in ways.items():
            curves = [curve(shot, make, enlarge) for shot in shots_]
            pairs = list(zip(anchors, curves, strict=True))
            rows = [[bd_rate(anchor, points, metric) for metric in METRICS] for anchor, points in pairs]
            yield {
                "table": "video",
                "codec": "h264",
                "factor": 0.5,
                "receiver": receiver,
                "downscaler": name,
                "folder": folder,
                "clips": len(shots_),
                **chain.mean_rates(rows, METRICS),
                "steadier": round(float(np.mean([steadier(*pair) for pair in pairs])), 3),
            }


def learned(downscaler: nitido.Downscaler, detail: float, receiver: Receiver) -> MakeFrame:
    """A network, to half the size."""
    return lambda frame, crf: smaller(
        frame, downscaler, ClipSharing(min(frame.y.shape) // 2, crf, detail, receiver)
    )


def steadier(anchor: Sequence[chain.Point], test: Sequence[chain.Point]) -> float:
    """By how many decibels the flicker is less at the same rate factors, on average."""
    place = METRICS.index("flicker")
    return float(np.mean([b.scores[place] - a.scores[place] for a, b in zip(anchor, test, strict=True)]))


def classic(name: str) -> MakeFrame:
    """One of Pillow's filters on all three planes."""

    def make(frame: Planes, crf: int) -> Planes:
        height, width = _half(frame)
        sizes = (width, height), (width // 2, height // 2), (width // 2, height // 2)
        planes = (
            np.asarray(Image.fromarray(plane).resize(size, chain.CLASSIC[name]))
            for plane, size in zip((frame.y, frame.u, frame.v), sizes, strict=True)
        )
        return Planes(*planes)

    return make


def received_by(name: str) -> Enlarge:
    """``bicubic``, Pillow's, or ``sr``: what ``codec_chain`` enlarges photos by, on luma as grey."""
    if name == "bicubic":
        return resize_bicubic
    receive = chain.received_by(name)
    return lambda plane, shape: receive(_grey(plane), (shape[0], shape[1]))[..., 1]


def curve(shot: Shot, make: MakeFrame, enlarge: Enlarge) -> list[chain.Point]:
    """A shot at every rate factor."""
    points = []
    for crf in CRFS:
        decoded, size = through_x264([make(frame, crf) for frame in shot.frames], crf)
        points.append(chain.Point(8 * size, scores(shot.frames, decoded, enlarge)))
    return points


def scores(frames: Sequence[Planes], decoded: Sequence[Plane], enlarge: Enlarge) -> tuple[float, ...]:
    """Means over frames in the order of ``METRICS``: of luma, enlarged; larger is better."""
    true = [frame.y for frame in frames]
    seen = [enlarge(plane, luma.shape) for plane, luma in zip(decoded, true, strict=True)]
    pictures = [
        chain.scores(_grey(a), _grey(b)) for a, b in zip(seen[::SEEN_EVERY], true[::SEEN_EVERY], strict=True)
    ]
    moved = [np.diff(np.stack(planes).astype(np.int16), axis=0) for planes in (seen, true)]
    flicker = float(np.sqrt(np.mean((moved[0] - moved[1]).astype(np.float32) ** 2)))
    return (*(float(v) for v in np.mean(pictures, axis=0)), -20 * float(np.log10(flicker)))


def bd_rate(anchor: Sequence[chain.Point], test: Sequence[chain.Point], metric: str) -> float:
    """As ``codec_chain.bd_rate``, for these metrics."""
    return chain.bjontegaard_rate(anchor, test, METRICS.index(metric))


def resize_bicubic(plane: Plane, shape: tuple[int, ...]) -> Plane:
    """Pillow's."""
    return np.asarray(Image.fromarray(plane).resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def _half(frame: Planes) -> tuple[int, int]:
    return target(frame.y.shape, min(frame.y.shape) // 2)


def _grey(plane: Plane) -> Plane:
    return np.repeat(plane[..., np.newaxis], 3, axis=2)
