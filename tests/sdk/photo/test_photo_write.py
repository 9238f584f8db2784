"""Saving: what is refused, what is overwritten, and that a failure leaves nothing behind."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido.errors import CannotWrite, DestinationExists, DestinationIsSource, InvalidOption, NotAPhoto
from nitido.photo import Photo, Pixels, atomic_write, copy_photo, read_photo, write_photo
from nitido.photo.atomic import TEMPORARY_PREFIX

SUFFIXES = [".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".avif", ".bmp"]


@pytest.fixture
def photo(tmp_path: Path, pixels: Pixels) -> Photo:
    """A photo in the folder ``in``."""
    (tmp_path / "in").mkdir()
    Image.fromarray(pixels).save(tmp_path / "in" / "photo.png")
    return read_photo(tmp_path / "in" / "photo.png")


def files(folder: Path) -> list[str]:
    """Names of everything in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".JPG", ".Png"])
def test_the_suffix_decides_the_format(tmp_path: Path, photo: Photo, suffix: str) -> None:
    path = write_photo(photo, tmp_path / "out" / f"photo{suffix}")
    expected = {"JPG": "JPEG", "TIF": "TIFF"}.get(suffix[1:].upper(), suffix[1:].upper())
    with Image.open(path) as image:
        assert image.format == expected
    assert np.abs(read_photo(path).pixels.astype(int) - photo.pixels).mean() < 4
    assert files(tmp_path / "out") == [f"photo{suffix}"]


@pytest.mark.parametrize("name", ["photo", "photo.xyz", "photo.psd"])
def test_an_unknown_suffix_is_refused_with_those_that_work(tmp_path: Path, photo: Photo, name: str) -> None:
    with pytest.raises(CannotWrite, match=r"\.avif, .*\.jpg.*\.webp"):
        write_photo(photo, tmp_path / name)


def test_gif_is_refused_with_the_reason(tmp_path: Path, photo: Photo) -> None:
    with pytest.raises(CannotWrite, match=r"256 colours.*\.png"):
        write_photo(photo, tmp_path / "photo.gif")


def test_missing_folders_are_made(tmp_path: Path, photo: Photo) -> None:
    assert write_photo(photo, tmp_path / "a" / "b" / "c.png").is_file()


@pytest.mark.parametrize("name", ["ünïcödé 照片 📷.png", "with space.png", "-dash.png"])
def test_unusual_names_work(tmp_path: Path, photo: Photo, name: str) -> None:
    again = read_photo(write_photo(photo, tmp_path / name))
    np.testing.assert_array_equal(again.pixels, photo.pixels)
    assert files(tmp_path) == sorted(["in", name])


def test_an_existing_file_is_kept_unless_overwriting_is_asked_for(tmp_path: Path, photo: Photo) -> None:
    path = tmp_path / "taken.png"
    path.write_bytes(b"precious")
    with pytest.raises(DestinationExists, match="overwrite"):
        write_photo(photo, path)
    assert path.read_bytes() == b"precious"
    write_photo(photo, path, overwrite=True)
    np.testing.assert_array_equal(read_photo(path).pixels, photo.pixels)
    assert files(tmp_path) == ["in", "taken.png"]


def test_a_file_that_appears_while_writing_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "race.bin"
    with pytest.raises(DestinationExists), atomic_write(path):
        path.write_bytes(b"first")
    assert path.read_bytes() == b"first"
    assert files(tmp_path) == ["race.bin"]


def test_of_many_writers_exactly_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "race.bin"
    outcomes: list[str] = []
    barrier = threading.Barrier(8)

    def write(number: int) -> None:
        try:
            with atomic_write(path) as file:
                barrier.wait(30)
                file.write(bytes([number]) * 1000)
            outcomes.append("won")
        except DestinationExists:
            outcomes.append("lost")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 7 + ["won"]
    assert len(set(path.read_bytes())) == 1
    assert files(tmp_path) == ["race.bin"]


