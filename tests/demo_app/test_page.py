"""The page in a real browser, at the size of a phone and of a desktop."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nitido
from nitido_bench import results
from nitido_demo.models import STATIC

from .browser import DESKTOP, PHONE, Tab, chromium, needs_runtime
from .conftest import SAMPLES, Server, noisy, running, start


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, since these tests decide about its photos."""
    photos = tmp_path_factory.mktemp("seen")
    for photo in SAMPLES.glob("*.[jp][pn]g"):
        shutil.copy(photo, photos)
    with running(photos, tmp_path_factory.mktemp("state")) as started:
        yield started


@pytest.fixture
def phone(browser: Any, server: Server) -> Iterator[Tab]:
    tab = Tab(browser, server.url, PHONE, has_touch=True)
    yield tab
    tab.close()


@pytest.fixture
def desktop(browser: Any, server: Server) -> Iterator[Tab]:
    tab = Tab(browser, server.url, DESKTOP, color_scheme="dark")
    yield tab
    tab.close()


def test_the_gallery_shows_badges_by_benefit(phone: Tab) -> None:
    page = phone.open("gallery")
    page.wait_for_selector(".tile .badge")
    badges = page.locator(".tile .badge:first-child").all_inner_texts()
    gains = [float(badge.rpartition(" ")[2]) for badge in badges]
    assert badges[0].startswith("noisy: +")
    assert gains == sorted(gains, reverse=True)
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")
    phone.check_accessibility()
    phone.shoot("gallery-phone")
    page.get_by_role("button", name="Blur").click()
    assert all(
        text.startswith("blurred") for text in page.locator(".tile .badge:first-child").all_inner_texts()
    )


def test_the_page_is_light_before_the_wasm() -> None:
    vendor = STATIC / "vendor"
    own = sum(
        file.stat().st_size for file in STATIC.rglob("*") if file.is_file() and vendor not in file.parents
    )
    loaders = sum(file.stat().st_size for file in vendor.glob("*.mjs"))
    assert own + loaders <= 500_000


def test_what_the_first_page_loads_is_light(browser: Any, server: Server) -> None:
    tab = Tab(browser, server.url, PHONE, service_workers="block")
    page = tab.open("gallery")
    page.wait_for_selector(".tile .badge")
    loaded = page.evaluate(
        """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
        .filter(({ name }) => !name.includes("/picture")).map((entry) => entry.encodedBodySize)"""
    )
    assert len(loaded) > 8  # the document, its style, icon and scripts, what the server found
    assert 20_000 < sum(loaded) <= 500_000
    tab.close()


def test_the_service_worker_keeps_every_file_of_the_page() -> None:
    listed = set(
        json.loads("[" + (STATIC / "sw.js").read_text().partition("[")[2].partition(",\n];")[0] + "]")
    )
    files = {
        "/" + file.relative_to(STATIC).as_posix()
        for file in STATIC.rglob("*")
        if file.is_file() and "vendor" not in file.parts
    }
    assert listed == files - {"/index.html", "/sw.js"} | {"/"}


