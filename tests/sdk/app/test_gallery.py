"""The gallery: ranking, the index, and several processes at once."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from nitido.errors import GalleryError, InvalidOption
from nitido.gallery import Gallery
from nitido.photo.model import Pixels
from nitido.trigger import Improvability


class CountingTrigger:
    """Remembers how often it was asked; ``id`` as a bundle's trigger has."""

    def __init__(self, id: str = "one") -> None:  # noqa: A002
        self.id = id
        self.calls = 0

    def __call__(self, pixels: Pixels) -> Improvability:
        self.calls += 1
        score = 1.0 - float(pixels.mean()) / 255
        return Improvability(score, {"denoise": score}, score >= 0.5)


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
        assert best.improvability == Improvability(1 - 10 / 255, {"denoise": 1 - 10 / 255}, True)
        assert [found.path.name for found in gallery.ranking()] == ["dark.png", "grey.png", "bright.png"]


def test_top_must_be_positive(folder):
    with Gallery(folder, CountingTrigger()) as gallery, pytest.raises(InvalidOption):
        gallery.suggest(top=0)


def test_unchanged_photos_are_not_decoded_again_by_a_new_object(folder, monkeypatch):
    with Gallery(folder, CountingTrigger()) as gallery:
        assert gallery.scan().assessed == 3

    def never(*args: object, **options: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("nitido.gallery.gallery.read_photo", never)
    monkeypatch.setattr("nitido.gallery.gallery._hash", never)
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
        monkeypatch.setattr("nitido.gallery.gallery.read_photo", None)
        assert gallery.scan().failed == failed
        assert len(gallery.ranking()) == 3


def test_too_large_photos_are_tried_again_with_another_limit(folder):
    with Gallery(folder, CountingTrigger(), max_megapixels=1e-6) as gallery:
        assert len(gallery.scan().failed) == 3
    with Gallery(folder, CountingTrigger()) as gallery:
        assert gallery.scan().assessed == 3


def test_animations_are_ranked_but_not_suggested(folder):
    from PIL import Image

    frames = [Image.new("RGB", (8, 6), (level, 0, 0)) for level in (0, 9)]
    frames[0].save(folder / "a.gif", save_all=True, append_images=frames[1:])
    with Gallery(folder, CountingTrigger()) as gallery:
        gallery.scan()
        assert "a.gif" not in names(gallery)
        assert gallery.ranking()[0].path.name == "a.gif"


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


def test_a_missing_folder_is_bad_usage_and_an_empty_one_is_not(tmp_path):
    with pytest.raises(InvalidOption):
        Gallery(tmp_path / "nowhere", CountingTrigger())
    with Gallery(tmp_path, CountingTrigger()) as gallery:
        assert gallery.scan().photos == 0
        assert gallery.suggest() == []


SCAN = """
    import sys, time
    from nitido.gallery import Gallery
    from nitido.trigger import Improvability

    folder, index, hang_at = sys.argv[1], sys.argv[2], int(sys.argv[3])
    calls = 0

    class Trigger:
        id = "one"

        def __call__(self, pixels):
            global calls
            calls += 1
            if calls == hang_at:
                print("now", flush=True)
                time.sleep(600)
            score = 1.0 - float(pixels.mean()) / 255
            return Improvability(score, {"denoise": score}, score >= 0.5)

    print("ready", flush=True)
    sys.stdin.readline()
    with Gallery(folder, Trigger(), index=index) as gallery:
        gallery.scan()
        print(len(gallery.ranking()))
"""


def start_scan(folder: Path, index: Path, hang_at: int) -> subprocess.Popen[bytes]:
    """A process that scans once it is sent a line."""
    command = [sys.executable, "-c", textwrap.dedent(SCAN), str(folder), str(index), str(hang_at)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def test_a_killed_scan_loses_nothing(folder, tmp_path):
    index = tmp_path / "index.sqlite"
    with start_scan(folder, index, hang_at=3) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"now\n"
        process.send_signal(signal.SIGKILL)
    with Gallery(folder, CountingTrigger(), index=index) as gallery:
        assert gallery.scan().assessed == 1
        assert len(gallery.ranking()) == 3


def test_two_processes_scan_one_gallery_at_once_and_both_finish(make_photo, tmp_path):
    for level in range(40):
        make_photo(tmp_path / "in" / f"{level}.png", level)
    scans = [start_scan(tmp_path / "in", tmp_path / "index.sqlite", hang_at=0) for _ in range(2)]
    for scan in scans:
        assert scan.stdin is not None
        scan.stdin.write(b"\n")
        scan.stdin.flush()
    assert [scan.communicate()[0] for scan in scans] == [b"40\n", b"40\n"]
    assert [scan.returncode for scan in scans] == [0, 0]
