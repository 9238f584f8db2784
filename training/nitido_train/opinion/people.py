"""Ratings of people as CSV files, in the style of AVA (counts) or of KonIQ-10k (mean and deviation)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np

from nitido_train import data
from nitido_train.csv_table import Row, existing, read_table
from nitido_train.errors import TrainingDataError
from nitido_train.opinion.rated import RATINGS, Rated, Shares

AVA = ("file", *(str(rating) for rating in range(1, 11)))
"""Columns: a photo, and how many people gave it each rating."""

KONIQ = ("image_name", "MOS", "SD")
"""Columns: a photo, mean and standard deviation of its ratings from 1 to 5."""

KONIQ_UNUSED = ("c1", "c2", "c3", "c4", "c5", "c_total", "MOS_zscore")
"""Columns of KonIQ-10k's own file that may be there and are not read."""

NARROWEST = 0.25
"""A standard deviation below this, in ratings of 1 to 10, is raised to it: the normal curve needs a width."""


def read_opinions(table: Path, folder: Path) -> list[Rated]:
    """The photos below ``folder`` that a CSV rates, sorted by path; its header tells AVA from KonIQ style.

    Raises TrainingDataError, which names file and line.
    """
    columns, rows = read_table(table)
    shares_of = _style(table, columns)
    found: dict[Path, Shares] = {}
    for place, row in rows:
        name, shares = shares_of(row, place)
        photo = existing(folder, name, place)
        if photo in found:
            _refuse(place, "each photo once", f"'{name}' again")
        found[photo] = shares
    if not found:
        _refuse(str(table), "at least one rated photo", "none")
    return [Rated(photo, found[photo]) for photo in sorted(found)]


def divided(rated: Sequence[Rated]) -> tuple[list[Rated], list[Rated]]:
    """(training, held-out): the tenth that no recipe trains on, by file name, as everywhere."""
    held_out = [isinstance(one.photo, Path) and data.is_held_out(one.photo) for one in rated]
    known = [one for one, held in zip(rated, held_out, strict=True) if not held]
    unseen = [one for one, held in zip(rated, held_out, strict=True) if held]
    if min(len(known), len(unseen)) < 2:
        raise TrainingDataError(
            f"expected ratings of at least two photos to train on and two that are held out (a tenth of all, "
            f"by a hash of the name), got {len(known)} and {len(unseen)}; rate more photos"
        )
    return known, unseen


def truncated_normal(mean: float, deviation: float) -> Shares:
    """Shares of a normal curve over the bins rating +- 0.5, rescaled to sum to 1."""
    scale = max(deviation, NARROWEST) * math.sqrt(2)
    below = [math.erf((edge - mean) / scale) for edge in np.arange(0.5, 11)]
    shares = np.diff(below)
    whole: Shares = shares / shares.sum()
    return whole


def _style(table: Path, columns: Sequence[str]) -> Callable[[Row, str], tuple[str, Shares]]:
    given = set(columns)
    if given == set(AVA) and len(columns) == len(AVA):
        return _ava
    if set(KONIQ) <= given <= {*KONIQ, *KONIQ_UNUSED} and len(given) == len(columns):
        return _koniq
    raise TrainingDataError(
        f"expected {table} to have the columns {','.join(AVA)} (counts of each rating) or {','.join(KONIQ)} "
        f"(ratings of 1 to 5), got {','.join(columns) or 'an empty file'}; rename or remove columns"
    )


def _ava(row: Row, place: str) -> tuple[str, Shares]:
    counts = np.array([_number(row[column], place, column) for column in AVA[1:]])
    if (counts < 0).any() or (counts % 1 != 0).any():
        _refuse(place, "whole counts of 0 or more", ",".join(row[column] for column in AVA[1:]))
    if counts.sum() == 0:
        _refuse(place, f"at least one rating of '{row['file']}'", "none")
    return row["file"], counts / counts.sum()


def _koniq(row: Row, place: str) -> tuple[str, Shares]:
    """Ratings of 1 to 5 are stretched to 1 to 10, then spread as a truncated normal curve."""
    mean, deviation = (_number(row[column], place, column) for column in ("MOS", "SD"))
    if not 1 <= mean <= 5:
        _refuse(place, "a MOS from 1 to 5", row["MOS"])
    if deviation < 0:
        _refuse(place, "an SD of 0 or more", row["SD"])
    stretch = (RATINGS[-1] - RATINGS[0]) / (5 - 1)
    return row["image_name"], truncated_normal(float(1 + (mean - 1) * stretch), float(deviation * stretch))


def _number(text: str, place: str, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        _refuse(place, f"a number in the column {column}", f"'{text}'")
    return value


def _refuse(place: str, expected: str, got: str) -> NoReturn:
    raise TrainingDataError(f"{place}: expected {expected}, got {got}; correct the file, nothing was trained")
