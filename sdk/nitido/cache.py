"""Where Nitido remembers what it can compute again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """``$NITIDO_CACHE``, else ``nitido`` in ``$XDG_CACHE_HOME`` or ``~/.cache``; it need not exist yet."""
    own = os.environ.get("NITIDO_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "nitido"
