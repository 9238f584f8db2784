"""Blind upscaling over HTTP and on the page Brush: strokes are taken, or refused in words."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

import nitido
from nitido.blind import BlindEnlarger, read_strokes
from nitido_demo.settings import Settings
from nitido_demo.web import create

from .browser import DESKTOP, PHONE, Tab, chromium
from .conftest import SAMPLES, Server, finished, png, running

PNG = {"content-type": "image/png"}
CIRCLE = {"circle": [40, 30, 15], "sigma": 1.0, "feather": 6}
WIDTH, HEIGHT = 100, 76
OUTLINE = {"polygon": [[0, 0], [30, 0], [30, 40]], "sigma": -0.3}

needs_blind = pytest.mark.skipif(
    not any(name.startswith("blind-") for name in nitido.zoo.names()),
    reason="no blind upscaler in the zoo: docs/blind-upscaling.md",
)


def small() -> np.ndarray:
    """A photo of one crop, the smallest whose kernel is looked for."""
    return np.ascontiguousarray(nitido.read_photo(SAMPLES / "coffee_small.png").pixels[20:84, 50:114])


def strokes_json(*strokes: object) -> str:
    return json.dumps({"strokes": strokes})


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("{", 400, "expected JSON as strokes"),
        ("[" * 9000, 400, "expected JSON as strokes"),
        ("[]", 422, "expected strokes to be an object"),
        ('{"stroke": []}', 422, "strokes is missing"),
        (strokes_json(7), 422, "entry 1 of strokes to be an object"),
        (strokes_json({"circle": [1, 2, 3]}), 422, "sigma is missing"),
        (strokes_json({**CIRCLE, "color": "red"}), 422, "color is not known"),
        (strokes_json({**CIRCLE, "circle": [1, 2]}), 422, "circle of entry 1 of strokes to have 3 entries"),
        (strokes_json({**CIRCLE, "circle": [1, 2, 0]}), 422, "a circle with a radius above 0"),
        (strokes_json({**CIRCLE, "circle": "here"}), 422, "to be a list"),
        (strokes_json({**CIRCLE, **OUTLINE}), 422, "not both"),
        (strokes_json({"sigma": 1}), 422, "a circle with a radius above 0 or a polygon"),
        (strokes_json({**OUTLINE, "polygon": [[0, 0], [1, 1]]}), 422, "3 to 400 entries"),
        (strokes_json({**CIRCLE, "sigma": 1e9}), 422, "from -10 to 10"),
        ('{"strokes": [{"circle": [1, 2, NaN], "sigma": 1}]}', 400, "expected JSON as strokes"),
        ('{"strokes": [{"circle": [1, 2, 1e999], "sigma": 1}]}', 422, "to be a number"),
        (strokes_json(*[CIRCLE] * 25), 422, "strokes to have 0 to 24 entries, got 25"),
        (strokes_json(CIRCLE) + " " * 30_000, 422, "at most 30000 characters"),
    ],
)
def test_hostile_strokes_are_refused_in_words(
    client: httpx.Client, photo_of: Callable[[str], str], text: str, status: int, words: str
) -> None:
    before = client.get("/api/jobs").json()
    answer = client.post("/api/blind", params={"strokes": text}, content=png(small()), headers=PNG)
    assert answer.status_code == status
    assert words in answer.json()["message"]
    if status == 422 and len(text) < 30_000 and text.startswith('{"strokes"'):
        body = '{"scale": 2, ' + text[1:]
        path = f"/api/photos/{photo_of('coffee_small.png')}/blind"
        answer = client.post(path, content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, words in answer.json()["message"]) == (422, True)
    assert client.get("/api/jobs").json() == before


def test_without_a_network_the_answer_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photos").mkdir()
    own = [name for name in nitido.zoo.names() if not name.startswith("blind-")]
    monkeypatch.setattr(nitido.zoo, "names", lambda: own)
    with TestClient(create(Settings(tmp_path / "photos", tmp_path / "state")), "http://127.0.0.1") as client:
        answer = client.post("/api/blind", content=png(small()), headers=PNG)
        assert client.get("/api/about").json()["blind"] == {"scales": []}
    assert answer.status_code == 409
    assert "docs/blind-upscaling.md says how to train one" in answer.json()["message"]
    assert list((tmp_path / "state" / "jobs").iterdir()) == []


def test_the_size_of_a_photo_is_told(client: httpx.Client, photo_of: Callable[[str], str]) -> None:
    width, height = Image.open(SAMPLES / "coffee_small.png").size
    told = client.get(f"/api/photos/{photo_of('coffee_small.png')}/size").json()
    assert told == {"width": width, "height": height}


@needs_blind
def test_blind_upscaling_equals_the_sdk_and_shows_the_kernel(client: httpx.Client, tmp_path: Path) -> None:
    text = strokes_json(CIRCLE, OUTLINE)
    job = client.post("/api/blind", params={"strokes": text}, content=png(small()), headers=PNG).json()
    done = finished(client, job["id"])
    enlarger, heard = BlindEnlarger.open(strokes=read_strokes(text)), list[nitido.KernelEstimate]()
    enlarger.on_estimate = heard.append
    own = enlarger.photo(
        nitido.Photo(small(), nitido.Metadata(format="PNG", mode="RGB")), nitido.Size(scale=2)
    )
    got = np.asarray(Image.open(io.BytesIO(client.get(done["result"]).content)))
    assert np.array_equal(got, own.pixels)
    told = done["details"]["kernel"]
    assert told["told"] in done["message"]
    assert told["before"] == pytest.approx(heard[0].before, abs=1e-3)
    picture = Image.open(io.BytesIO(client.get(f"/api/jobs/{done['id']}/kernel").content))
    assert (picture.format, picture.size) == ("PNG", (252, 252))


@needs_blind
def test_strokes_beside_the_photo_and_sizes_beyond_the_networks_are_told(client: httpx.Client) -> None:
    beside = strokes_json({"circle": [5000, 5000, 10], "sigma": 1})
    job = client.post("/api/blind", params={"strokes": beside}, content=png(small()), headers=PNG).json()
    failed = finished(client, job["id"])
    assert (failed["state"], "expected strokes to touch the photo" in failed["message"]) == ("failed", True)
    if "blind-x4" not in nitido.zoo.names():
        answer = client.post("/api/blind?scale=4", content=png(small()), headers=PNG)
        assert (answer.status_code, "at most 2 times" in answer.json()["message"]) == (409, True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def with_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of one photo, so small that its kernel is judged on one crop."""
    photos = tmp_path_factory.mktemp("small")
    large = Image.open(SAMPLES / "coffee_sharp.jpg").convert("RGB")
    large.resize((WIDTH, HEIGHT), Image.Resampling.BOX).save(photos / "cup.png")
    with running(photos, tmp_path_factory.mktemp("state")) as started:
        yield started


