"""Ratings of enhanced photos (source: T6) as a CSV that is read strictly, and what they say about gains."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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
    with file.open(newline="", encoding="utf-8-sig") as lines:
        rows = csv.DictReader(lines, strict=True)
        columns = list(rows.fieldnames or ())
        if not set(REQUIRED) <= set(columns) <= {*REQUIRED, *OPTIONAL} or len(set(columns)) < len(columns):
            raise TrainingDataError(
                f"expected the columns {', '.join(REQUIRED)} (and perhaps {', '.join(OPTIONAL)}) in {file}, "
                f"got {', '.join(columns) or 'none'}; rename or remove the others"
            )
        try:
            ratings = [_rating(row, file, rows.line_num) for row in rows]
        except csv.Error as error:
            raise TrainingDataError(f"expected CSV in {file}, line {rows.line_num}: {error}") from error
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


def _rating(row: dict[str | None, str | None], file: Path, line: int) -> Rating:
    where = f"{file}, line {line}"
    if None in row or None in row.values():
        raise TrainingDataError(f"expected as many values as columns in {where}; quote values with commas")
    values = {str(name): str(value).strip() for name, value in row.items()}
    scale = {str(value): value for value in SCALE} | {f"+{value}": value for value in SCALE if value > 0}
    if values["rating"] not in scale:
        meaning = ", ".join(f"{value} ({words})" for value, words in SCALE.items())
        raise TrainingDataError(f"expected a rating of {meaning} in {where}, got {values['rating']!r}")
    photo = _existing(file.parent, values["photo"], "photo", where)
    enhanced = _existing(file.parent, values["enhanced"], "enhanced", where) if values["enhanced"] else None
    group = values.get("group") or hashlib.sha256(photo.read_bytes()).hexdigest()
    return Rating(photo, enhanced, scale[values["rating"]], group, values.get("rater", ""))


def _existing(folder: Path, name: str, column: str, where: str) -> Path:
    path = folder / name
    if not name or not path.is_file():
        raise TrainingDataError(
            f"expected the file of a photo as {column!r} in {where}, got {name!r}, which is not in {folder}; "
            "paths are relative to the folder of the CSV"
        )
    return path


def write_ratings(ratings: Iterable[Rating], file: Path) -> None:
    """Write what ``read_ratings`` reads; photos must lie in the CSV's folder or below."""
    with file.open("w", newline="", encoding="utf-8") as lines:
        rows = csv.writer(lines, lineterminator="\n")
        rows.writerow([*REQUIRED, *OPTIONAL])
        for r in ratings:
            enhanced = r.enhanced.relative_to(file.parent).as_posix() if r.enhanced else ""
            rows.writerow([r.photo.relative_to(file.parent).as_posix(), enhanced, r.rating, r.group, r.rater])