def test_without_hard_links_an_existing_file_is_kept_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "memory cards have no hard links")

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "card.bin"
    with atomic_write(path) as file:
        file.write(b"content")
    assert path.read_bytes() == b"content"
    with pytest.raises(DestinationExists), atomic_write(tmp_path / "other.bin") as file:
        (tmp_path / "other.bin").write_bytes(b"first")
    assert (tmp_path / "other.bin").read_bytes() == b"first"
    assert files(tmp_path) == ["card.bin", "other.bin"]


def test_the_unfinished_file_can_be_recognised(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "photo.png"):
        (name,) = files(tmp_path)
        assert name.startswith(".nitido-")
    assert files(tmp_path) == ["photo.png"]


@pytest.mark.parametrize("link", ["same", "symbolic", "hard", "upwards"])
def test_the_source_is_not_its_own_destination(tmp_path: Path, photo: Photo, link: str) -> None:
    assert photo.path is not None
    before = photo.path.read_bytes()
    destination = {
        "same": photo.path,
        "symbolic": tmp_path / "symbolic.png",
        "hard": tmp_path / "hard.png",
        "upwards": photo.path.parent / ".." / "in" / "photo.png",
    }[link]
    if link == "symbolic":
        destination.symlink_to(photo.path)
    if link == "hard":
        destination.hardlink_to(photo.path)
    with pytest.raises(DestinationIsSource, match="overwrite"):
        write_photo(photo, destination)
    with pytest.raises(DestinationIsSource):
        copy_photo(photo.path, destination)
    assert photo.path.read_bytes() == before
    new = photo.with_pixels(255 - photo.pixels)
    np.testing.assert_array_equal(
        read_photo(write_photo(new, destination, overwrite=True)).pixels, new.pixels
    )
    if link in ("symbolic", "hard"):
        assert photo.path.read_bytes() == before, "only the link was replaced"


def test_a_folder_or_a_file_in_the_way_is_named(tmp_path: Path, photo: Photo) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(CannotWrite, match="is a folder"):
        write_photo(photo, tmp_path / "folder.png", overwrite=True)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CannotWrite, match="is not a folder"):
        write_photo(photo, tmp_path / "file" / "photo.png")


