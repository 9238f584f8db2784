"""Suite ``faces``: small faces enlarged eight times, and what a face detector still makes of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import nitido
from nitido.faces.blend import MARGIN
from nitido_bench.suite import Row, Suite
from nitido_train import data
from nitido_train.face_crops import HELD_OUT
from nitido_train.metrics import gradient_error, psnr_y
from nitido_train.resample import bicubic_downscale, bicubic_resize, bicubic_upscale

SCALE = 8
Enlarge = Callable[[data.Pixels], data.Pixels]
Detect = Callable[[data.Pixels], tuple[nitido.Face, ...]]


@dataclass(frozen=True, eq=False)
class Truth:
    """A face as it is, and what the detector says of it."""

    pixels: data.Pixels
    face: nitido.Face


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--data", type=Path, required=True, help="folder that nitido_train.face_crops wrote")
    parser.add_argument(
        "--bundle", nargs="+", default=["face-x8"], help="zoo names or bundle folders (default: face-x8)"
    )
    parser.add_argument(
        "--side", type=int, nargs="+", default=[12, 16, 24], help="of the small faces, in pixels"
    )
    parser.add_argument("--detector", default="faces", help="zoo name or bundle folder (default: faces)")
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--limit", type=int, help="only the first crops")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per size and model: bicubic, the upscalers for photos, and the bundles."""
    crops = data.load_all(data.list_photos(args.data / HELD_OUT)[: args.limit])
    enlarger = nitido.Enlarger.open(runtime=args.runtime)
    models: dict[str, Enlarge] = {
        "bicubic": lambda pixels: bicubic_upscale(pixels, SCALE),
        "sr": lambda pixels: enlarger(pixels, nitido.Size(scale=SCALE)),
        **{
            Path(name).name: nitido.Upscaler.open(name, scale=SCALE, runtime=args.runtime)
            for name in args.bundle
        },
    }
    detect = nitido.FaceDetector.open(args.detector, smallest=48, runtime=args.runtime)
    for side in args.side:
        faces = list(_truths(crops, side, detect))
        if not faces:
            raise FileNotFoundError(
                f"expected faces of {side * SCALE} pixels below {args.data / HELD_OUT}, found none; "
                f"collect more with nitido_train.face_crops, or leave out --side {side}"
            )
        for name, model in models.items():
            yield {"face": side, "model": name, "crops": len(faces), **scores(model, faces, detect)}


def scores(model: Enlarge, faces: Sequence[Truth], detect: Detect) -> dict[str, float]:
    """Means over faces that are shrunk by bicubic and enlarged by the model.

    ``found`` is the share whose face is found again; ``landmarks`` how far those found are, on average, from
    where they are in the true face, in percent of its side: whether the shape was kept, whoever it is.
    """
    psnr, gradients, distances = [], [], []
    for truth in faces:
        result = model(bicubic_downscale(truth.pixels, SCALE))
        psnr.append(psnr_y(result, truth.pixels, SCALE))
        gradients.append(gradient_error(result, truth.pixels, SCALE))
        found = central(detect(result), result)
        if found is not None:
            apart = np.subtract(found.landmarks, truth.face.landmarks)
            distances.append(100 * float(np.hypot(*apart.T).mean()) / truth.face.side)
    figures = {
        "psnr": round(float(np.mean(psnr)), 3),
        "gradient_error": round(float(np.mean(gradients)), 3),
        "found": round(len(distances) / len(faces), 4),
    }
    return {**figures, "landmarks": round(float(np.mean(distances)), 2)} if distances else figures


def central(faces: Sequence[nitido.Face], pixels: data.Pixels) -> nitido.Face | None:
    """The face that holds the middle of a crop, the surest of them."""
    y, x = (length / 2 for length in pixels.shape[:2])
    holding = (f for f in faces if f.box[0] <= x < f.box[2] and f.box[1] <= y < f.box[3])
    return next(holding, None)


def _truths(crops: Sequence[data.Pixels], side: int, detect: Detect) -> Iterator[Truth]:
    """Crops whose face is ``side`` times eight pixels large, those that are smaller or not found left out."""
    size = round(MARGIN * side) * SCALE
    for crop in crops:
        if crop.shape[0] < size:
            continue
        pixels = bicubic_resize(crop, size, size)
        face = central(detect(pixels), pixels)
        if face is not None:
            yield Truth(pixels, face)


SUITE = Suite(
    name="faces",
    help="small faces enlarged eight times: PSNR, gradients, and what a face detector still finds",
    arguments=arguments,
    measure=measure,
    columns=(
        ("face", "face, pixels", "d"),
        ("model", "enlarged by", ""),
        ("crops", "crops", "d"),
        ("psnr", "PSNR (Y), dB", ".2f"),
        ("gradient_error", "error of gradients, grey levels", ".2f"),
        ("found", "faces found again", ".1%"),
        ("landmarks", "landmarks off, % of the face", ".1f"),
    ),
)
