"""Suite ``parity``: tiles against one piece, and LiteRT against ONNX Runtime, in grey levels."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import nitido
from nitido.bundle.manifest import (
    BlindTask,
    ColorizeTask,
    FaceTask,
    RestoreTask,
    ScoreTask,
    UpscaleTask,
    VideoTask,
)
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido_bench.suite import Gate, Row, Suite
from nitido_train.data import list_photos, load_rgb

Enhance = Callable[[Pixels], Pixels]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--photos", type=Path, default=Path("samples"), help="folder of photos (default: samples)"
    )


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per model and comparison."""
    photos = [load_rgb(file) for file in list_photos(args.photos)]
    for name in nitido.zoo.names():
        bundle = nitido.Bundle.open(name)
        task = bundle.manifest.task
        if isinstance(task, ScoreTask | VideoTask):
            continue  # no tiles, and builds for ONNX Runtime alone: nothing to compare
        if isinstance(task, ColorizeTask):
            runtimes = [colorizer(name, runtime) for runtime in ("litert", "onnx")]
            yield compare_pixels(name, "LiteRT against ONNX Runtime", photos, *runtimes)
            continue
        if isinstance(task, FaceTask):
            yield compare_faces(name, photos)
            continue
        if not isinstance(task, UpscaleTask | RestoreTask | BlindTask):
            yield compare_scores(name, photos)
            continue
        smallest = 2 * task.halo + 32
        multiple = task.multiple if isinstance(task, RestoreTask) else 1
        largest = max(max(photo.shape) for photo in photos)
        small, whole = (-(-side // multiple) * multiple for side in (smallest, largest))
        yield compare_pixels(
            name,
            f"tiles of {small} against one piece",
            photos,
            enhancer(bundle, "onnx", small),
            enhancer(bundle, "onnx", whole),
        )
        runtimes = [enhancer(bundle, runtime, task.tile) for runtime in ("litert", "onnx")]
        yield compare_pixels(name, "LiteRT against ONNX Runtime", photos, *runtimes)


def enhancer(bundle: nitido.Bundle, runtime: str, tile: int) -> Enhance:
    """The bundle's restorer or upscaler, with other tiles than its own; a blind one's kernel is known."""
    task = bundle.manifest.task
    main = open_session(bundle, runtime=runtime)
    if isinstance(task, BlindTask):
        kernel, judge = (open_session(bundle, graph, runtime=runtime) for graph in ("kernel", "judge"))
        blind = nitido.BlindUpscaler(main, kernel, judge, replace(task, tile=tile))
        return lambda pixels: blind(pixels, nitido.KernelShape("gaussian", 1.3, 0.8, 0.5))
    if isinstance(task, RestoreTask):
        return nitido.Restorer(main, open_session(bundle, "blur", runtime=runtime), replace(task, tile=tile))
    if isinstance(task, UpscaleTask):
        return nitido.Upscaler(main, replace(task, tile=tile))
    raise ValueError(f"expected a bundle that turns photos into photos, got {bundle.manifest.name}")


def colorizer(name: str, runtime: str) -> Enhance:
    """The colorizer, on the luma of photos in colour too."""
    opened = nitido.Colorizer.open(name, runtime=runtime)
    return lambda pixels: opened(pixels, force=True)


def compare_pixels(name: str, what: str, photos: Sequence[Pixels], one: Enhance, other: Enhance) -> Row:
    """One row: how far the results of two ways to enhance the same photos lie apart."""
    apart = [np.abs(one(photo).astype(np.int16) - other(photo)) for photo in photos]
    differ = sum(int(np.count_nonzero(a)) for a in apart) / sum(a.size for a in apart)
    largest = max(int(a.max()) for a in apart)
    return {
        "model": name,
        "compared": what,
        "photos": len(photos),
        "largest": largest,
        "unit": "grey levels",
        "differ_percent": round(100 * differ, 4),
    }


def compare_scores(name: str, photos: Sequence[Pixels]) -> Row:
    """One row: how far a trigger's outputs lie apart between the runtimes."""
    litert, onnx = (
        _scores(nitido.Trigger.open(name, runtime=runtime), photos) for runtime in ("litert", "onnx")
    )
    apart = np.abs(litert - onnx)
    return {
        "model": name,
        "compared": "LiteRT against ONNX Runtime",
        "photos": len(photos),
        "largest": float(f"{apart.max():.2g}"),
        "unit": "points of quality",
    }


def compare_faces(name: str, photos: Sequence[Pixels]) -> Row:
    """One row: how far faces' boxes lie apart between the runtimes; for a missing one, the photo's side."""
    litert, onnx = (nitido.FaceDetector.open(name, runtime=runtime) for runtime in ("litert", "onnx"))
    found = [(litert(photo), onnx(photo), max(photo.shape)) for photo in photos]
    largest = max(max(_apart(one, other, side), _apart(other, one, side)) for one, other, side in found)
    return {
        "model": name,
        "compared": "LiteRT against ONNX Runtime",
        "photos": len(photos),
        "largest": float(f"{largest:.2g}"),
        "unit": "pixels of a box's sides",
    }


def _apart(faces: Sequence[nitido.Face], others: Sequence[nitido.Face], side: int) -> float:
    """Largest distance of a side to that of the nearest of the others, of the face that is farthest off."""
    boxes = [np.array(other.box) for other in others]
    nearest = (min((float(np.abs(np.array(f.box) - b).max()) for b in boxes), default=side) for f in faces)
    return max(nearest, default=0.0)


def _scores(trigger: nitido.Trigger, photos: Sequence[Pixels]) -> NDArray[np.float64]:
    found = map(trigger, photos)
    return np.array([[improvability.score, *improvability.factors.values()] for improvability in found])


SUITE = Suite(
    name="parity",
    help="tiles against one piece, LiteRT against ONNX Runtime",
    arguments=arguments,
    measure=measure,
    columns=(
        ("model", "model", ""),
        ("compared", "compared", ""),
        ("photos", "photos", "d"),
        ("largest", "largest difference", "g"),
        ("unit", "in", ""),
        ("differ_percent", "values that differ, %", ".3f"),
    ),
    keys=("model", "compared"),
    gates=(Gate("largest", "lower", 0),),
)
