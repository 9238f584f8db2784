"""onnxruntime-web as the package carries it: its WebAssembly packed, and unpacked when first asked for."""

from __future__ import annotations

import os
import shutil
import tarfile
import threading
from pathlib import Path
from typing import Any

from nitido_demo.errors import Refused
from nitido_demo.models import STATIC

FOLDER = STATIC / "vendor"
"""Put there by ``scripts/vendor_web.sh``; a checkout need not have it."""
PACKED = "wasm.tar.xz"


def runtime_shown() -> dict[str, Any] | None:
    """Version of onnxruntime-web, or None where it was not put in."""
    stamp = FOLDER / "VERSION"
    if not stamp.is_file():
        return None
    return {"name": "onnxruntime-web", "version": stamp.read_text().strip()}


class Unpacked:
    """The WebAssembly files in a folder, unpacked once for each version of the package."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def file(self, name: str) -> Path:
        """One of them. Raises Refused."""
        file = self._all().get(name)
        if file is None:
            raise Refused(404, "there is no such file of onnxruntime-web; make web puts it there")
        return file

    def _all(self) -> dict[str, Path]:
        packed = FOLDER / PACKED
        if not packed.is_file():
            return {}
        status = packed.stat()
        current = self._folder / f"{status.st_size}-{status.st_mtime_ns}"
        with self._lock:
            if not current.is_dir():
                shutil.rmtree(self._folder, ignore_errors=True)
                unfinished = self._folder / os.urandom(4).hex()
                with tarfile.open(packed) as archive:
                    archive.extractall(unfinished, filter="data")
                unfinished.rename(current)
        return {file.name: file for file in current.iterdir()}
