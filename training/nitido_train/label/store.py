"""The table of labels: Parquet in long form, one row per sample and factor, with a hash of its contents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nitido.errors import RuntimeUnavailable
from nitido.photo.atomic import atomic_write
from nitido_train.errors import TrainingDataError
from nitido_train.label.measure import Row
from nitido_train.label.plan import SCHEMA

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as error:
    raise RuntimeUnavailable(
        f"expected pyarrow to be installed for tables of labels, got: {error}; pip install 'nitido[scale]'"
    ) from error

COLUMNS = {
    "photo": "string",
    "photo_hash": "string",
    "top": "int32",
    "left": "int32",
    "side": "int32",
    "symmetry": "int32",
    "seed": "int64",
    "clean": "bool",
    "degradation": "string",
    "factor": "string",
    "q_input": "float32",
    "q_enhanced": "float32",
    "delta": "float32",
    "reference_input": "float32",
    "reference_enhanced": "float32",
    "reference_delta": "float32",
    "enhancer": "string",
    "upscaler": "string",
    "scorer": "string",
}
"""Name to Arrow type. ``q_*`` and ``delta`` are by the scorer and null without one, ``reference_*`` are
against the pristine photo and null where none is known. ``degradation`` is JSON."""
ANEW = "label the photos again"
"""The way out of most of what can be wrong with a table."""
_KEY = b"nitido-labels"
_HASH_BITS = 256


@dataclass(frozen=True)
class Header:
    """What a file says of itself, beside its rows."""

    description: Mapping[str, Any]
    """``Plan.description()``."""
    rows: int
    content_hash: str
    """Of all rows in any order: whoever made them in whatever order, the same rows have the same hash."""
    left_out: Mapping[str, str]
    """Photos that gave no rows, and why."""


def write_part(
    file: Path, rows: Sequence[Row], description: Mapping[str, Any], left_out: Mapping[str, str]
) -> None:
    """Write rows as one file that is there whole or not at all."""
    table = pa.Table.from_pylist(list(rows), _schema())
    header = Header(description, len(rows), content_hash([table]), left_out)
    with atomic_write(file, overwrite=True) as stream:
        pq.write_table(table.replace_schema_metadata(_metadata(header)), stream)


def merge(parts: Sequence[Path], file: Path) -> Header:
    """Join parts, in their order, into one file; memory holds one part at a time."""
    headers = [read_header(part) for part in parts]
    total = sum(int(header.content_hash, 16) for header in headers) % 2**_HASH_BITS
    left_out = {photo: why for header in headers for photo, why in header.left_out.items()}
    rows = sum(header.rows for header in headers)
    joined = Header(headers[0].description, rows, _hex(total), left_out)
    schema = _schema().with_metadata(_metadata(joined))
    with atomic_write(file) as stream, pq.ParquetWriter(stream, schema) as writer:
        for part in parts:
            writer.write_table(read_rows(part).replace_schema_metadata(schema.metadata))
    return joined


def read_header(file: Path) -> Header:
    """What a table of labels says of itself. Raises TrainingDataError for any other file."""
    if not file.is_file():
        raise TrainingDataError(
            f"expected a table of labels in {file}, which is missing; python -m nitido_train.label makes it"
        )
    try:
        text = (pq.read_schema(file).metadata or {}).get(_KEY)
        header = None if text is None else Header(**json.loads(text))
    except (OSError, ValueError, TypeError) as error:  # ArrowInvalid is a ValueError
        raise TrainingDataError(f"expected a table of labels in {file}, got: {error}; {ANEW}") from error
    if header is None:
        raise TrainingDataError(f"expected a table of labels in {file}, got another Parquet file; {ANEW}")
    schema = header.description.get("schema")
    if schema != SCHEMA:
        raise TrainingDataError(
            f"expected labels of schema {SCHEMA} in {file}, got {schema}; update nitido, or {ANEW}"
        )
    return header


def read_rows(file: Path) -> pa.Table:
    """All rows. Raises TrainingDataError for a damaged file."""
    try:
        return pq.read_table(file)
    except (OSError, ValueError) as error:
        raise TrainingDataError(f"expected rows of labels in {file}, got: {error}; {ANEW}") from error


def content_hash(tables: Iterable[pa.Table]) -> str:
    """Hash of rows whatever their order: the sum of the rows' sha256, as 64 hex digits."""
    total = 0
    for table in tables:
        columns = [table.column(name).to_pylist() for name in COLUMNS]
        for row in zip(*columns, strict=True):
            total += int.from_bytes(hashlib.sha256(json.dumps(row).encode()).digest())
    return _hex(total % 2**_HASH_BITS)


def _hex(value: int) -> str:
    return f"{value:0{_HASH_BITS // 4}x}"


def _schema() -> pa.Schema:
    types = {"string": pa.string(), "int32": pa.int32(), "int64": pa.int64(), "bool": pa.bool_()}
    types["float32"] = pa.float32()
    return pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])


def _metadata(header: Header) -> dict[bytes, bytes]:
    return {_KEY: json.dumps(header.__dict__).encode()}
