"""Oracle ratings: what full-reference truth says of labelled photos, in the form of people's ratings.

    python -m nitido_train.trigger.oracle --data PHOTOS --labels labels.parquet --out oracle

They stand in where no people rated anything, and are called what they are: the rater is ``oracle``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from nitido_train import data
from nitido_train.errors import TrainingDataError
from nitido_train.label import Sample, pixels_of, read_labels
from nitido_train.trigger.ratings import Rating, rating_of, write_ratings

RATER = "oracle"


def write_oracle(samples: Sequence[Sample], folder: Path, out: Path) -> list[Rating]:
    """Write the degraded crops of held-out photos and ``ratings.csv`` into the folder ``out``.

    A photo is rated by its joint gain against the pristine original (``ratings.CUTS``); crops of one photo
    are one group. Photos that recipes train on are left out: a trigger knows their gains already. Raises
    TrainingDataError where nothing is left.
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
        file = out / f"{index:05}.png"
        Image.fromarray(pixels_of(sample, folder)).save(file)
        ratings.append(Rating(file, None, rating_of(sample.gains["joint"]), sample.photo, RATER))
    write_ratings(ratings, out / "ratings.csv")
    return ratings


def main() -> None:
    """Command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--data", type=Path, required=True, help="folder of the photos that were labelled")
    parser.add_argument("--labels", type=Path, required=True, help="their labels (.parquet)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write crops and ratings.csv to")
    args = parser.parse_args()
    write_oracle(read_labels(args.labels).samples, args.data, args.out)


if __name__ == "__main__":
    main()
