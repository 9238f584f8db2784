"""A server of the app with a few small photos, started once as a process, and a client for it."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "samples"
PHOTOS = ("astronaut_noise.png", "chelsea_jpeg.jpg", "coffee_sharp.jpg", "coffee_small.png")


def png(pixels: np.ndarray) -> bytes:
    """Pixels as the bytes of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def noisy(height: int = 48, width: int = 64, seed: int = 0) -> np.ndarray:
    """A small noisy picture."""
    rng = np.random.default_rng(seed)
    grey = np.linspace(40, 200, width)[None, :, None] + rng.normal(0, 25, (height, width, 3))
    return np.clip(grey, 0, 255).astype(np.uint8)


def measured() -> dict[str, Any]:
    """A result as the page's button 'Benchmark this phone' makes it."""
    row = {"table": "latency", "model": "trigger", "graph": "main", "target": "onnx-fp32", "device": "wasm"}
    row |= {"size": "448x448", "threads": 2, "samples": 30, "launches": 1, "warm_up": 2, "median_ms": 12.5}
    row |= {"iqr_ms": 0.5, "p90_ms": 13, "p99_ms": 14.25, "load_ms": 80, "first_ms": 30}
    machine = {"cpu": "a phone", "cores": 8, "governor": "unknown", "memory_gib": 8, "system": "Android"}
    return {
        "suite": "latency",
        "command": "Benchmark this phone",
        "measured": "2026-01-31",
        "commit": "release 0.1.0",
        "machine": {**machine, "python": "none: a browser"},
        "versions": {"nitido": "0.1.0", "onnxruntime-web": "1.30.0"},
        "rows": [row],
        "schema": 1,
    }


@dataclass
class Server:
    """A running server."""

    url: str
    photos: Path
    state: Path
    process: subprocess.Popen[str]

    def client(self, **options: Any) -> httpx.Client:
        """A client that trusts nothing of the environment, such as proxies."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=60, **options)


def start(photos: Path, state: Path, *options: str) -> Server:
    """Start ``nitido demo`` on any free port, and wait until it prints where."""
    command = [sys.executable, "-m", "nitido.cli", "demo", "--json", "--port", "0", *options]
    process = subprocess.Popen(
        [*command, "--photos", str(photos), "--state", str(state)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        _, error = process.communicate(timeout=10)
        raise AssertionError(f"the server did not start: {error}")
    return Server(json.loads(line)["address"].rstrip("/"), photos, state, process)


@contextmanager
def running(photos: Path, state: Path) -> Iterator[Server]:
    """A server that has looked at all photos, and is ended whatever becomes of the test."""
    server = start(photos, state)
    try:
        with server.client() as client:
            wait_until(lambda: not client.get("/api/suggest").json()["scan"]["running"])
        yield server
    finally:
        server.process.terminate()
        server.process.wait(timeout=30)


def wait_until(ready: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first true value of ``ready``; fails where there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := ready():
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing within {seconds} s")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of golden checks that these tests share, and nobody else."""
    before = os.environ.get("NITIDO_CACHE")
    os.environ["NITIDO_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["NITIDO_CACHE"]
    else:
        os.environ["NITIDO_CACHE"] = before


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with a few samples."""
    photos = tmp_path_factory.mktemp("photos")
    for name in PHOTOS:
        shutil.copy(SAMPLES / name, photos)
    with running(photos, tmp_path_factory.mktemp("state")) as started:
        yield started


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """A client of it."""
    with server.client() as opened:
        yield opened


@pytest.fixture
def photo_of(client: httpx.Client) -> Callable[[str], str]:
    """The id of a photo by its name."""
    photos = client.get("/api/suggest").json()["photos"]
    return {photo["name"]: photo["id"] for photo in photos}.__getitem__


def finished(client: httpx.Client, job: str) -> dict[str, Any]:
    """A job when it has ended."""

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = client.get(f"/api/jobs/{job}").json()
        return found if found["state"] in ("done", "failed", "cancelled") else None

    result: dict[str, Any] = wait_until(ended)
    return result
