"""Ratings of enhanced photos (source: T6) as a CSV that is read strictly, and what they say about gains."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nitido_train.csv_table import Row, existing, read_table
from nitido_train.errors import TrainingDataError

REQUIRED, OPTIONAL = ("photo", "enhanced", "rating"), ("group", "rater")
SCALE = {2: "significantly better", 1: "moderately better", 0: "no difference", -1: "worse"}
CUTS = {0: -0.1, 1: 0.3, 2: 1.0}
"""The gain, in points of quality, from which an enhanced photo gets at least this rating."""


@dataclass(frozen=True)
class Rating:
    """How somebody rated what an enhancer made of a photo."""

    photo: Path
    enhanced: Path | None
    """The file that was rated, where it was kept; nothing is learned from it."""
    rating: int
    group: str
    """Photos of one group (a burst, crops of one photo) stay together in a split."""
    rater: str = ""

    @property
    def is_held_out(self) -> bool:
        """True for the fifth of all groups that nothing is fitted to, chosen by a hash.

        Its last byte, since ``data.is_held_out`` goes by the first: groups can be photos that this chose.
        """
        return hashlib.sha256(self.group.encode()).digest()[-1] % 5 == 0


def rating_of(gain: float) -> int:
    """What a photo that gained so much is rated."""
    return max((rating for rating, cut in CUTS.items() if gain >= cut), default=-1)


def read_ratings(file: Path) -> list[Rating]:
    """Read ``photo,enhanced,rating`` and optionally ``group,rater``; paths are relative to the CSV's folder.

    A photo without a group is its own, by the hash of its file. Raises TrainingDataError for unknown or
    missing columns, ratings outside the scale, photos that are not there, pairs rated twice, and no ratings.
    """
    columns, rows = read_table(file)
    if not set(REQUIRED) <= set(columns) <= {*REQUIRED, *OPTIONAL} or len(set(columns)) < len(columns):
        raise TrainingDataError(
            f"expected the columns {', '.join(REQUIRED)} (and perhaps {', '.join(OPTIONAL)}) in {file}, "
            f"got {', '.join(columns) or 'none'}; rename or remove the others"
        )
    ratings = [_rating(row, file.parent, place) for place, row in rows]
    if not ratings:
        raise TrainingDataError(f"expected ratings in {file}, found none; give a row for each rated photo")
    seen: set[tuple[Path, Path | None, str]] = set()
    for rating in ratings:
        pair = (rating.photo, rating.enhanced, rating.rater)
        if pair in seen:
            raise TrainingDataError(
                f"expected each photo, enhanced and rater once in {file}, got {rating.photo} twice; keep one "
                "row of it, or name the raters in a column 'rater'"
            )
        seen.add(pair)
    return ratings


def _rating(row: Row, folder: Path, place: str) -> Rating:
    scale = {str(value): value for value in SCALE} | {f"+{value}": value for value in SCALE if value > 0}
    if row["rating"] not in scale:
        meaning = ", ".join(f"{value} ({words})" for value, words in SCALE.items())
        raise TrainingDataError(
            f"{place}: expected a rating of {meaning}, got {row['rating']!r}; correct it, or remove the row"
        )
    photo = existing(folder, row["photo"], place)
    enhanced = existing(folder, row["enhanced"], place) if row["enhanced"] else None
    group = row.get("group") or hashlib.sha256(photo.read_bytes()).hexdigest()
    return Rating(photo, enhanced, scale[row["rating"]], group, row.get("rater", ""))


def write_ratings(ratings: Iterable[Rating], file: Path) -> None:
    """Write what ``read_ratings`` reads; photos must lie in the CSV's folder or below."""
    with file.open("w", newline="", encoding="utf-8") as lines:
        rows = csv.writer(lines, lineterminator="\n")
        rows.writerow([*REQUIRED, *OPTIONAL])
        for r in ratings:
            enhanced = r.enhanced.relative_to(file.parent).as_posix() if r.enhanced else ""
            rows.writerow([r.photo.relative_to(file.parent).as_posix(), enhanced, r.rating, r.group, r.rater])
