"""CSV tables are read strictly, and the line of what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from nitido_train.csv_table import existing, read_table
from nitido_train.errors import TrainingDataError


def written(folder: Path, content: bytes) -> Path:
    file = folder / "table.csv"
    file.write_bytes(content)
    return file


def test_rows_come_with_their_lines_and_without_spaces_or_byte_order_mark(tmp_path: Path) -> None:
    file = written(tmp_path, '\ufeffphoto,words\r\na.jpg, two words \r\n"b,\nc.jpg",x\r\n'.encode())
    columns, rows = read_table(file)
    assert columns == ("photo", "words")
    assert list(rows) == [
        (f"{file}, line 2", {"photo": "a.jpg", "words": "two words"}),
        (f"{file}, line 4", {"photo": "b,\nc.jpg", "words": "x"}),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"photo\n\xff\xfe\n", "table.csv: expected CSV in UTF-8, got: "),
        (b'photo\n"a.jpg\n', "after line 1: expected CSV in UTF-8, got: unexpected end of data"),
        (b"photo,words\na.jpg\n", "line 2: expected 2 values"),
        (b"photo,words\na.jpg,x\nb.jpg,y,z\n", "line 3: expected 2 values"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    file = written(tmp_path, content)
    with pytest.raises(TrainingDataError, match=message):
        list(read_table(file)[1])


@pytest.mark.parametrize("name", ["", "gone.jpg", "folder"])
def test_a_photo_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(TrainingDataError, match="line 7: expected the path of a photo below"):
        existing(tmp_path, name, "line 7")
