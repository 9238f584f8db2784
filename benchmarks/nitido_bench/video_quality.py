"""How good and how steady a video network's results are, on clips made small by bicubic interpolation."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nitido
from nitido.video.network import VideoNetwork
from nitido_bench.errors import SizeRefused
from nitido_bench.suite import Row
from nitido_bench.video_singles import nearest
from nitido_train import data
from nitido_train.metrics import luma, psnr
from nitido_train.pyramids import through_h264
from nitido_train.resample import bicubic_resize, crop_to_multiple

Clip = NDArray[np.uint8]
"""Luma (frames, H, W)."""
_CUT = 12
"""Sides of clips are multiples of this: of every path's ratio."""
_BORDER = 8


def clips(folder: Path, limit: int | None) -> dict[str, list[data.Pixels]]:
    """Folders of frames below a folder, by name, as RGB."""
    found = {}
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        frames = [crop_to_multiple(data.load_rgb(file), _CUT) for file in data.list_photos(place)[:limit]]
        if min(frames[0].shape[:2]) < 2 * _CUT:
            raise SizeRefused(f"expected frames of at least {2 * _CUT} pixels a side in {place}, got smaller")
        found[place.name] = frames
    return found


def quality(bundle: nitido.Bundle, args: argparse.Namespace) -> Iterator[Row]:
    """One row for each clip, path and compression."""
    network = VideoNetwork.of_bundle(bundle, runtime=args.runtime, threads=args.threads)
    task = network.task
    for name, frames in clips(args.data, args.limit).items():
        truth = np.stack([luma(frame) for frame in frames]).astype(np.uint8)
        for source in task.sources:
            for target in (t for t in task.targets if t > source):
                ratio = task.cells[str(target)] / task.cells[str(source)]
                height, width = (round(side / ratio) for side in truth.shape[1:])
                small = [bicubic_resize(frame, height, width) for frame in frames]
                grey = np.stack([luma(frame) for frame in small]).astype(np.uint8)
                single = nearest(bundle, source, target)
                plain = nitido.Upscaler.open(single.name, runtime=args.runtime) if single else None
                for factor in (0, args.crf) if ratio in args.compressed else (0,):
                    seen = _compressed(grey, factor) if factor else grey
                    results = {
                        "": remembering(network, seen, source, target),
                        "_alone": remembering(network, seen, source, target, forget=True),
                        "_bicubic": np.stack([bicubic_resize(frame, *truth.shape[1:]) for frame in seen]),
                    }
                    if plain is not None:
                        shown = [np.repeat(frame[..., None], 3, 2) for frame in seen]
                        results["_sr"] = np.stack([plain(frame)[..., 1] for frame in shown])
                    row: Row = {
                        "table": "vid4" if ratio == 4 else "paths",
                        "model": bundle.manifest.name,
                        "clip": name,
                        "path": f"{source} to {target}",
                        "crf": factor,
                        "frames": len(frames),
                    }
                    if single is not None:
                        row |= {"single": single.name, "single_cost": round(single.cost, 2)}
                    yield row | _figures(results, truth)


def remembering(network: VideoNetwork, clip: Clip, source: int, target: int, *, forget: bool = False) -> Clip:
    """A clip through one path; with ``forget`` each frame for itself."""
    empty = network.empty(network.grid(clip.shape[1:], source))
    state, made = empty, []
    for frame in clip:
        results, state = network.run(frame, empty if forget else state, source, (target,))
        made.append(results[target])
    return np.stack(made)


def flicker(made: Clip, truth: Clip) -> float:
    """Grey levels (RMS) by which the change from frame to frame is not that of the true clip."""
    change = np.diff(made.astype(np.float32), axis=0) - np.diff(truth.astype(np.float32), axis=0)
    return float(np.sqrt(np.mean(inner(change) ** 2)))


def profile_error(made: Clip, truth: Clip) -> float:
    """Grey levels (RMS) by which rows of pixels over time wander from the true ones.

    An error that stays where it is does not count: its mean over time is taken off first.
    """
    error = inner(made.astype(np.float32) - truth)[:, ::8]
    return float(np.sqrt(np.mean((error - error.mean(0)) ** 2)))


def _figures(results: dict[str, Clip], truth: Clip) -> Row:
    row: Row = {}
    for kind, made in results.items():
        pairs = zip(made, truth, strict=True)
        row[f"psnr{kind}"] = round(float(np.mean([psnr(a, b, _BORDER) for a, b in pairs])), 3)
    for kind, made in results.items():
        row[f"flicker{kind}"] = round(flicker(made, truth), 3)
        row[f"profile{kind}"] = round(profile_error(made, truth), 3)
    return row


def inner(frames: NDArray[Any]) -> NDArray[Any]:
    """Frames (N, H, W) without their border."""
    return frames[:, _BORDER:-_BORDER, _BORDER:-_BORDER]


def _compressed(clip: Clip, factor: int) -> Clip:
    """Through x264, whose frames have even sides."""
    even = np.pad(clip, ((0, 0), (0, clip.shape[1] % 2), (0, clip.shape[2] % 2)), mode="edge")
    return through_h264(even[:, None], factor)[:, 0, : clip.shape[1], : clip.shape[2]]


def means(rows: Sequence[Row]) -> Iterator[Row]:
    """A row for each path and compression with the means over clips."""
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["table"], row["model"], row["path"], row["crf"]), []).append(row)
    for group in groups.values():
        if len(group) > 1:
            numbers = {
                key: round(float(np.mean([float(row[key]) for row in group])), 3)
                for key in group[0]
                if key.startswith(("psnr", "flicker", "profile"))
            }
            yield {**group[0], "clip": "mean", **numbers}
