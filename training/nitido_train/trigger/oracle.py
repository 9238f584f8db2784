"""Oracle ratings: what full-reference truth says of photos and their enhanced versions, in place of people.

    python -m nitido_train.trigger.oracle --data PHOTOS --labels labels.parquet --out oracle

They stand in where no people rated anything, and are called what they are: the rater is ``oracle``. It judges
by structure (MS-SSIM), as people do rather than by the squared errors behind the labels, so that there is
something to learn from it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

import nitido
from nitido.photo.model import Pixels
from nitido_train import data
from nitido_train.errors import TrainingDataError
from nitido_train.label import Sample, read_labels
from nitido_train.label.photos import decoded
from nitido_train.label.samples import crop_of, degraded
from nitido_train.opinion.pseudo import structural_quality
from nitido_train.trigger.ratings import Rating, rating_of, write_ratings

RATER = "oracle"


def rate(pixels: Pixels, enhanced: Pixels, pristine: Pixels) -> int:
    """The oracle's rating of an enhanced photo; at least 161 pixels a side."""
    gain = structural_quality(enhanced, pristine) - structural_quality(pixels, pristine)
    return rating_of(gain)


def write_oracle(
    samples: Sequence[Sample], folder: Path, out: Path, enhance: Callable[[Pixels], Pixels]
) -> list[Rating]:
    """Write crops of held-out photos, enhanced ones beside them, and ``ratings.csv`` into the folder ``out``.

    Crops of one photo are one group. Photos that recipes train on are left out: a trigger knows their gains
    already. Raises TrainingDataError where nothing is left.
    """
    truths = [s for s in samples if s.has_pristine and data.is_held_out(Path(s.photo))]
    if not truths:
        raise TrainingDataError(
            f"expected labels of held-out photos whose pristine original is known, got none among "
            f"{len(samples)}; label with --split held-out and without --as-is"
        )
    out.mkdir(parents=True, exist_ok=True)
    ratings = []
    for index, sample in enumerate(truths):
        pristine = crop_of(sample, decoded(folder / sample.photo, sample.photo_hash))
        pixels = degraded(sample, pristine)
        enhanced = enhance(pixels)
        files = out / f"{index:05}.png", out / f"{index:05}-enhanced.png"
        for file, image in zip(files, (pixels, enhanced), strict=True):
            Image.fromarray(image).save(file)
        ratings.append(Rating(*files, rate(pixels, enhanced, pristine), sample.photo, RATER))
    write_ratings(ratings, out / "ratings.csv")
    return ratings


def main() -> None:
    """Command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--data", type=Path, required=True, help="folder of the photos that were labelled")
    parser.add_argument("--labels", type=Path, required=True, help="their labels (.parquet)")
    parser.add_argument("--enhancer", default="restore", help="zoo name or bundle folder (default: restore)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write crops and ratings.csv to")
    args = parser.parse_args()
    restore = nitido.Restorer.open(args.enhancer)
    labels = read_labels(args.labels, enhancer=restore.id)
    write_oracle(labels.samples, args.data, args.out, lambda pixels: restore(pixels))


if __name__ == "__main__":
    main()
