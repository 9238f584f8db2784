"""A table of labels is what it says, or it is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nitido.errors import PairMismatch
from nitido_train.degrade import GAINS
from nitido_train.errors import TrainingDataError
from nitido_train.label import label_folder, read_labels
from nitido_train.label.store import COLUMNS, content_hash

KEY = b"nitido-labels"


@pytest.fixture
def file(config) -> Path:
    """Labels of twelve photos, two samples each."""
    return label_folder(config()) and config().out


def rewrite(file: Path, change: Callable[[pa.Table], pa.Table] = lambda t: t, **header: Any) -> None:
    """Change the rows, or what the header says of them; ``schema`` goes into its description."""
    table = pq.read_table(file)
    said = json.loads(table.schema.metadata[KEY])
    if "schema" in header:
        said["description"]["schema"] = header.pop("schema")
    changed = change(table).replace_schema_metadata({KEY: json.dumps({**said, **header}).encode()})
    pq.write_table(changed, file)


def test_there_is_one_row_per_sample_and_gain_with_the_documented_columns(file: Path) -> None:
    table = pq.read_table(file)
    assert {field.name: str(field.type) for field in table.schema} == {
        name: {"float32": "float"}.get(kind, kind) for name, kind in COLUMNS.items()
    }
    assert table.num_rows == 12 * 2 * len(GAINS)
    assert table.column("photo").to_pylist() == sorted(table.column("photo").to_pylist())
    assert table.column("factor").to_pylist()[: len(GAINS)] == list(GAINS)


def test_samples_have_the_reference_delta_where_it_is_known_and_else_the_scorers(config, tmp_path) -> None:
    for as_is, column in ((False, "reference_delta"), (True, "delta")):
        made = config(as_is=as_is, out=tmp_path / f"{column}.parquet")
        labels = label_folder(made)
        table = pq.read_table(made.out)
        assert table.column("reference_delta").null_count == (table.num_rows if as_is else 0)
        assert [gain for s in labels.samples for gain in s.gains.values()] == table.column(column).to_pylist()
        assert {tuple(s.gains) for s in labels.samples} == {GAINS}


def test_the_content_hash_ignores_the_order_of_rows(file: Path) -> None:
    before = read_labels(file)
    order = np.random.default_rng(0).permutation(before.header.rows)
    rewrite(file, lambda table: table.take(order))
    after = read_labels(file)
    assert after.header == before.header
    assert sorted(s.seed for s in after.samples) == sorted(s.seed for s in before.samples)


@pytest.mark.parametrize("column", ["delta", "photo", "seed", "clean", "scorer"])
def test_the_content_hash_sees_every_change(file: Path, column: str) -> None:
    table = pq.read_table(file)
    values = table.column(column).to_pylist()
    values[7] = {"delta": 0.25, "photo": "x", "seed": 1, "clean": not values[7], "scorer": None}[column]
    index = table.column_names.index(column)
    other = table.set_column(index, table.schema.field(index), pa.array(values, table.schema.types[index]))
    assert content_hash([other]) != content_hash([table])
    rewrite(file, lambda _: other)
    with pytest.raises(TrainingDataError, match="rows its hash names"):
        read_labels(file)


def test_a_row_twice_is_not_the_same_as_no_row(file: Path) -> None:
    table = pq.read_table(file)
    assert content_hash([table, table[:1], table[:1]]) != content_hash([table])


def test_labels_of_another_enhancer_are_refused(file: Path) -> None:
    assert read_labels(file, "smoother-1").ids.enhancer == "smoother-1"
    with pytest.raises(PairMismatch, match="enhancer other, got labels of smoother-1"):
        read_labels(file, "other")


def test_labels_of_a_newer_schema_are_refused(file: Path) -> None:
    rewrite(file, schema=2)
    with pytest.raises(TrainingDataError, match=r"schema 1 .*got 2; update nitido"):
        read_labels(file)


def test_a_missing_column_is_named(file: Path) -> None:
    rewrite(file, lambda table: table.drop_columns(["seed", "delta"]))
    with pytest.raises(TrainingDataError, match="columns seed, delta"):
        read_labels(file)


def test_an_empty_table_is_an_error_that_says_why_it_is_empty(config) -> None:
    with pytest.raises(TrainingDataError, match=r"got none \(photo10.png: 48 x 40 pixels are less than"):
        label_folder(config(side=64))


def test_a_sample_without_all_its_gains_is_an_error(file: Path) -> None:
    table = pq.read_table(file)
    rewrite(file, lambda t: t[1:], content_hash=content_hash([table[1:]]))
    with pytest.raises(TrainingDataError, match="got deblur, denoise, deartifact, desaturate, upscale"):
        read_labels(file)


def test_a_file_that_is_no_table_of_labels_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "labels.parquet"
    with pytest.raises(TrainingDataError, match="is missing"):
        read_labels(file)
    file.write_bytes(b"PAR1 not really")
    with pytest.raises(TrainingDataError, match="expected a table of labels"):
        read_labels(file)
    pq.write_table(pa.table({"photo": ["a"]}), file)
    with pytest.raises(TrainingDataError, match="another Parquet file"):
        read_labels(file)
    pq.write_table(pa.table({"photo": ["a"]}).replace_schema_metadata({KEY: b'{"rows": 1}'}), file)
    with pytest.raises(TrainingDataError, match="missing 3 required"):
        read_labels(file)


def test_damage_anywhere_is_an_error_or_changes_no_row(file: Path) -> None:
    sound, labels = file.read_bytes(), read_labels(file)
    refused = 0
    for place in range(0, len(sound) - 64, len(sound) // 20):
        file.write_bytes(sound[:place] + bytes(64) + sound[place + 64 :])
        try:
            assert read_labels(file) == labels  # statistics, or what was zero anyway
        except TrainingDataError:
            refused += 1
    assert refused > 5


def test_without_pyarrow_the_error_says_what_to_install() -> None:
    code = "import sys; sys.modules['pyarrow'] = None; import nitido_train.label"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert "RuntimeUnavailable" in run.stderr
    assert "pip install 'nitido[scale]'" in run.stderr
