"""Live video through the server: frames come enlarged to whom they are meant for, and nobody else gets in."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from PIL import Image
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

import nitido
from nitido_demo.channel import available

from .browser import DESKTOP, PHONE, Tab, chromium
from .conftest import Server, noisy, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    photos = tmp_path_factory.mktemp("none")
    Image.fromarray(noisy()).save(photos / "one.png")
    with running(photos, tmp_path_factory.mktemp("state")) as started:
        yield started


@contextmanager
def joined(server: Server, room: str, **options: Any) -> Iterator[ClientConnection]:
    address = server.url.replace("http://", "ws://")
    with connect(f"{address}/live/{room}", proxy=None, max_size=1 << 22, **options) as socket:
        yield socket


def news(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=60))


def frame(height: int, width: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(noisy(height, width)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def huge() -> bytes:
    """A small frame that says it has 65,535 pixels a side."""
    small = frame(180, 320)
    sides = small.index(b"\xff\xc0") + 5
    return small[:sides] + b"\xff\xff\xff\xff" + small[sides + 4 :]


def picture(data: str | bytes) -> np.ndarray:
    assert isinstance(data, bytes)
    return np.asarray(Image.open(io.BytesIO(data)))


def test_frames_reach_the_other_side_in_the_size_that_it_wants(server: Server) -> None:
    small = frame(180, 320)
    with joined(server, "twopeople") as one:
        assert news(one) == {"kind": "room", "people": 1, "webrtc": available()}
        with joined(server, "twopeople") as two:
            assert (news(one)["people"], news(two)["people"]) == (2, 2)
            two.send(json.dumps({"target": 360}))
            one.send(small)
            told = news(one)
            assert (told["kind"], told["sent"], told["shown"]) == ("done", [320, 180], [640, 360])
            assert told["bytes"] == len(small)
            got = picture(two.recv(timeout=60))
        assert news(one)["people"] == 1
    upscaler = nitido.VideoUpscaler.open(target=360, fast=True)
    expected = upscaler(picture(small))
    assert np.abs(got.astype(int) - expected).mean() < 4  # compressed once more


def test_who_is_alone_sees_what_the_other_side_would_and_large_frames_stay(server: Server) -> None:
    large = frame(720, 1280)
    with joined(server, "justmyself") as socket:
        news(socket)
        socket.send(large)
        assert news(socket)["shown"] == [1280, 720]
        assert socket.recv(timeout=60) == large


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"no picture", "expected a frame as a JPEG"),
        (frame(180, 320)[:900], "expected a frame as a JPEG"),
        (huge(), "expected frames of up to 720p, got a far larger one"),
        (frame(1300, 1300), "expected frames of up to 720p, got 1300 x 1300"),
    ],
)
def test_a_bad_frame_is_refused_and_the_call_goes_on(server: Server, message: bytes, words: str) -> None:
    with joined(server, "goeson") as socket:
        news(socket)
        socket.send(message)
        refusal = news(socket)
        assert refusal["kind"] == "refused"
        assert words in refusal["message"]
        socket.send(frame(720, 1280))
        assert news(socket)["kind"] == "done"


def test_a_ping_is_answered_at_once(server: Server) -> None:
    with joined(server, "pingpong") as socket:
        news(socket)
        socket.send('{"ping": 7}')
        assert news(socket) == {"kind": "pong", "ping": 7}


@pytest.mark.parametrize(
    "text",
    [
        '{"offer": 7}',
        "{",
        "[]",
        '{"target": "720"}',
        '{"target": 721}',
        "1e999",
        '{"ping": -1}',
        '{"room": 1}',
    ],
)
def test_a_hostile_wish_ends_the_call_with_a_reason(server: Server, text: str) -> None:
    with joined(server, "hostile") as socket:
        news(socket)
        socket.send(text)
        assert "expected a wish such as" in news(socket)["message"]
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=60)


def test_a_third_person_and_a_bad_name_are_refused(server: Server) -> None:
    with joined(server, "fullroom"), joined(server, "fullroom"), joined(server, "fullroom") as third:
        assert "two people are in this room already" in news(third)["message"]
    with joined(server, "NO") as socket:
        assert "expected a room" in news(socket)["message"]


def test_pages_of_other_sites_are_not_let_in(server: Server) -> None:
    with pytest.raises(InvalidStatus), joined(server, "elsewhere", origin="https://example.org"):
        pass


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def test_two_browsers_see_each_other_enlarged(browser: Any, server: Server) -> None:
    one, two = (Tab(browser, server.url, size) for size in (DESKTOP, PHONE))
    first = one.open("live/twobrowsers")
    first.get_by_text("Nobody else is here yet").wait_for()
    second = two.open("live/twobrowsers")
    for page in (first, second):
        page.get_by_text("You see the other side.").wait_for()
        page.wait_for_selector("canvas[data-shown='1280x720']")
        if available():
            page.get_by_text("over WebRTC").wait_for()
    second.get_by_role("button", name="360p").click()
    second.wait_for_selector("canvas[data-shown='640x360']")
    one.check_accessibility()
    two.shoot("live-phone")
    two.close()
    first.get_by_text("Nobody else is here yet").wait_for()
    one.close()


def test_sizes_follow_the_connection_down_at_once_and_up_after_a_while(browser: Any, server: Server) -> None:
    tab = Tab(browser, server.url, DESKTOP)
    sizes = tab.open("gallery").evaluate(
        """async () => {
          const { connection } = await import("/connection.js");
          let clock = 0;
          const link = connection(() => clock), seen = [];
          const bytes = { 180: 8000, 360: 24000, 720: 72000 };
          const frames = (count, bits, delay) => {
            for (let i = 0; i < count; i++) {
              link.answered(delay);
              link.sent(bytes[link.size], link.size, delay + (8000 * bytes[link.size]) / bits);
              clock += 66;
            }
            seen.push(link.size);
          };
          frames(30, 40e6, 40);  // two seconds of a fast, far connection: not yet
          frames(30, 40e6, 40);  // four
          frames(60, 40e6, 40);  // eight
          frames(6, 5e6, 40);    // 720p needs 8.6 Mbit/s
          frames(6, 0.3e6, 40);
          frames(200, 4e6, 40);  // 360p needs 2.9, with headroom 4.3 and a fifth left alone 5.4
          return seen;
        }"""
    )
    tab.close()
    assert sizes == [180, 360, 720, 360, 180, 180]
