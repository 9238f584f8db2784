"""CSV files of what people said about photos, read strictly: what is wrong is told with its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from nitido_train.errors import TrainingDataError

Row = dict[str, str]
"""Values by column."""


def read_table(file: Path) -> tuple[tuple[str, ...], Iterator[tuple[str, Row]]]:
    """The columns, and the rows with their places for messages: ``ratings.csv, line 3``.

    Raises TrainingDataError for a file that is no CSV in UTF-8, and, at the row, for one with more or fewer
    values than columns.
    """
    try:
        reader = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline=""), strict=True)
        return tuple(reader.fieldnames or ()), _rows(reader, file)
    except (csv.Error, UnicodeDecodeError) as error:
        raise _no_table(str(file), error) from error


def existing(folder: Path, name: str, place: str) -> Path:
    """The file of a photo that a row names. Raises TrainingDataError where there is none."""
    path = folder / name
    if not name or not path.is_file():
        raise TrainingDataError(
            f"{place}: expected the path of a photo below {folder}, got '{name}', which is not there; "
            "correct the path, or remove the row"
        )
    return path


def _rows(reader: csv.DictReader[str], file: Path) -> Iterator[tuple[str, Row]]:
    try:
        for row in reader:
            place = f"{file}, line {reader.line_num}"
            if None in row or None in row.values():
                raise TrainingDataError(
                    f"{place}: expected {len(reader.fieldnames or ())} values, got another number of them; "
                    "quote values that have commas"
                )
            yield place, {column: value.strip() for column, value in row.items()}
    except csv.Error as error:
        raise _no_table(f"{file}, after line {reader.line_num}", error) from error


def _no_table(place: str, error: Exception) -> TrainingDataError:
    return TrainingDataError(f"{place}: expected CSV in UTF-8, got: {error}; save it as such")