def test_before_and_after_by_keyboard_then_keep_and_undo(desktop: Tab, server: Server) -> None:
    page = desktop.open("gallery")
    page.locator(".tile a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".compare:not(.one)")
    assert page.locator("input[data-factor=denoise]").input_value() == "100"
    divider = page.locator(".divider-range")
    divider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert divider.input_value() == "55"
    assert (
        page.locator(".pair").evaluate("(pair) => getComputedStyle(pair).getPropertyValue('--at')") == "55%"
    )
    desktop.check_accessibility()
    desktop.shoot("photo-desktop")
    before = set(server.photos.iterdir())
    page.get_by_role("button", name="Keep this version").click()
    page.get_by_text("Stored beside the original").wait_for()
    (stored,) = set(server.photos.iterdir()) - before
    assert ".nitido" in stored.name
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Taken away again").wait_for()
    assert set(server.photos.iterdir()) == before


def test_a_slider_makes_another_version_and_dismissing_hides_the_photo(phone: Tab) -> None:
    page = phone.open("gallery")
    page.wait_for_selector(".tile .badge")
    count = page.locator(".tile").count()
    page.locator(".tile a").nth(1).click()
    page.wait_for_selector(".compare:not(.one)")
    phone.shoot("photo-phone")
    first = page.locator("img.after").get_attribute("src")
    page.locator("input[data-factor=denoise]").fill("40")
    page.wait_for_function(
        "(first) => document.querySelector('img.after').getAttribute('src') !== first", arg=first
    )
    page.get_by_role("button", name="Dismiss").click()
    page.get_by_text("Not suggested any more").wait_for()
    page.get_by_role("link", name="Back to the gallery").click()
    page.wait_for_function(f"() => document.querySelectorAll('.tile').length === {count - 1}")


@pytest.mark.parametrize("kind", ["phone", "desktop"])
def test_sharing_shows_both_ways_at_one_budget(kind: str, request: pytest.FixtureRequest) -> None:
    tab: Tab = request.getfixturevalue(kind)
    page = tab.open("share")
    page.get_by_role("link", name="coffee_sharp.jpg").click()
    page.wait_for_selector(".compare:not(.one)")
    figures = page.locator(".figures dd")
    assert all("kB, quality" in text for text in figures.all_text_contents())
    tab.check_accessibility()
    tab.shoot(f"share-{kind}")
    first = page.locator("img.after").get_attribute("src")
    page.get_by_role("button", name="320").click()
    page.wait_for_function(
        "(first) => document.querySelector('img.after').getAttribute('src') !== first", arg=first
    )
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert Image.open(download.value.path()).size[0] == 320


def test_rating_by_keys(desktop: Tab, server: Server) -> None:
    page = desktop.open("rate")
    for key in "143":
        page.wait_for_selector(".rating[data-pair]")
        pair = page.locator(".rating").get_attribute("data-pair")
        if key == "1":
            desktop.check_accessibility()
            desktop.shoot("rate-desktop")
        page.keyboard.press(key)
        if key == "4":
            page.get_by_text("How much worse is B?").wait_for()
            page.keyboard.press("2")
        page.wait_for_function("(pair) => document.querySelector('.rating').dataset.pair !== pair", arg=pair)
    with server.client() as client:
        rows = client.get("/api/ratings.csv").text.splitlines()
    assert len(rows) == 4
    assert rows[3].split(",")[2] == "0"


@pytest.mark.parametrize("where", ["This device", "Server"])
def test_the_camera_judges_frames(phone: Tab, where: str) -> None:
    if where == "This device":
        from nitido_demo.vendored import runtime_shown

        if runtime_shown() is None:
            pytest.skip("onnxruntime-web is not vendored: make web (needs npm)")
    page = phone.open("camera")
    page.get_by_role("button", name=where).click()
    page.wait_for_selector(".meter:not([hidden])")
    page.wait_for_function("() => document.querySelector('.meter').textContent.includes('/s')")
    assert page.locator(".hint").inner_text()
    assessed = [url for method, url in phone.requests if "/api/assess" in url]
    if where == "This device":
        assert assessed == []
        phone.check_accessibility()
        phone.shoot("camera-phone")
    else:
        assert assessed[-1].endswith("model=trigger-lite")


@needs_runtime
def test_this_device_equals_the_sdk_and_uploads_nothing(phone: Tab, tmp_path: Path) -> None:
    page = phone.open("device")
    page.get_by_text("works offline from now on").wait_for()
    assert page.get_by_text("golden vectors agree on the").count() == 3
    assert page.locator(".choice button[aria-pressed=true]").count() == 1  # where they run is shown
    photo = np.asarray(Image.open(SAMPLES / "astronaut_noise.png").convert("RGB"))[100:340, 120:420]
    blurred = nitido.read_photo(SAMPLES / "chelsea_defocus.jpg").pixels[:256, :280]
    jpeg = nitido.read_photo(SAMPLES / "chelsea_jpeg.jpg").pixels
    trigger, restore = nitido.Trigger.open(), nitido.Restorer.open()
    for number, pixels in enumerate((photo, blurred, jpeg)):
        file = tmp_path / f"{number}.png"
        Image.fromarray(pixels).save(file)
        page.set_input_files("#file", file)
        page.wait_for_selector("[data-ms]")
        found = json.loads(page.locator("[data-assessed]").get_attribute("data-assessed"))
        own = trigger(pixels)
        assert found["score"] == pytest.approx(own.score, abs=0.01)
        assert found["crossed"] == list(own.crossed)
        with page.expect_download() as saved:
            page.get_by_role("button", name="Save").click()
        got = np.asarray(Image.open(saved.value.path()).convert("RGB")).astype(int)
        difference = np.abs(got - restore(pixels, own.strengths))
        worst = np.unravel_index(difference.argmax(), difference.shape)
        assert difference.max() <= 2, (difference.max(), difference.mean(), worst)
        if number == 0:
            phone.check_accessibility()
            page.evaluate("scrollTo(0, 0)")
            phone.shoot("device-phone")
        page.get_by_role("button", name="Another photo").click()
        page.evaluate("delete document.querySelector('[data-ms]').dataset.ms")
    assert [each for each in phone.requests if each[0] != "GET"] == []


@needs_runtime
def test_this_device_works_offline_and_its_benchmark_is_a_result_file_that_can_be_sent(
    desktop: Tab, server: Server, tmp_path: Path
) -> None:
    page = desktop.open("device")
    page.get_by_text("works offline from now on").wait_for()
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    page.reload()
    page.get_by_text("works offline from now on").wait_for()
    desktop.context.set_offline(True)
    page.reload()
    page.get_by_text("Trigger and restorer run in this browser").wait_for()
    page.evaluate("document.querySelector('.page').dataset.offline = 'yes'")
    file = tmp_path / "photo.png"
    Image.open(SAMPLES / "chelsea_defocus.jpg").crop((60, 20, 316, 220)).save(file)
    page.set_input_files("#file", file)
    page.wait_for_selector("[data-ms]")
    page.get_by_role("button", name="Benchmark this phone").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Result as JSON").click()
    result = json.loads(Path(saved.value.path()).read_text())
    results.check(result, tmp_path)
    assert [each for each in desktop.requests if each[0] != "GET"] == []
    rows = {(row["model"], row["graph"]) for row in result["rows"]}
    assert rows == {(name, graph) for name in ("trigger", "restore") for graph in ("main", "blur")} | {
        ("trigger-lite", "main")
    }
    desktop.shoot("device-desktop")
    desktop.context.set_offline(False)
    page.get_by_role("button", name="Send to the server").click()
    page.get_by_text("Sent to this server").wait_for()
    with server.client() as client:
        (sent,) = client.get("/api/benchmarks").json()["benchmarks"]
        assert client.get(f"/api/benchmarks/{sent['id']}").json() == result
    desktop.errors = [error for error in desktop.errors if "ERR_INTERNET_DISCONNECTED" not in error]


def test_two_thousand_photos_scroll_and_suggestions_come_while_the_scan_goes_on(
    browser: Any, tmp_path: Path
) -> None:
    photos = tmp_path / "many"
    photos.mkdir()
    buffer = io.BytesIO()
    Image.fromarray(noisy(40, 40)).save(buffer, "PNG")
    for number in range(2000):  # bytes behind the end make each another photo
        (photos / f"{number:04}.png").write_bytes(buffer.getvalue() + str(number).encode())
    server = start(photos, tmp_path / "state")
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: server.process.wait(timeout=30))
        stack.callback(server.process.kill)
        tab = Tab(browser, server.url, PHONE)
        page = tab.open("gallery")
        page.wait_for_selector(".tile .badge")
        assert page.locator(".scan progress").is_visible()  # it goes on
        page.get_by_role("button", name="All photos").click()
        page.wait_for_selector(".tile[aria-setsize='2000']")
        assert page.locator(".tile").count() < 40
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_selector(".tile[aria-posinset='2000']")
        assert page.locator(".tile").count() < 40
        tab.close()