def test_a_name_too_long_is_refused_with_the_way_out(tmp_path: Path, photo: Photo) -> None:
    with pytest.raises(CannotWrite, match="choose a shorter one"):
        write_photo(photo, tmp_path / ("n" * 300 + ".png"))
    with pytest.raises(CannotWrite, match="null"):
        write_photo(photo, f"{tmp_path}/a\0b.png")
    assert files(tmp_path) == ["in"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission_is_named(tmp_path: Path, photo: Photo) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(CannotWrite, match="no permission"):
        write_photo(photo, tmp_path / "locked" / "photo.png")


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.EACCES, "no permission"),
        (errno.EROFS, "no permission"),
        (errno.ENOSPC, "disk is full"),
        (errno.EIO, "choose another destination"),
    ],
)
def test_what_the_system_refuses_is_explained(
    tmp_path: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    real = os.open

    def refuse(path: Path, flags: int, *rest: int) -> int:
        if TEMPORARY_PREFIX in os.fspath(path):
            raise OSError(number, os.strerror(number))
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(CannotWrite, match=says):
        write_photo(photo, tmp_path / "photo.png")
    assert files(tmp_path) == ["in"]


@contextlib.contextmanager
def almost_full_disk() -> Iterator[None]:
    """No file may grow beyond 8 KiB: the system refuses in the middle of a write, as a full disk does.

    Not for longer than a write: the limit is also that of the file that pytest's report may go to.
    """
    resource = pytest.importorskip("resource", reason="no file size limits on this system")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    source = io.BytesIO()
    Image.fromarray(noise[:8]).save(source, "BMP")
    (tmp_path / "in.bmp").write_bytes(source.getvalue())
    photo = read_photo(tmp_path / "in.bmp").with_pixels(noise)
    with almost_full_disk(), pytest.raises(CannotWrite, match="disk is full"):
        write_photo(photo, tmp_path / f"photo{suffix}")
    (tmp_path / "taken.png").write_bytes(b"precious")
    with almost_full_disk(), pytest.raises(CannotWrite, match="disk is full"):
        write_photo(photo, tmp_path / "taken.png", overwrite=True)
    assert (tmp_path / "taken.png").read_bytes() == b"precious"
    assert files(tmp_path) == ["in.bmp", "taken.png"]


def test_an_interruption_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), atomic_write(tmp_path / "photo.png"):
        raise KeyboardInterrupt
    assert files(tmp_path) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_killed_process_leaves_only_what_can_be_recognised(tmp_path: Path) -> None:
    (tmp_path / "taken.png").write_bytes(b"precious")
    code = (
        "import os, signal, sys; from nitido.photo import atomic_write\n"
        "with atomic_write(sys.argv[1], overwrite=True) as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "taken.png")], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "taken.png").read_bytes() == b"precious"
    (left_over,) = [name for name in files(tmp_path) if name != "taken.png"]
    assert left_over.startswith(TEMPORARY_PREFIX)


def test_errors_of_the_caller_pass_through_unchanged(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="mine"), atomic_write(tmp_path / "photo.png"):
        raise InvalidOption("mine")
    assert files(tmp_path) == []


def test_an_overwritten_file_keeps_its_permissions_and_a_protected_one_is_kept(
    tmp_path: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_photo(photo, tmp_path / "photo.png")
    path.chmod(0o640)
    write_photo(photo, path, overwrite=True)
    assert path.stat().st_mode & 0o777 == 0o640
    monkeypatch.setattr(os, "access", lambda *_: False)  # as root, everything may be written
    with pytest.raises(CannotWrite, match="permission"):
        write_photo(photo, path, overwrite=True)


def test_a_new_file_gets_the_permissions_of_any_new_file(tmp_path: Path, photo: Photo) -> None:
    (tmp_path / "plain").write_bytes(b"")
    path = write_photo(photo, tmp_path / "photo.png")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_transparency_is_not_dropped_silently(tmp_path: Path, photo: Photo) -> None:
    seen_through = replace(photo, alpha=np.full(photo.pixels.shape[:2], 254, np.uint8))
    for suffix in (".jpg", ".bmp"):
        with pytest.raises(CannotWrite, match=r"transparency.*\.png or \.webp"):
            write_photo(seen_through, tmp_path / f"photo{suffix}")
    assert files(tmp_path) == ["in"]


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_a_quality_that_does_not_exist_is_an_invalid_option(
    tmp_path: Path, photo: Photo, quality: int
) -> None:
    with pytest.raises(InvalidOption, match="quality must be 1 to 100"):
        write_photo(photo, tmp_path / "photo.jpg", quality=quality)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_quality_costs_bytes(tmp_path: Path, photo: Photo, suffix: str) -> None:
    low = write_photo(photo, tmp_path / f"low{suffix}", quality=20)
    high = write_photo(photo, tmp_path / f"high{suffix}", quality=95)
    assert low.stat().st_size < high.stat().st_size


def test_a_copy_is_byte_for_byte_with_its_times(
    tmp_path: Path, pixels: Pixels, make_jpeg: Callable[..., bytes]
) -> None:
    source = tmp_path / "photo.jpg"
    source.write_bytes(make_jpeg(pixels) + b"a video behind the picture")
    os.utime(source, ns=(10**18, 10**18 + 7000))
    copy = copy_photo(source, tmp_path / "out" / "copy.jpg")
    assert copy.read_bytes() == source.read_bytes()
    assert copy.stat().st_mtime_ns == 10**18 + 7000
    with pytest.raises(DestinationExists):
        copy_photo(source, copy)
    assert copy_photo(source, source, overwrite=True) == source
    assert source.read_bytes() == copy.read_bytes()
    with pytest.raises(NotAPhoto, match="no such file"):
        copy_photo(tmp_path / "missing.jpg", tmp_path / "new.jpg")
