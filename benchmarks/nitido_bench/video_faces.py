"""Suite ``video-faces``: video networks on clips of people, inside of faces and outside, crisp and steady."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import nitido
from nitido.video.network import VideoNetwork
from nitido_bench.codec_chain import sharpness
from nitido_bench.suite import Row, Suite
from nitido_bench.video_quality import Clip, flicker, inner, remembering
from nitido_train import clips, data
from nitido_train.metrics import luma, psnr
from nitido_train.nets.squeezenet import FeatureDistance, load
from nitido_train.resample import bicubic_resize, crop_to_multiple

_SOURCE, _TARGET, _RATIO = 180, 720, 4
_SMALLEST = 48
"""Side of a face in pixels that counts."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--clips", type=Path, required=True, help="folder of clips with people")
    parser.add_argument("--bundle", nargs="+", default=["video-fast", "video"], help="names or folders")
    parser.add_argument("--squeezenet", type=Path, help="SqueezeNet 1.0 weights (.npz): adds its distance")
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--limit", type=int, default=16, help="frames of each clip (default: %(default)d)")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row for each network, and one for bicubic: clips shrunk four times and enlarged again."""
    bundles = [nitido.Bundle.open(name) for name in args.bundle]
    detector = nitido.FaceDetector.open(smallest=_SMALLEST)
    filmed = []
    for file in clips.list_clips(args.clips):
        taken = islice(clips.frames(file, 0.0), args.limit)
        frames = [crop_to_multiple(pixels, _RATIO) for _, pixels in taken]
        inside = np.stack([_inside_faces(detector, frame) for frame in frames])
        if inside.any():
            filmed.append((np.stack([luma(frame) for frame in frames]).astype(np.uint8), inside))
    if not filmed:
        raise FileNotFoundError(
            f"expected clips with faces of {_SMALLEST} pixels or more below {args.clips}, found none; "
            "name another folder"
        )
    distance = FeatureDistance(load(args.squeezenet)) if args.squeezenet else None
    for bundle in [*bundles, None]:
        network = None if bundle is None else VideoNetwork.of_bundle(bundle, runtime=args.runtime)
        rows = []
        for truth, inside in filmed:
            small = np.stack([bicubic_resize(t, t.shape[0] // _RATIO, t.shape[1] // _RATIO) for t in truth])
            if network is None:
                made = np.stack([bicubic_resize(frame, *truth.shape[1:]) for frame in small])
            else:
                made = remembering(network, small, _SOURCE, _TARGET)
            rows.append(figures(made, truth, inside, distance))
        means = {key: round(float(np.mean([row[key] for row in rows])), 4) for key in rows[0]}
        yield {
            "model": "bicubic" if bundle is None else bundle.folder.name,
            "path": f"{_SOURCE} to {_TARGET}",
            "clips": len(filmed),
            **means,
        }


def figures(
    made: Clip, truth: Clip, inside: NDArray[np.bool_], distance: FeatureDistance | None
) -> dict[str, float]:
    """Of one clip (frames, H, W); ``inside`` is True in faces."""
    a, b, face = inner(made), inner(truth), inner(inside)
    crisp = np.mean([sharpness(frame) for frame in made]) / np.mean([sharpness(frame) for frame in truth])
    found = {
        "psnr": psnr(a, b),
        "psnr_faces": psnr(a[face], b[face]),
        "psnr_outside": psnr(a[~face], b[~face]),
        "flicker": flicker(made, truth),
        "sharpness": float(crisp),
    }
    if distance is not None:
        grey = (np.repeat(frames[len(frames) // 2, ..., None], 3, 2) for frames in (made, truth))
        found["feature_distance"] = distance.of_pixels(*grey)
    return found


def _inside_faces(detector: nitido.FaceDetector, frame: data.Pixels) -> NDArray[np.bool_]:
    inside = np.zeros(frame.shape[:2], bool)
    for face in detector(frame):
        left, top, right, bottom = (max(0, round(place)) for place in face.box)
        inside[top:bottom, left:right] = True
    return inside


SUITE = Suite(
    name="video-faces",
    help="video networks on clips of people: PSNR inside of faces and outside, sharpness, steadiness",
    arguments=arguments,
    measure=measure,
    columns=(
        ("model", "model", ""),
        ("path", "path", ""),
        ("clips", "clips", "d"),
        ("psnr", "PSNR (Y), dB", ".2f"),
        ("psnr_faces", "in faces", ".2f"),
        ("psnr_outside", "outside", ".2f"),
        ("sharpness", "gradients / true ones", ".3f"),
        ("feature_distance", "SqueezeNet feature distance", ".4f"),
        ("flicker", "flicker, grey levels", ".2f"),
    ),
    keys=("model", "path"),
)
