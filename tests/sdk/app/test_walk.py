"""Finding the photos of a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nitido.errors import InvalidOption
from nitido.walk import find_photos


def names(paths: tuple[Path, ...]) -> list[str]:
    return [path.as_posix() for path in paths]


def test_photos_are_found_by_suffix_and_by_content(make_photo, tmp_path):
    make_photo(tmp_path / "b.JPG", 1)
    make_photo(tmp_path / "a.png", 1).rename(tmp_path / "a-without-suffix")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "notes.txt").write_text("hello")
    found = find_photos(tmp_path)
    assert names(found.photos) == ["a-without-suffix", "b.JPG", "empty.jpg"]
    assert names(found.others) == ["notes.txt"]


def test_camera_raw_is_not_mistaken_for_a_tiff(tmp_path):
    (tmp_path / "a.nef").write_bytes(b"II*\0" + bytes(60))
    assert names(find_photos(tmp_path).others) == ["a.nef"]


def test_hidden_names_are_left_out(make_photo, tmp_path):
    make_photo(tmp_path / ".thumbnails" / "a.jpg", 1)
    (tmp_path / "._a.jpg").write_bytes(b"resource fork")
    found = find_photos(tmp_path)
    assert not found.photos
    assert not found.others


def test_links_to_folders_cannot_lead_in_circles(make_photo, tmp_path):
    make_photo(tmp_path / "sub" / "a.jpg", 1)
    (tmp_path / "sub" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.jpg").symlink_to(tmp_path / "self.jpg")
    (tmp_path / "linked.jpg").symlink_to(tmp_path / "sub" / "a.jpg")
    found = find_photos(tmp_path)
    assert names(found.photos) == ["linked.jpg", "self.jpg", "sub/a.jpg"]
    assert not found.others


def test_a_pipe_named_like_a_photo_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    assert names(find_photos(tmp_path).others) == ["a.jpg"]


def test_subfolders_are_counted_when_not_entered(make_photo, tmp_path):
    make_photo(tmp_path / "sub" / "a.jpg", 1)
    found = find_photos(tmp_path, recursive=False)
    assert not found.photos
    assert found.unsearched == 1


def test_folders_left_out_are_known_by_identity_not_by_name(make_photo, tmp_path):
    make_photo(tmp_path / "out" / "a.jpg", 1)
    (tmp_path / "alias").symlink_to(tmp_path / "out", target_is_directory=True)
    assert not find_photos(tmp_path, leave_out=[tmp_path / "alias"]).photos


def test_a_folder_that_cannot_be_listed_is_reported(make_photo, tmp_path, monkeypatch):
    make_photo(tmp_path / "closed" / "a.jpg", 1)
    make_photo(tmp_path / "open" / "b.jpg", 1)
    listed = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = find_photos(tmp_path)
    assert names(found.photos) == ["open/b.jpg"]
    assert found.unreadable == ((Path("closed"), "Permission denied"),)


def test_names_need_not_be_unicode(make_photo, tmp_path):
    odd = os.fsdecode(b"caf\xe9 \xf0\x9f\x93\xb7.jpg")
    make_photo(tmp_path / "a.jpg", 1).rename(tmp_path / odd)
    assert names(find_photos(tmp_path).photos) == [odd]


def test_a_missing_folder_is_bad_usage(tmp_path):
    with pytest.raises(InvalidOption, match="folder"):
        find_photos(tmp_path / "nowhere")
