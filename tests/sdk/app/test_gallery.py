"""The gallery: ranking and the index."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from nitido.errors import GalleryError, InvalidOption
from nitido.gallery import Gallery
from nitido.photo.model import Photo, Pixels
from nitido.photo.read import read_photo
from nitido.trigger import Improvability


class CountingTrigger:
    """Remembers how often it was asked; ``id`` as a bundle's trigger has."""

    thresholds: ClassVar[dict[str, float]] = {"denoise": 0.9, "deblur": 0.04}

    def __init__(self, id: str = "one") -> None:  # noqa: A002
        self.id = id
        self.calls = 0

    def __call__(self, pixels: Pixels) -> Improvability:
        self.calls += 1
        score = 1.0 - float(pixels.mean()) / 255
        factors = {"denoise": score, "deblur": 0.1 - score / 10}
        return Improvability.judged(score, factors, score >= 0.5, self.thresholds)


def never(*args: object, **options: object) -> None:
    """In place of what must not be called."""
    raise AssertionError("was called")


@pytest.fixture
def folder(make_photo, tmp_path) -> Path:
    make_photo(tmp_path / "in" / "bright.png", 240)
    make_photo(tmp_path / "in" / "dark.png", 10)
    make_photo(tmp_path / "in" / "sub" / "grey.png", 90)
    return tmp_path / "in"


def names(gallery: Gallery, top: int | None = None) -> list[str]:
    return [suggestion.path.name for suggestion in gallery.suggest(top)]


def test_suggestions_are_the_recommended_photos_best_first(folder):
    with Gallery(folder, CountingTrigger()) as gallery:
        gallery.scan()
        assert names(gallery) == ["dark.png", "grey.png"]
        assert names(gallery, top=1) == ["dark.png"]
        best = gallery.suggest()[0]
        assert best.path == folder / "dark.png"
        assert best.improvability == CountingTrigger()(np.full((6, 8, 3), 10, np.uint8))
        assert best.improvability.crossed == ("denoise",)
        assert "noisy" in best.reason
        assert [found.path.name for found in gallery.ranking()] == ["dark.png", "grey.png", "bright.png"]


def test_top_must_be_positive(folder):
    with Gallery(folder, CountingTrigger()) as gallery, pytest.raises(InvalidOption):
        gallery.suggest(top=0)


def test_unchanged_photos_are_not_decoded_again_by_a_new_object(folder, monkeypatch):
    with Gallery(folder, CountingTrigger()) as gallery:
        assert gallery.scan().assessed == 3

    monkeypatch.setattr("nitido.gallery.gallery.read_photo", never)
    monkeypatch.setattr("nitido.gallery.scanning._hash", never)
    with Gallery(folder, CountingTrigger()) as gallery:
        scan = gallery.scan()
        assert (scan.photos, scan.assessed, scan.failed) == (3, 0, {})
        assert names(gallery) == ["dark.png", "grey.png"]


def test_changed_new_and_gone_photos_are_noticed(folder, make_photo):
    trigger = CountingTrigger()
    with Gallery(folder, trigger) as gallery:
        gallery.scan()
        make_photo(folder / "bright.png", 5)
        os.utime(folder / "bright.png", (9, 9))
        make_photo(folder / "new.png", 60)
        (folder / "dark.png").unlink()
        assert gallery.scan().assessed == 2
        assert names(gallery) == ["bright.png", "new.png", "grey.png"]


def test_moved_and_copied_photos_keep_their_score(folder):
    trigger = CountingTrigger()
    with Gallery(folder, trigger) as gallery:
        gallery.scan()
        (folder / "dark.png").rename(folder / "sub" / "moved.png")
        (folder / "copy.png").write_bytes((folder / "sub" / "grey.png").read_bytes())
        assert gallery.scan().assessed == 0
        assert names(gallery) == ["moved.png", "copy.png", "grey.png"]


def test_another_trigger_assesses_anew_and_the_first_ones_scores_stay(folder):
    for trigger, expected in (
        (CountingTrigger("one"), 3),
        (CountingTrigger("two"), 3),
        (CountingTrigger("one"), 0),
    ):
        with Gallery(folder, trigger) as gallery:
            gallery.scan()
            assert len(gallery.ranking()) == 3
        assert trigger.calls == expected


def test_damaged_photos_are_reported_every_time_but_read_once(folder, monkeypatch):
    (folder / "broken.jpg").write_bytes((b"\xff\xd8\xff") + bytes(50))
    with Gallery(folder, CountingTrigger()) as gallery:
        failed = gallery.scan().failed
        assert list(failed) == [folder / "broken.jpg"]
        monkeypatch.setattr("nitido.gallery.gallery.read_photo", never)
        assert gallery.scan().failed == failed
        assert len(gallery.ranking()) == 3


