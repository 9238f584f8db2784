"""What the app is told when it starts: photos, state, address, and how much it takes from strangers."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
"""Addresses that only this machine reaches."""


@dataclass(frozen=True)
class Limits:
    """Bounds on what one request, and all of them together, may cost."""

    upload_bytes: int = 64 << 20
    json_bytes: int = 64 << 10
    megapixels: float = 50.0
    upload_seconds: float = 120.0
    """From the first byte of a body to the last: a trickle must not hold a place for ever."""
    uploads_at_once: int = 32
    jobs_waiting: int = 200
    job_seconds: float = 600.0
    job_attempts: int = 2
    """A job that was running when the server died this often is given up: it may be what kills it."""
    jobs_kept: int = 500
    """Finished jobs whose files are kept; the oldest go first."""
    benchmarks_kept: int = 200


@dataclass(frozen=True)
class Settings:
    """The app's configuration."""

    photos: Path
    state: Path
    """Folder of the app's own files; never among the photos."""
    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    """What every request must show; None only where nobody else can reach the server."""
    certificate: Path | None = None
    """With ``key``: serve HTTPS, without which phones open no camera and install no page."""
    key: Path | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK


def default_state(photos: Path) -> Path:
    """``nitido/demo`` in ``$XDG_DATA_HOME`` or ``~/.local/share``, one folder for each folder of photos."""
    home = os.environ.get("XDG_DATA_HOME")
    root = Path(home) if home else Path.home() / ".local" / "share"
    name = hashlib.sha256(os.fsencode(photos.resolve())).hexdigest()[:12]
    return root / "nitido" / "demo" / name
