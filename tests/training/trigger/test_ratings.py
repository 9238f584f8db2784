"""Ratings are read strictly: what is wrong is named with its line and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nitido_train.errors import TrainingDataError
from nitido_train.trigger.ratings import CUTS, SCALE, Rating, rating_of, read_ratings, write_ratings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for index in range(3):
        (tmp_path / f"photo{index}.png").write_bytes(bytes([index]))
        (tmp_path / f"better{index}.png").write_bytes(bytes([index, 1]))
    return tmp_path


def written(folder: Path, text: str) -> Path:
    file = folder / "ratings.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_ratings_are_read_with_paths_relative_to_the_csv(folder: Path) -> None:
    text = "photo,enhanced,rating\nphoto0.png,better0.png,2\nphoto1.png,,-1\nphoto2.png,better2.png,+1\n"
    first, second, third = read_ratings(written(folder, text))
    assert (first.photo, first.enhanced, first.rating) == (folder / "photo0.png", folder / "better0.png", 2)
    assert (second.enhanced, second.rating, third.rating) == (None, -1, 1)


def test_what_is_written_is_read_again(folder: Path) -> None:
    made = [
        Rating(folder / "photo0.png", folder / "better0.png", 1, 'burst, "7"', "oracle"),
        Rating(folder / "photo1.png", None, -1, "burst 8", "oracle"),
    ]
    write_ratings(made, folder / "ratings.csv")
    assert read_ratings(folder / "ratings.csv") == made


@pytest.mark.parametrize("rating", ["3", "-2", "1.5", "", "good", "2.0", "nan"])
def test_a_rating_outside_the_scale_is_refused(folder: Path, rating: str) -> None:
    file = written(folder, f"photo,enhanced,rating\nphoto1.png,,1\nphoto0.png,better0.png,{rating}\n")
    with pytest.raises(TrainingDataError, match=r"line 3: expected a rating of 2 .*, got "):
        read_ratings(file)


@pytest.mark.parametrize("row", ["gone.png,better0.png,1", "photo0.png,gone.png,1", ",better0.png,1"])
def test_a_rating_for_a_missing_photo_is_refused(folder: Path, row: str) -> None:
    with pytest.raises(
        TrainingDataError, match=r"line 2: expected the path of a photo below .* which is not there"
    ):
        read_ratings(written(folder, f"photo,enhanced,rating\n{row}\n"))


@pytest.mark.parametrize(
    "head", ["photo,enhanced", "photo,enhanced,rating,mood", "photo,enhanced,rating,rating", "", "a;b;c"]
)
def test_unknown_missing_or_repeated_columns_are_refused(folder: Path, head: str) -> None:
    with pytest.raises(TrainingDataError, match="expected the columns photo, enhanced, rating"):
        read_ratings(written(folder, head + "\n"))


@pytest.mark.parametrize("row", ["photo0.png,better0.png", "photo0.png,better0.png,1,2", '"photo0.png,,1'])
def test_rows_that_do_not_fit_the_columns_are_refused(folder: Path, row: str) -> None:
    with pytest.raises(TrainingDataError, match="line"):
        read_ratings(written(folder, f"photo,enhanced,rating\n{row}\n"))


def test_no_ratings_are_refused(folder: Path) -> None:
    with pytest.raises(TrainingDataError, match="found none"):
        read_ratings(written(folder, "photo,enhanced,rating\n"))


def test_a_pair_rated_twice_is_refused_unless_by_two_raters(folder: Path) -> None:
    twice = "photo0.png,better0.png,1,{}\nphoto0.png,better0.png,2,{}\n"
    head = "photo,enhanced,rating,rater\n"
    with pytest.raises(TrainingDataError, match="twice"):
        read_ratings(written(folder, head + twice.format("ann", "ann")))
    assert [r.rater for r in read_ratings(written(folder, head + twice.format("ann", "bob")))] == [
        "ann",
        "bob",
    ]


def test_the_split_follows_the_photo_not_its_name_or_rating(folder: Path) -> None:
    (folder / "copy.png").write_bytes((folder / "photo0.png").read_bytes())
    rows = "photo,enhanced,rating\nphoto0.png,better0.png,2\ncopy.png,,-1\n"
    first, copy = read_ratings(written(folder, rows))
    assert first.group == copy.group
    assert first.is_held_out == copy.is_held_out


def test_about_a_fifth_is_held_out() -> None:
    held_out = sum(Rating(Path("a"), None, 0, str(i)).is_held_out for i in range(2000))
    assert 320 < held_out < 480  # 400 expected, standard deviation 18


@given(st.floats(-9, 9))
def test_every_gain_has_a_rating_between_its_cuts(gain: float) -> None:
    rating = rating_of(gain)
    assert rating in SCALE
    assert gain >= CUTS.get(rating, -9)
    assert gain < CUTS.get(rating + 1, 9.1)
