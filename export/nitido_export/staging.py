"""A folder that appears whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nitido_export.errors import BundleNotWritten

MARK = "manifest.json"
"""The file that makes a folder a bundle; only bundles and empty folders are replaced."""


@contextmanager
def staged(folder: Path, mark: str = MARK) -> Iterator[Path]:
    """Yields a hidden sibling of ``folder`` to fill; it takes the name when the block ends without an error.

    What had the name stays until then, and is replaced only when it is empty or has the file ``mark``. What
    a killed export left behind is removed by the next.
    """
    folder = folder.absolute()
    if folder.exists() and not _replaceable(folder, mark):
        raise BundleNotWritten(
            f"expected {folder} to be a folder with a {mark}, an empty one, or free, got a folder of other "
            f"files; choose another -o"
        )
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            yield partial
            _take_name(partial, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise BundleNotWritten(
            f"could not write {folder}: {error.strerror or error}; nothing was changed: "
            f"free some space or choose another -o"
        ) from error


def _replaceable(folder: Path, mark: str) -> bool:
    return folder.is_dir() and ((folder / mark).is_file() or not any(folder.iterdir()))


def _take_name(partial: Path, folder: Path) -> None:
    """Rename over what is there: folders cannot be replaced in one step, so the old one moves aside first."""
    old = folder.with_name(f".{folder.name}.old")
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    try:
        partial.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
