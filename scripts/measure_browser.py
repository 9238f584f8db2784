"""Times the demo app in Chromium: its first page; trigger and restorer on one megapixel, beside the sdk.

    .venv/bin/python scripts/measure_browser.py

Needs playwright, chromium and, for the second part, onnxruntime-web (make web). Prints one JSON object: medians
in seconds, and the bytes that the first page loads.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

import nitido

ROUNDS = 3
SAMPLES = Path(__file__).parent.parent / "samples"
LOADED = """() => {
  const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const bytes = (of) => entries.filter(of).reduce((sum, entry) => sum + entry.encodedBodySize, 0);
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  const isPicture = ({ name }) => name.includes("/picture");
  return { paint: paint.startTime / 1000, page: bytes((entry) => !isPicture(entry)), pictures: bytes(isPicture) };
}"""


@contextmanager
def served(folder: str) -> Iterator[str]:
    """The address of a server of the samples."""
    command = [
        sys.executable,
        "-m",
        "nitido.cli",
        "demo",
        "--json",
        "--port",
        "0",
        "--state",
        folder + "/state",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield json.loads(server.stdout.readline())["address"]
        server.terminate()


def first_page(browser: Browser, address: str) -> dict[str, float]:
    """A browser that knows nothing of the app opens it: first paint, first photo with its reason, bytes."""
    paints, photos, seen = [], [], {}
    for _ in range(ROUNDS):
        context = browser.new_context(viewport={"width": 390, "height": 844}, service_workers="block")
        page = context.new_page()
        start = time.perf_counter()
        page.goto(address)
        page.wait_for_selector(".tile .badge")
        photos.append(time.perf_counter() - start)
        page.wait_for_function(
            "() => document.images.length && [...document.images].every((image) => image.complete)"
        )
        seen = page.evaluate(LOADED)
        paints.append(seen["paint"])
        context.close()
    return {
        "first paint": round(statistics.median(paints), 3),
        "first suggestion": round(statistics.median(photos), 3),
        "bytes of the page": seen["page"],
        "bytes of pictures": seen["pictures"],
    }


def megapixel() -> np.ndarray:
    """1024 x 1024, noisy: four of a sample, whose noise is real."""
    sample = nitido.read_photo(SAMPLES / "astronaut_noise.png").pixels[:512, :512]
    return np.tile(sample, (2, 2, 1))


def one_megapixel(browser: Browser, address: str, folder: str) -> dict[str, float]:
    """Trigger and restorer in the page *This device* and in the sdk, in turns."""
    pixels, photo = megapixel(), Path(folder) / "photo.png"
    Image.fromarray(pixels).save(photo)
    seen: dict[str, list[float]] = {
        name: [] for name in ("browser assess", "browser restore", "sdk assess", "sdk restore")
    }
    trigger, restore = nitido.Trigger.open(), nitido.Restorer.open()
    strengths = trigger(pixels).strengths
    page = browser.new_page()
    page.set_default_timeout(300_000)
    page.goto(address + "#/device")
    page.get_by_text("Trigger and restorer run in this browser").wait_for()
    for _ in range(ROUNDS):
        page.set_input_files("#file", photo)
        page.wait_for_selector("[data-ms]")
        found = json.loads(page.locator("[data-assessed]").get_attribute("data-assessed"))
        seen["browser assess"].append(found["ms"] / 1000)
        seen["browser restore"].append(float(page.locator("[data-ms]").get_attribute("data-ms")) / 1000)
        page.get_by_role("button", name="Another photo").click()
        page.evaluate("() => delete document.querySelector('[data-ms]').dataset.ms")
        for name, work in (
            ("assess", lambda: trigger(pixels)),
            ("restore", lambda: restore(pixels, strengths)),
        ):
            start = time.perf_counter()
            work()
            seen[f"sdk {name}"].append(time.perf_counter() - start)
    medians = {name: round(statistics.median(times), 3) for name, times in seen.items()}
    return {"megapixels": 1.05, "processors": page.evaluate("() => navigator.hardwareConcurrency"), **medians}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, served(folder) as address:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        told = {"rounds": ROUNDS, "first page": first_page(browser, address)}
        if has_runtime(browser, address):
            told["one megapixel"] = one_megapixel(browser, address, folder)
        browser.close()
    print(json.dumps(told, indent=1))


def has_runtime(browser: Browser, address: str) -> bool:
    """Whether the server has onnxruntime-web."""
    page = browser.new_page()
    return page.request.get(address + "api/about").json()["browser_runtime"] is not None


if __name__ == "__main__":
    main()