def test_the_page_says_when_there_is_no_network(browser: Any, server: Server) -> None:
    tab = Tab(browser, server.url, PHONE, service_workers="block")

    def without(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "blind": {"scales": []}})

    tab.page.route("**/api/about", without)
    tab.open("brush").get_by_text("This installation has no network for blind upscaling").wait_for()
    tab.close()


def draw(page: Any, *places: tuple[float, float]) -> None:
    """Drag the mouse over the photo, through places in shares of its sides."""
    page.evaluate("scrollTo(0, 0)")
    box = page.locator(".easel canvas").bounding_box()
    for number, (across, down) in enumerate(places):
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"], steps=4)
        if number == 0:
            page.mouse.down()
    page.mouse.up()


@needs_blind
def test_strokes_are_painted_by_hand_and_by_keys_and_the_kernel_is_shown(
    browser: Any, with_one: Server
) -> None:
    tab = Tab(browser, with_one.url, PHONE, color_scheme="light")
    page = tab.open("brush")
    page.get_by_role("link", name="cup.png").click()
    page.wait_for_function(f"() => document.querySelector('.easel canvas')?.width === {WIDTH}")
    draw(page, (1 / 3, 1 / 2), (1 / 3 + 1 / 8, 1 / 2))
    page.get_by_role("button", name="Outline").click()
    draw(page, (0.6, 0.2), (0.8, 0.25), (0.85, 0.5), (0.65, 0.45))
    page.locator("input[data-factor=Kernel]").fill("35")
    page.get_by_role("button", name="Add a circle").click()
    added = page.locator(".strokes li button").nth(4)
    added.focus()
    for key in ("ArrowRight", "ArrowDown", "+"):
        page.keyboard.press(key)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Strokes as JSON").click()
    first, second, third = read_strokes(Path(saved.value.path()).read_text())
    assert first.circle == pytest.approx((WIDTH / 3, HEIGHT / 2, WIDTH / 8), abs=1)
    assert (first.sigma, second.sigma, third.sigma) == (0.8, -0.6, -0.6)
    assert len(second.polygon) >= 3
    moved = 0.02 * WIDTH
    assert third.circle == pytest.approx((WIDTH / 2 + moved, HEIGHT / 2 + moved, 1.1 * WIDTH / 8), abs=0.2)
    tab.check_accessibility()
    page.evaluate("scrollTo(0, 0)")
    tab.shoot("brush-paint-phone")
    page.get_by_role("button", name="Enlarge").click()
    page.wait_for_selector(".compare:not(.one)")
    page.wait_for_function("() => document.querySelector('img.kernel')?.naturalWidth === 252")
    assert "with 3 strokes" in page.locator(".below .quiet").inner_text()
    page.evaluate("scrollTo(0, 0)")
    tab.shoot("brush-phone")
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="dark")
    tab.check_accessibility()
    tab.shoot("brush-desktop")
    page.get_by_role("button", name="Paint").click()
    tab.shoot("brush-paint-desktop")
    tab.close()
