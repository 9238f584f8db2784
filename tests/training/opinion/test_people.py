"""Ratings of people: both styles of CSV become distributions, and what is wrong in them is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido_train.data import is_held_out
from nitido_train.errors import TrainingDataError
from nitido_train.opinion.people import divided, read_opinions, truncated_normal
from nitido_train.opinion.rated import RATINGS, Rated, agreement, crop_at, earth_movers_distance, means

AVA = "file,1,2,3,4,5,6,7,8,9,10\n"
KONIQ = "image_name,MOS,SD\n"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.png", "sub/b.png"):
        Image.fromarray(np.full((20, 30, 3), 7, np.uint8)).save(folder / name)
    return folder


def table(folder: Path, text: str) -> Path:
    file = folder / "ratings.csv"
    file.write_text(text)
    return file


def test_counts_become_shares_in_the_order_of_the_ratings(tmp_path: Path, photos: Path) -> None:
    rated = read_opinions(
        table(tmp_path, AVA + "sub/b.png,0,0,0,0,0,0,0,0,1,3\na.png,2,0,2,0,0,0,0,0,0,0\n"), photos
    )
    assert [one.photo for one in rated] == [photos / "a.png", photos / "sub" / "b.png"]
    assert [one.mean for one in rated] == [2.0, 9.75]
    assert rated[0].pixels.shape == (20, 30, 3)
    assert rated[1].shares[-2:].tolist() == [0.25, 0.75]


def test_mean_and_deviation_of_one_to_five_are_stretched_to_one_to_ten(tmp_path: Path, photos: Path) -> None:
    (middle,) = read_opinions(table(tmp_path, KONIQ + "a.png,3,0.6\n"), photos)
    assert middle.mean == pytest.approx(5.5)
    spread = float(np.sqrt(middle.shares @ (RATINGS - middle.mean) ** 2))
    # Sheppard: putting a normal curve into bins of width 1 adds a twelfth to its variance.
    assert spread == pytest.approx(np.sqrt((0.6 * 9 / 4) ** 2 + 1 / 12), abs=0.01)
    (best,) = read_opinions(table(tmp_path, KONIQ + "a.png,5,0\n"), photos)
    assert best.mean == pytest.approx(10, abs=0.05)  # half of the narrowest curve lies within the last bin


def test_columns_of_koniqs_own_file_may_be_there(tmp_path: Path, photos: Path) -> None:
    text = "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,MOS_zscore\na.png,0,0,25,73,7,105,3.83,0.52,68.3\n"
    (one,) = read_opinions(table(tmp_path, text), photos)
    # The curve ends at 10.5, a little before its upper tail does: the mean falls by a hundredth or two.
    assert one.mean == pytest.approx(1 + 2.83 * 9 / 4, abs=0.02)


@pytest.mark.parametrize("mean", [1.0, 2.3, 5.5, 8.9, 10.0])
def test_truncated_normal_is_a_distribution_with_its_mode_at_the_mean(mean: float) -> None:
    shares = truncated_normal(mean, 1.4)
    assert shares.sum() == pytest.approx(1)
    assert (shares > 0).all()
    assert abs(RATINGS[shares.argmax()] - mean) <= 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "got an empty file"),
        ("file,mood\na.png,3\n", r"expected .* to have the columns file,1,2,.*got file,mood"),
        (KONIQ.replace("SD", "SD,mood") + "a.png,3,1,2\n", "got image_name,MOS,SD,mood"),
        (AVA, "expected at least one rated photo, got none"),
        (KONIQ + "a.png,5.2,0.5\n", "line 2: expected a MOS from 1 to 5, got 5.2"),
        (KONIQ + "a.png,0.9,0.5\n", "expected a MOS from 1 to 5, got 0.9"),
        (KONIQ + "a.png,3,-0.5\n", "expected an SD of 0 or more"),
        (KONIQ + "a.png,good,0.5\n", "expected a number in the column MOS, got 'good'"),
        (KONIQ + "a.png,nan,0.5\n", "expected a number in the column MOS"),
        (KONIQ + "a.png,3\n", "line 2: expected 3 values"),
        (KONIQ + "a.png,3,1,1\n", "line 2: expected 3 values"),
        (
            KONIQ + "a.png,3,1\nc.png,3,1\n",
            "line 3: expected the path of a photo below .*got 'c.png', which is not there",
        ),
        (KONIQ + "a.png,3,1\na.png,4,1\n", "line 3: expected each photo once"),
        (AVA + "a.png,1,0,0,0,0,-1,0,0,0,0\n", "expected whole counts of 0 or more"),
        (AVA + "a.png,1,0,0.5,0,0,0,0,0,0,0\n", "expected whole counts of 0 or more"),
        (AVA + "a.png,0,0,0,0,0,0,0,0,0,0\n", "expected at least one rating of 'a.png', got none"),
    ],
)
def test_what_cannot_be_learned_from_is_named(tmp_path: Path, photos: Path, text: str, message: str) -> None:
    with pytest.raises(TrainingDataError, match=message):
        read_opinions(table(tmp_path, text), photos)


def test_the_tenth_that_is_held_out_everywhere_is_held_out_here() -> None:
    rated = [Rated(Path(f"{n}.jpg"), truncated_normal(5, 1)) for n in range(100)]
    known, unseen = divided(rated)
    assert len(known) + len(unseen) == 100
    assert all(isinstance(one.photo, Path) and is_held_out(one.photo) for one in unseen)
    with pytest.raises(TrainingDataError, match="got 4 and 0; rate more photos"):
        divided(known[:4])


def test_distance_of_neighbouring_ratings_is_a_tenth_and_grows_with_the_way() -> None:
    shares = np.eye(10)
    assert earth_movers_distance(shares[3], shares[4]) == pytest.approx(0.1)
    assert earth_movers_distance(shares[0], shares[9]) == pytest.approx(0.9)
    assert earth_movers_distance(shares, shares) == 0
    assert means(shares).tolist() == RATINGS.tolist()


def test_agreement_needs_ratings_that_differ() -> None:
    truth = np.array([1.0, 2.0, 4.0])
    assert agreement(np.array([0.1, 0.2, 0.4]), truth) == {"spearman": 1.0, "pearson": 1.0}
    assert agreement(np.array([3.0, 3.0, 3.0]), truth) == {"spearman": 0.0, "pearson": 0.0}
    with pytest.raises(TrainingDataError, match="all rated alike"):
        agreement(truth, np.array([5.0, 5.0, 5.0]))


def test_crops_of_a_photo_lie_inside_it_and_small_photos_are_mirrored() -> None:
    photo = np.arange(12 * 20 * 3, dtype=np.uint8).reshape(12, 20, 3)
    assert np.array_equal(crop_at(photo, 8, (0, 0), 0), photo[:8, :8])
    assert np.array_equal(crop_at(photo, 8, (1, 1), 0), photo[-8:, -8:])
    tall = crop_at(photo, 16, (0.5, 0), 0)
    assert np.array_equal(tall[12:], tall[11:7:-1])
