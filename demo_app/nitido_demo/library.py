"""The folder of photos: scanned in the background, ranked, each under a name of the server's own."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nitido
from nitido.suggestion import Suggestion
from nitido.walk import find_photos
from nitido_demo.engine import Engine
from nitido_demo.errors import Refused
from nitido_demo.events import Events

_LOG = logging.getLogger("nitido_demo")
_NOTICE = 0.3
"""Seconds between two notes of a scan's progress."""


@dataclass
class Scanning:
    """How far the scan is."""

    running: bool = True
    done: int = 0
    total: int = 0
    failed: int = 0
    message: str = ""


class Library:
    """Photos by id. The scan has a thread, and a trigger, of its own; requests read its index meanwhile."""

    def __init__(self, folder: Path, index: Path, engine: Engine, events: Events) -> None:
        self.folder = folder
        self.scanning = Scanning()
        self._index = index
        self._engine = engine
        self._events = events
        self._paths: dict[str, Path] = {}
        self._listed = threading.Event()
        self._again = threading.Event()
        self._stopping = False
        self._news = 0
        self._ranked: tuple[int, list[Suggestion]] = (-1, [])
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="scan", daemon=True)

    def start(self) -> None:
        """List the photos, then score them."""
        self._thread.start()

    def stop(self) -> None:
        """End after the photo that is being looked at; the index keeps what was found."""
        self._stopping = True
        self._again.set()
        self._thread.join(timeout=30)

    def look_again(self) -> None:
        """Scan once more: photos may have come or gone."""
        self._again.set()

    def photos(self) -> dict[str, Path]:
        """All photos: relative paths by id; waits for the first listing."""
        self._listed.wait(timeout=10)
        return self._paths

    def path(self, id_: str) -> Path:
        """Where a photo lies. Raises Refused."""
        relative = self.photos().get(id_)
        if relative is None:
            raise Refused(404, "there is no such photo; it may have been moved: look again")
        return self.folder / relative

    def ranking(self) -> list[Suggestion]:
        """All photos that have been looked at, the ones that gain most first."""
        with self._lock:
            if not self._engine.has_trigger():
                return []
            if self._ranked[0] != self._news:
                news = self._news
                with self._gallery() as gallery:
                    self._ranked = (news, gallery.ranking())
            return self._ranked[1]

    def _gallery(self) -> nitido.Gallery:
        trigger = self._engine.trigger()
        most = self._engine.max_megapixels
        return nitido.Gallery(self.folder, trigger, index=self._index, max_megapixels=most)

    def _work(self) -> None:
        while not self._stopping:
            self._again.clear()
            try:
                self._scan()
            except _Stopping:
                return
            except Exception as error:
                _LOG.exception("the scan failed")
                told = str(error) if isinstance(error, nitido.NitidoError) else "the server's log says why"
                self._tell(running=False, message=f"the scan stopped: {told}")
            self._listed.set()
            self._again.wait()

    def _scan(self) -> None:
        found = find_photos(self.folder)
        self._paths = {photo_id(path): path for path in found.photos}
        self._tell(running=True, done=0, total=len(found.photos), failed=0, message="")
        self._listed.set()
        told = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal told
            if self._stopping:
                raise _Stopping
            self.scanning.done, self.scanning.total = done, total
            self._news += 1
            if time.monotonic() - told >= _NOTICE:
                told = time.monotonic()
                self._tell()

        with self._gallery() as gallery:
            scan = gallery.scan(progress=progress)
        self._tell(running=False, done=len(found.photos), failed=len(scan.failed))

    def _tell(self, **changed: Any) -> None:
        for name, value in changed.items():
            setattr(self.scanning, name, value)
        self._news += 1
        self._events.tell("scan", self.scan_shown())

    def scan_shown(self) -> dict[str, Any]:
        """For the page."""
        return dict(vars(self.scanning))


class _Stopping(Exception):
    """The server stops."""


def photo_id(relative: Path) -> str:
    """A photo's name for clients: it says nothing of the path, and stays while the path does."""
    return hashlib.blake2b(os.fsencode(relative), digest_size=8).hexdigest()
