"""Reading a table of labels: checked against its own hash, and rows joined to samples again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nitido.errors import PairMismatch
from nitido_train.degrade import GAINS
from nitido_train.errors import TrainingDataError
from nitido_train.label.plan import Ids
from nitido_train.label.samples import Sample, degradation_from_text
from nitido_train.label.store import ANEW, COLUMNS, Header, content_hash, read_header, read_rows

if TYPE_CHECKING:
    import pyarrow as pa

_SAMPLE = ("photo", "photo_hash", "top", "left", "side", "symmetry", "seed", "clean", "degradation")


@dataclass(frozen=True)
class Labels:
    """A checked table of labels, one ``Sample`` with all its gains where the file has a row per gain."""

    samples: tuple[Sample, ...]
    ids: Ids
    header: Header


def read_labels(file: Path, enhancer: str | None = None) -> Labels:
    """Read and check a whole table; with ``enhancer`` it must have been made with the one of that id.

    Raises PairMismatch for another enhancer, TrainingDataError for a table that is empty, incomplete or not
    what its hash says.
    """
    header = read_header(file)
    made_with = header.description["enhancer"]
    if enhancer is not None and made_with != enhancer:
        raise PairMismatch(
            f"expected {file} to be made with enhancer {enhancer}, got labels of {made_with}; "
            "open that enhancer, or label the photos again with this one"
        )
    table = read_rows(file)
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise TrainingDataError(f"expected {file} to have the columns {', '.join(missing)}, got none; {ANEW}")
    if table.num_rows == 0:
        reasons = "; ".join(f"{photo}: {why}" for photo, why in list(header.left_out.items())[:3])
        raise TrainingDataError(f"expected labels in {file}, got none ({reasons}); name other photos")
    if content_hash([table.select(list(COLUMNS))]) != header.content_hash:
        raise TrainingDataError(f"expected {file} to have the rows its hash names, got others; {ANEW}")
    ids = Ids(made_with, header.description["upscaler"], header.description["scorer"])
    return Labels(tuple(_samples(table, file)), ids, header)


def _samples(table: pa.Table, file: Path) -> Iterator[Sample]:
    """Rows joined to samples, in the order of their first rows."""
    found: dict[tuple[Any, ...], dict[str, float]] = {}
    columns = {
        name: table.column(name).to_pylist() for name in (*_SAMPLE, "factor", "delta", "reference_delta")
    }
    for index, factor in enumerate(columns["factor"]):
        gain = columns["reference_delta"][index]
        gains = found.setdefault(tuple(columns[name][index] for name in _SAMPLE), {})
        gains[factor] = columns["delta"][index] if gain is None else gain
    for key, gains in found.items():
        if set(gains) != set(GAINS) or None in gains.values():
            raise TrainingDataError(
                f"expected {file} to have the gains {', '.join(GAINS)} of {key[0]}, "
                f"got {', '.join(name for name, gain in gains.items() if gain is not None)}; {ANEW}"
            )
        values = dict(zip(_SAMPLE, key, strict=True))
        degradation = degradation_from_text(values.pop("degradation"))
        yield Sample(**values, degradation=degradation, gains={name: gains[name] for name in GAINS})
