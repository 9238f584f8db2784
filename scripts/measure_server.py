"""Loads the demo app's server: twenty enhancements at once, and kill -9 in mid-job.

    .venv/bin/python scripts/measure_server.py [SIDE]

SIDE is that of the photos, in pixels (1024: one megapixel). Needs httpx and Linux, whose /proc says how much
memory a process took. Prints one JSON object.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from demo_server import SAMPLES, served
from PIL import Image

import nitido

AT_ONCE = 20
PNG = {"content-type": "image/png"}
SIDE = int(sys.argv[1]) if len(sys.argv) > 1 else 1024


def noisy(shift: int) -> bytes:
    """A PNG of SIDE x SIDE, noisy, and another one for every shift."""
    sample = nitido.read_photo(SAMPLES / "astronaut_noise.png").pixels[:512, :512]
    pixels = np.roll(np.tile(sample, (-(-SIDE // 512),) * 2 + (1,))[:SIDE, :SIDE], shift, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def client(address: str) -> httpx.Client:
    """A client that trusts nothing of the environment, such as proxies."""
    return httpx.Client(base_url=address, trust_env=False, timeout=120)


def until(ready: Callable[[], Any]) -> Any:
    """The first true value of ``ready``."""
    while not (found := ready()):
        time.sleep(0.05)
    return found


def ended(asking: httpx.Client, job: str) -> dict[str, Any] | None:
    """A job, once it has ended."""
    found: dict[str, Any] = asking.get(f"/api/jobs/{job}").json()
    return found if found["state"] in ("done", "failed", "cancelled") else None


def peak_mb(process: int) -> float:
    """What a process had in memory at most."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found is not None
    return round(int(found[1]) / 1024, 1)


@contextmanager
def watching(address: str) -> Iterator[dict[str, list[float]]]:
    """Seconds that the page and the gallery took to answer, asked ten times a second meanwhile."""
    taken: dict[str, list[float]] = {"/": [], "/api/suggest?limit=100": []}
    stop = threading.Event()

    def ask() -> None:
        with client(address) as asking:
            while not stop.wait(0.1):
                for path, times in taken.items():
                    begun = time.perf_counter()
                    asking.get(path).raise_for_status()
                    times.append(time.perf_counter() - begun)

    watcher = threading.Thread(target=ask)
    watcher.start()
    try:
        yield taken
    finally:
        stop.set()
        watcher.join()


def many_at_once(place: Path) -> dict[str, Any]:
    """Enhancements sent together: what became of them, memory, and the page meanwhile."""
    with served(place / "state") as (address, server), client(address) as asking:

        def enhance(shift: int) -> str:
            with client(address) as own:
                answer = own.post("/api/enhance?denoise=1", content=noisy(shift), headers=PNG)
                return str(answer.raise_for_status().json()["id"])

        until(lambda: not asking.get("/api/suggest").json()["scan"]["running"])
        first = enhance(0)
        until(lambda: ended(asking, first))
        alone = peak_mb(server.pid)
        begun = time.perf_counter()
        with watching(address) as taken, ThreadPoolExecutor(AT_ONCE) as pool:
            jobs = list(pool.map(enhance, range(1, AT_ONCE + 1)))
            states = [until(lambda job=job: ended(asking, job))["state"] for job in jobs]
        seconds = time.perf_counter() - begun
        restored = nitido.Restorer.open()
        right = 0
        for shift in (1, AT_ONCE):
            result = asking.get(f"/api/jobs/{jobs[shift - 1]}/result").content
            expected = restored(np.asarray(Image.open(io.BytesIO(noisy(shift)))), {"denoise": 1.0})
            right += np.array_equal(np.asarray(Image.open(io.BytesIO(result))), expected)
        return {
            "enhancements": AT_ONCE,
            "megapixels of each": round(SIDE * SIDE / 1e6, 2),
            "done": states.count("done"),
            "results compared with the sdk": 2,
            "equal": right,
            "seconds": round(seconds, 1),
            "peak MB after one": alone,
            "peak MB after all": peak_mb(server.pid),
            "answers meanwhile": {
                path: {
                    "count": len(times),
                    "median s": round(statistics.median(times), 3),
                    "worst s": round(max(times), 3),
                }
                for path, times in taken.items()
            },
        }


def killed(place: Path) -> dict[str, Any]:
    """Three jobs about a photo of the gallery; the server is killed during the first, and started again."""
    photos = place / "photos"
    photos.mkdir()
    original = photos / "IMG.png"
    shutil.copy(SAMPLES / "astronaut_noise.png", original)
    before = hashlib.sha256(original.read_bytes()).hexdigest()
    with served(place / "state", photos) as (address, server), client(address) as asking:
        photo = until(lambda: asking.get("/api/suggest").json()["photos"])[0]["id"]
        path = f"/api/photos/{photo}/enhance"
        jobs = [asking.post(path, json={"strengths": {"denoise": 1}}).json()["id"] for _ in range(3)]
        until(lambda: asking.get(f"/api/jobs/{jobs[0]}").json()["progress"] > 0)
        server.send_signal(signal.SIGKILL)
    with served(place / "state", photos) as (address, _), client(address) as asking:
        states = [until(lambda job=job: ended(asking, job))["state"] for job in jobs]
    return {
        "jobs": len(jobs),
        "states after the restart": states,
        "original intact": hashlib.sha256(original.read_bytes()).hexdigest() == before,
        "files beside it": [file.name for file in photos.iterdir() if file != original],
    }


def main() -> None:
    """Measure and print."""
    told = {}
    for name, part in (("many at once", many_at_once), ("kill -9", killed)):
        with tempfile.TemporaryDirectory() as folder:
            told[name] = part(Path(folder))
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