def test_too_large_photos_are_tried_again_with_another_limit(folder):
    with Gallery(folder, CountingTrigger(), max_megapixels=1e-6) as gallery:
        assert len(gallery.scan().failed) == 3
    with Gallery(folder, CountingTrigger()) as gallery:
        assert gallery.scan().assessed == 3


def test_one_factor_ranks_by_its_gain_and_only_where_it_is_worth_it(folder):
    with Gallery(folder, CountingTrigger()) as gallery:
        gallery.scan()
        found = gallery.suggest(factor="deblur")
        assert [(photo.path.name, photo.reason) for photo in found] == [("bright.png", "blurred: +0.1")]
        assert [photo.path.name for photo in gallery.suggest(factor="denoise")] == ["dark.png"]


def test_an_equal_gain_is_ranked_by_name_and_top_counts(folder, make_photo):
    make_photo(folder / "also-dark.png", 10)
    with Gallery(folder, CountingTrigger()) as gallery:
        gallery.scan()
        ranked = [photo.path.name for photo in gallery.suggest(factor="denoise")]
        assert ranked == ["also-dark.png", "dark.png"]
        assert [photo.path.name for photo in gallery.suggest(1, "denoise")] == ["also-dark.png"]


@pytest.mark.parametrize("factor", ["colour", "den'oise", ""])
def test_a_factor_without_a_threshold_is_refused(folder, factor):
    with Gallery(folder, CountingTrigger()) as gallery, pytest.raises(InvalidOption, match="denoise, deblur"):
        gallery.suggest(factor=factor)


def test_animations_are_ranked_but_not_suggested_for_any_factor(folder):
    frames = [Image.new("RGB", (8, 6), (level, 0, 0)) for level in (0, 9)]
    frames[0].save(folder / "a.gif", save_all=True, append_images=frames[1:])
    with Gallery(folder, CountingTrigger()) as gallery:
        gallery.scan()
        assert "a.gif" not in names(gallery)
        assert "a.gif" not in [photo.path.name for photo in gallery.suggest(factor="denoise")]
        assert gallery.ranking()[0].path.name == "a.gif"


