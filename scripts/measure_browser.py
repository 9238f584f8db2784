"""Times the demo app in Chromium: its first page, a gallery of 2,000 photos, one megapixel beside the sdk.

    .venv/bin/python scripts/measure_browser.py [page] [gallery] [megapixel] [webgpu]

Without words: the first three. ``webgpu`` checks the golden vectors of all graphs on WebGPU, which Chromium
has in software too; that takes minutes. Needs playwright, chromium and, from the third on, onnxruntime-web
(make web). Prints one JSON object: medians in seconds, and the bytes that the first page loads.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from demo_server import SAMPLES, served
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

import nitido

ROUNDS = 3
PHOTOS = 2000
PARTS = ("page", "gallery", "megapixel")
SOFTWARE = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan")
PHONE = {"width": 390, "height": 844}
LOADED = """() => {
  const entries = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
  const bytes = (of) => entries.filter(of).reduce((sum, entry) => sum + entry.encodedBodySize, 0);
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  const isPicture = ({ name }) => name.includes("/picture");
  const page = bytes((entry) => !isPicture(entry)), pictures = bytes(isPicture);
  return { paint: paint.startTime / 1000, page, pictures };
}"""
SCROLL = """async () => {
  const end = performance.now() + 2000, frames = [];
  let before = performance.now(), most = 0;
  while (before < end) {
    scrollBy(0, 400);
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
    most = Math.max(most, document.querySelectorAll(".tile").length);
  }
  frames.sort((a, b) => a - b);
  return { frames: frames.length, median: frames[frames.length >> 1], worst: frames.at(-1), tiles: most };
}"""
GOLDEN = """async () => {
  const { openDevice } = await import("/device/client.js");
  const device = await openDevice(), names = ["trigger-lite", "trigger", "restore"];
  const { bundles } = await device.open(names, () => {}, "webgpu");
  return Object.fromEntries(Object.entries(bundles).map(([name, { device, reason, golden }]) =>
    [name, { device, reason, worst: Object.fromEntries(golden.map(({ graph, worst }) => [graph, worst])) }]));
}"""


def first_page(browser: Browser, address: str) -> dict[str, float]:
    """A browser that knows nothing of the app opens it: first paint, first photo with its reason, bytes."""
    paints, photos, seen = [], [], {}
    for _ in range(ROUNDS):
        context = browser.new_context(viewport=PHONE, service_workers="block")
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


def make_photos(folder: Path) -> None:
    """JPEGs of one megapixel: the samples, many times, made different photos by bytes behind their end."""
    folder.mkdir()
    files = []
    for sample in sorted(SAMPLES.glob("*.[jp][pn]g")):
        pixels = nitido.read_photo(sample).pixels
        large = np.tile(pixels, (-(-1024 // pixels.shape[0]), -(-1024 // pixels.shape[1]), 1))[:1024, :1024]
        file = folder / "photo.jpg"
        Image.fromarray(large).save(file, quality=90)
        files.append(file.read_bytes())
        file.unlink()
    for number in range(PHOTOS):
        (folder / f"{number:04}.jpg").write_bytes(files[number % len(files)] + str(number).encode())


def gallery(browser: Browser, folder: str) -> dict[str, float]:
    """A server that never saw the photos is started and opened: first suggestion; then one scrolls."""
    photos = Path(folder) / "photos"
    make_photos(photos)
    start = time.perf_counter()
    with served(Path(folder) / "gallery", photos) as (address, _):
        ready = time.perf_counter()
        page = browser.new_page(viewport=PHONE)
        page.goto(address)
        page.wait_for_selector(".tile .badge")
        suggested = time.perf_counter()
        scan = page.request.get(address + "api/suggest?limit=1").json()["scan"]
        page.get_by_role("button", name="All photos").click()
        page.wait_for_selector(f".tile[aria-setsize='{PHOTOS}']")
        seen = page.evaluate(SCROLL)
        page.close()
    return {
        "photos": PHOTOS,
        "server ready": round(ready - start, 3),
        "first suggestion after opening": round(suggested - ready, 3),
        "photos looked at by then": scan["done"],
        "scan goes on": scan["running"],
        "tiles in the page at most": seen["tiles"],
        "frames a second while scrolling": round(seen["frames"] / 2, 1),
        "frame, median ms": round(seen["median"], 1),
        "frame, worst ms": round(seen["worst"], 1),
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
    parts = sys.argv[1:] or PARTS
    told: dict[str, object] = {"rounds": ROUNDS}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        options = ["--no-sandbox", *(SOFTWARE if "webgpu" in parts else ())]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        with served(Path(folder) / "state") as (address, _):
            if "page" in parts:
                told["first page"] = first_page(browser, address)
            if "megapixel" in parts and has_runtime(browser, address):
                told["one megapixel"] = one_megapixel(browser, address, folder)
            if "webgpu" in parts and has_runtime(browser, address):
                page = browser.new_page()
                page.goto(address + "api/about")
                told["webgpu"] = page.evaluate(GOLDEN)
        if "gallery" in parts:
            told["gallery"] = gallery(browser, folder)
        browser.close()
    print(json.dumps(told, indent=1))


def has_runtime(browser: Browser, address: str) -> bool:
    """Whether the server has onnxruntime-web."""
    page = browser.new_page()
    return page.request.get(address + "api/about").json()["browser_runtime"] is not None


if __name__ == "__main__":
    main()
