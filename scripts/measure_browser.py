"""Times trigger and restorer on one megapixel: in Debian's Chromium (WebAssembly) and in the sdk, in turns.

    .venv/bin/python scripts/measure_browser.py

Needs playwright, chromium and onnxruntime-web (make web). Prints one JSON object: medians in seconds.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

import nitido

ROUNDS = 3
SAMPLES = Path(__file__).parent.parent / "samples"


def megapixel() -> np.ndarray:
    """1024 x 1024, noisy: four of a sample, whose noise is real."""
    sample = nitido.read_photo(SAMPLES / "astronaut_noise.png").pixels[:512, :512]
    return np.tile(sample, (2, 2, 1))


def main() -> None:
    """Measure and print."""
    pixels, seen = (
        megapixel(),
        {"browser assess": [], "browser restore": [], "sdk assess": [], "sdk restore": []},
    )
    trigger, restore = nitido.Trigger.open(), nitido.Restorer.open()
    strengths = trigger(pixels).strengths
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        photo = Path(folder) / "photo.png"
        Image.fromarray(pixels).save(photo)
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
            address = json.loads(server.stdout.readline())["address"]
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = browser.new_page()
            page.set_default_timeout(300_000)
            page.goto(address + "#/device")
            page.get_by_text("Trigger and restorer run in this browser").wait_for()
            for _ in range(ROUNDS):
                page.set_input_files("#file", photo)
                page.wait_for_selector("[data-ms]")
                found = json.loads(page.locator("[data-assessed]").get_attribute("data-assessed"))
                seen["browser assess"].append(found["ms"] / 1000)
                seen["browser restore"].append(
                    float(page.locator("[data-ms]").get_attribute("data-ms")) / 1000
                )
                page.get_by_role("button", name="Another photo").click()
                page.evaluate("() => delete document.querySelector('[data-ms]').dataset.ms")
                for name, work in (
                    ("assess", lambda: trigger(pixels)),
                    ("restore", lambda: restore(pixels, strengths)),
                ):
                    start = time.perf_counter()
                    work()
                    seen[f"sdk {name}"].append(time.perf_counter() - start)
            threads = page.evaluate("() => navigator.hardwareConcurrency")
            browser.close()
            server.terminate()
    medians = {name: round(statistics.median(times), 3) for name, times in seen.items()}
    print(json.dumps({"megapixels": 1.05, "processors": threads, "rounds": ROUNDS, **medians}))


if __name__ == "__main__":
    main()
