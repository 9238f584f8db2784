"""Starts the demo app for the scripts that measure it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SAMPLES = Path(__file__).parent.parent / "samples"


@contextmanager
def served(
    state: str | Path, photos: str | Path | None = None
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Address and process of a server of a folder of photos, or of the samples; it ends with the block."""
    command = [sys.executable, "-m", "nitido.cli", "demo", "--json", "--port", "0", "--state", str(state)]
    command += [] if photos is None else ["--photos", str(photos)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())["address"], server
        finally:
            server.terminate()