def test_scores_do_not_depend_on_the_number_of_threads(make_photo, tmp_path):
    for number in range(30):  # ten contents, each three times: copies meet while the first is being read
        make_photo(tmp_path / "in" / f"{number}.png", number // 3)
    rankings = []
    for workers in (1, 4):
        trigger = CountingTrigger()
        with Gallery(tmp_path / "in", trigger, index=tmp_path / f"{workers}.sqlite") as gallery:
            scan = gallery.scan(workers=workers)
            assert (scan.photos, scan.assessed, trigger.calls) == (30, 10, 10)
            rankings.append(gallery.ranking())
    assert rankings[0] == rankings[1]
    assert len(rankings[0]) == 30


def test_no_more_photos_are_decoded_ahead_than_there_are_threads(make_photo, tmp_path, monkeypatch):
    for level in range(12):
        make_photo(tmp_path / "in" / f"{level}.png", level)
    begun, most = [0], [0]

    def read(path: Path, **options: object) -> Photo:
        begun[0] += 1
        return read_photo(path)

    class Slow(CountingTrigger):
        def __call__(self, pixels: Pixels) -> Improvability:
            most[0] = max(most[0], begun[0] - self.calls)
            return super().__call__(pixels)

    monkeypatch.setattr("nitido.gallery.gallery.read_photo", read)
    with Gallery(tmp_path / "in", Slow()) as gallery:
        gallery.scan(workers=2)
    assert begun == [12]
    assert most[0] <= 3  # two ahead and the one that is looked at


def test_threads_must_be_positive(folder):
    with Gallery(folder, CountingTrigger()) as gallery, pytest.raises(InvalidOption, match="workers"):
        gallery.scan(workers=0)


def test_a_photo_that_changes_while_it_is_read_gets_no_wrong_score(folder, make_photo):
    class Meddler(CountingTrigger):
        def __call__(self, pixels: Pixels) -> Improvability:
            if pixels.mean() == 90:
                make_photo(folder / "sub" / "grey.png", 30)
            return super().__call__(pixels)

    with Gallery(folder, Meddler()) as gallery:
        assert "changed" in gallery.scan().failed[folder / "sub" / "grey.png"]
        assert "grey.png" not in names(gallery)
        assert gallery.scan().failed == {}
        assert gallery.ranking()[1].improvability.score == 1 - 30 / 255


def test_a_trigger_that_sees_only_the_shrunk_photo_gets_it_decoded_small(tmp_path):
    Image.new("RGB", (1600, 1200)).save(tmp_path / "a.jpg")
    sizes = []

    class Whole(CountingTrigger):
        at_least = (100, 100)

        def __call__(self, pixels: Pixels) -> Improvability:
            sizes.append(pixels.shape[:2])
            return super().__call__(pixels)

    with Gallery(tmp_path, Whole()) as gallery:
        gallery.scan()
    assert sizes == [(150, 200)]


def test_a_trigger_that_fails_stops_the_scan_and_the_next_one_goes_on(folder):
    class Failing(CountingTrigger):
        def __call__(self, pixels: Pixels) -> Improvability:
            if pixels.mean() == 10:
                raise ZeroDivisionError
            return super().__call__(pixels)

    with Gallery(folder, Failing()) as gallery:
        with pytest.raises(ZeroDivisionError):
            gallery.scan()
        assert len(gallery.ranking()) == 1
    with Gallery(folder, CountingTrigger()) as gallery:
        assert gallery.scan().assessed == 2


def test_other_files_are_counted_and_subfolders_can_be_left_out(folder):
    (folder / "notes.txt").touch()
    seen = []
    with Gallery(folder, CountingTrigger()) as gallery:
        scan = gallery.scan(recursive=False, progress=lambda done, total: seen.append((done, total)))
    assert (scan.photos, scan.others) == (2, 1)
    assert seen == [(1, 2), (2, 2)]


def test_index_stays_out_of_the_photo_folder(folder, own_cache):
    with Gallery(folder, CountingTrigger()) as gallery:
        gallery.scan()
    assert len(list(own_cache.rglob("*.sqlite"))) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["bright.png", "dark.png", "sub"]


def test_names_need_not_be_unicode(folder):
    odd = os.fsdecode(b"caf\xe9 \xf0\x9f\x93\xb7.png")
    (folder / "dark.png").rename(folder / odd)
    with Gallery(folder, CountingTrigger()) as gallery:
        gallery.scan()
        assert names(gallery)[0] == odd
        assert gallery.scan().assessed == 0


def test_index_of_version_1_keeps_its_scores(folder, tmp_path):
    index = tmp_path / "index.sqlite"
    with Gallery(folder, CountingTrigger(), index=index) as gallery:
        gallery.scan()
        expected = gallery.ranking(), gallery.suggest(), gallery.suggest(factor="denoise")
    with sqlite3.connect(index) as connection:  # version 2 back to what version 1 wrote
        connection.execute("ALTER TABLE score DROP COLUMN touchable")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    for _ in range(2):
        with Gallery(folder, CountingTrigger(), index=index) as gallery:
            assert gallery.scan().assessed == 0
            assert (gallery.ranking(), gallery.suggest(), gallery.suggest(factor="denoise")) == expected


def test_index_of_a_newer_version_is_refused_and_kept(folder, tmp_path):
    index = tmp_path / "index.sqlite"
    Gallery(folder, CountingTrigger(), index=index).close()
    with sqlite3.connect(index) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(GalleryError, match="newer Nitido"):
        Gallery(folder, CountingTrigger(), index=index)
    with sqlite3.connect(index) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)
    connection.close()


def test_a_file_that_is_no_index_is_refused_and_kept(folder, tmp_path):
    (tmp_path / "index.sqlite").write_text("my diary " * 200)
    with pytest.raises(GalleryError, match="delete it"):
        Gallery(folder, CountingTrigger(), index=tmp_path / "index.sqlite")
    assert (tmp_path / "index.sqlite").read_text().startswith("my diary")
    with pytest.raises(GalleryError):
        Gallery(folder, CountingTrigger(), index=tmp_path / "index.sqlite" / "below")


def test_a_claims_file_that_cannot_be_made_is_told(folder, tmp_path):
    (tmp_path / "index.sqlite-claims").mkdir()
    gallery = Gallery(folder, CountingTrigger(), index=tmp_path / "index.sqlite")
    with gallery, pytest.raises(GalleryError, match="another place"):
        gallery.scan()


def test_a_missing_folder_is_bad_usage_and_an_empty_one_is_not(tmp_path):
    with pytest.raises(InvalidOption):
        Gallery(tmp_path / "nowhere", CountingTrigger())
    with Gallery(tmp_path, CountingTrigger()) as gallery:
        assert gallery.scan().photos == 0
        assert gallery.suggest() == []


def test_rows_that_another_process_adds_meanwhile_are_not_forgotten(folder, make_photo, tmp_path):
    index = tmp_path / "index.sqlite"

    class Meanwhile(CountingTrigger):
        def __call__(self, pixels: Pixels) -> Improvability:
            if self.calls == 0:
                make_photo(folder / "late.png", 70)
                with Gallery(folder, CountingTrigger(), index=index) as other:
                    other.scan()
            return super().__call__(pixels)

    with Gallery(folder, Meanwhile(), index=index) as gallery:
        assert gallery.scan().photos == 3
        assert "late.png" in names(gallery)
