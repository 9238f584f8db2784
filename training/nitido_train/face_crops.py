"""Collect crops of faces from photos and video clips, for training and measuring face networks.

python -m nitido_train.face_crops --photos PHOTOS --clips CLIPS -o crops

Crops go to ``crops/train`` and, from the tenth of the files that no recipe trains on, to ``crops/held-out``:
all crops of a file to the same. The same files give the same crops under the same names.
"""

from __future__ import annotations

import argparse
import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nitido.faces import Face, FaceDetector
from nitido.faces.blend import MARGIN
from nitido.photo.samples import luma
from nitido.tiler import crop
from nitido_train import clips, data
from nitido_train.resample import bicubic_resize

TRAIN, HELD_OUT = "train", "held-out"
_REFERENCE = 96
"""Side of the face at which detail is judged: that of the network's smallest target."""
_THUMBNAIL = 16


@dataclass(frozen=True)
class Rules:
    """Which faces become crops."""

    confidence: float = 0.8
    smallest: float = 96.0
    """Side in pixels: smaller faces are no model for what 96 pixels can show."""
    largest: float = 256.0
    """Larger faces are shrunk to it: more than a training ever uses."""
    tilt: float = 30.0
    """Degrees by which the line between the eyes may be off the horizontal."""
    detail: float = 1.5
    """Grey levels (root mean square) that a face of 96 pixels must lose when it is halved and enlarged again.

    Blurred faces teach a network to blur."""
    alike: float = 0.95
    """Correlation of thumbnails from which two faces of one file count as one: clips repeat themselves."""
    every: float = 1.0
    """Seconds between the frames of a clip that are looked at."""


def collect(
    sources: Sequence[tuple[Path, Path]],
    out: Path,
    detector: Callable[[data.Pixels], tuple[Face, ...]],
    rules: Rules,
) -> Iterator[tuple[Path, int]]:
    """Write the crops of (folder, file) pairs; yields each file with the number of its crops.

    A crop is a square of 1.5 sides of the face around it, so that its size tells the face's.
    """
    for name in (TRAIN, HELD_OUT):
        (out / name).mkdir(parents=True, exist_ok=True)
    for folder, file in sources:
        place = file.relative_to(folder).as_posix()
        stem = f"{file.stem}-{hashlib.sha256(place.encode()).hexdigest()[:6]}"
        kept: list[NDArray[np.float64]] = []
        count = 0
        for number, pixels in _pictures(file, rules.every):
            for face in detector(pixels):
                found = crop_of(face, pixels, rules)
                if found is None or not _is_new(found, kept, rules.alike):
                    continue
                group = HELD_OUT if data.is_held_out(file) else TRAIN
                Image.fromarray(found).save(out / group / f"{stem}-{number:06}-{count:03}.png")
                count += 1
        yield file, count


def crop_of(face: Face, pixels: data.Pixels, rules: Rules) -> data.Pixels | None:
    """A square around a face, mirrored where the picture ends; None where the rules refuse it."""
    left, top, right, bottom = face.box
    height, width = pixels.shape[:2]
    inside = left >= 0 and top >= 0 and right <= width and bottom <= height
    if not inside or face.confidence < rules.confidence or face.side < rules.smallest:
        return None
    (x0, y0), (x1, y1) = face.landmarks[:2]
    if abs(math.degrees(math.atan2(y1 - y0, x1 - x0))) > rules.tilt:
        return None
    side = round(MARGIN * face.side)
    found = crop(pixels, round((top + bottom - side) / 2), round((left + right - side) / 2), side, side)
    if detail(found) < rules.detail:
        return None
    fitting = round(MARGIN * rules.largest)
    return np.ascontiguousarray(found) if side <= fitting else bicubic_resize(found, fitting, fitting)


def detail(found: data.Pixels) -> float:
    """Grey levels (RMS) that a crop, its face 96 pixels large, loses when it is halved and enlarged again."""
    side = round(MARGIN * _REFERENCE)
    image = Image.fromarray(luma(found)).resize((side, side), Image.Resampling.BICUBIC)
    again = image.resize((side // 2, side // 2), Image.Resampling.BICUBIC).resize(
        (side, side), Image.Resampling.BICUBIC
    )
    return float(np.sqrt(np.mean((np.asarray(image, np.float32) - np.asarray(again, np.float32)) ** 2)))


def _is_new(found: data.Pixels, kept: list[NDArray[np.float64]], alike: float) -> bool:
    """Whether no face of this file that was kept looks like it; a new one is remembered."""
    small = Image.fromarray(luma(found)).resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX)
    thumbnail = np.asarray(small, np.float64).ravel()
    thumbnail -= thumbnail.mean()
    thumbnail /= np.linalg.norm(thumbnail) + 1e-9
    if any(float(thumbnail @ other) > alike for other in kept):
        return False
    kept.append(thumbnail)
    return True


def _pictures(file: Path, every: float) -> Iterator[tuple[int, data.Pixels]]:
    """The photo, or frames of the clip, each with its number."""
    if file.suffix.lower() in clips.SUFFIXES:
        yield from clips.frames(file, every)
    else:
        yield 0, data.load_rgb(file)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, nargs="+", default=[], metavar="DIR", help="folders of photos")
    parser.add_argument("--clips", type=Path, nargs="+", default=[], metavar="DIR", help="folders of clips")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the crops")
    parser.add_argument(
        "--detector", default="faces", help="zoo name or bundle folder (default: %(default)s)"
    )
    parser.add_argument("--confidence", type=float, default=Rules.confidence)
    parser.add_argument("--smallest", type=float, default=Rules.smallest, help="side of a face in pixels")
    parser.add_argument("--detail", type=float, default=Rules.detail, help="sharpness, see Rules.detail")
    parser.add_argument("--every", type=float, default=Rules.every, help="seconds between frames of a clip")
    args = parser.parse_args()
    sources = [(folder, file) for folder in args.photos for file in data.list_photos(folder)]
    sources += [(folder, file) for folder in args.clips for file in clips.list_clips(folder)]
    if not sources:
        parser.error("expected --photos or --clips")
    rules = Rules(args.confidence, args.smallest, detail=args.detail, every=args.every)
    detector = FaceDetector.open(args.detector, confidence=rules.confidence, smallest=rules.smallest)
    total = 0
    for file, count in collect(sources, args.out, detector, rules):
        total += count
        if count:
            print(f"{file}: {count}", flush=True)
    print(f"{total} crops of {len(sources)} files in {args.out}")


if __name__ == "__main__":
    main()
