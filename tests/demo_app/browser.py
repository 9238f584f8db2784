"""Debian's Chromium, driven by Playwright, and what the tests of the page look at it with."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from nitido_demo.vendored import runtime_shown

from .conftest import ROOT

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
AXE = ROOT / "demo_app" / "node_modules" / "axe-core" / "axe.min.js"
SCREENS = ROOT / "docs" / "screens"
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 860}

needs_runtime = pytest.mark.skipif(
    runtime_shown() is None, reason="onnxruntime-web is not vendored: make web (needs npm)"
)


@contextmanager
def chromium(*more: str) -> Iterator[Any]:
    """A browser with a camera that is a moving picture; skips where there is none."""
    if not Path(CHROMIUM).is_file():
        pytest.skip("Debian's chromium is not installed")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        options = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*options, *more])
        yield browser
        browser.close()


class Tab:
    """A page of the app in a window of its own, which fails the test on any error in it."""

    def __init__(self, browser: Any, url: str, viewport: dict[str, int], **options: Any) -> None:
        self.context = browser.new_context(viewport=viewport, permissions=["camera"], **options)
        self.context.set_default_timeout(60_000)
        self.page = self.context.new_page()
        self.url = url
        self.errors: list[str] = []
        self.requests: list[tuple[str, str]] = []
        self.bytes = 0
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("request", lambda request: self.requests.append((request.method, request.url)))

    def _heard(self, message: Any) -> None:
        if message.type == "error" and "favicon" not in message.text:
            self.errors.append(message.text)

    def open(self, page: str) -> Any:
        """Go to one of the app's pages."""
        self.page.goto(f"{self.url}/#/{page}")
        self.page.wait_for_selector("main h1")
        return self.page

    def close(self) -> None:
        """Close the window; its errors are the test's."""
        self.context.close()
        assert not self.errors, self.errors

    def shoot(self, name: str) -> None:
        """Keep a screenshot under docs/ where that is asked for: NITIDO_SCREENSHOTS=1."""
        data = self.page.screenshot()
        assert Image.open(io.BytesIO(data)).convert("L").getextrema() != (255, 255)
        if os.environ.get("NITIDO_SCREENSHOTS"):
            SCREENS.mkdir(exist_ok=True)
            Image.open(io.BytesIO(data)).convert("RGB").save(SCREENS / f"{name}.webp", quality=72, method=6)

    def check_accessibility(self) -> None:
        """No violation that axe-core calls serious or critical."""
        if not AXE.is_file():
            pytest.skip("axe-core is not installed: make web (needs npm)")
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [
            (rule["id"], [node["html"][:120] for node in rule["nodes"]])
            for rule in found["violations"]
            if rule["impact"] in ("serious", "critical")
        ]
        assert serious == []
