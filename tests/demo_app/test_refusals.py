"""What the server refuses: bad bodies, foreign pages, other hosts, names that lead out of a folder."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from starlette.testclient import TestClient

from nitido_demo.checking import checked, parsed
from nitido_demo.errors import Refused
from nitido_demo.settings import Limits, Settings
from nitido_demo.web import create

from .conftest import SAMPLES, Server, noisy, png

PNG = {"content-type": "image/png"}


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def huge_png(side: int = 30000) -> bytes:
    """A small file that claims to be a picture of 900 megapixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    head = side.to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    data = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("path", ["/api/assess", "/api/enhance", "/api/upscale"])
@pytest.mark.parametrize(
    ("body", "headers", "status", "error"),
    [
        (b"", PNG, 400, "BadRequest"),
        (b"hello, this is no photo", PNG, 415, "NotAPhoto"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", {"content-type": "image/svg+xml"}, 415, "WrongType"),
        (png(noisy()), {"content-type": "text/plain"}, 415, "WrongType"),
        (png(noisy()), {}, 415, "WrongType"),
        (png(noisy())[:200], PNG, 422, "PhotoDamaged"),
        ((SAMPLES / "chelsea_jpeg.jpg").read_bytes()[:2000], PNG, 422, "PhotoDamaged"),
        (huge_png(), PNG, 413, "PhotoTooLarge"),
        (b"GIF89a" + bytes(60), PNG, 422, "PhotoDamaged"),
    ],
    ids=["empty", "text", "svg", "form", "untyped", "cut-png", "cut-jpeg", "huge", "broken-gif"],
)
def test_a_body_that_is_no_photo_is_refused_in_words(
    server: Server,
    client: httpx.Client,
    path: str,
    body: bytes,
    headers: dict[str, str],
    status: int,
    error: str,
) -> None:
    before = files(server.photos)
    answer = client.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert "Traceback" not in answer.text
    assert str(server.state) not in answer.text  # where the server keeps files is nobody's business
    assert files(server.photos) == before
    assert list((server.state / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 422),
        (b"[" * 20000, 400),
        (b'{"strengths": {"denoise": NaN}}', 400),
        (b'{"strengths": {"denoise": 1e999}}', 422),
        (b'{"strengths": {"denoise": 2}}', 422),
        (b'{"strengths": {"denoise": 1' + b"0" * 400 + b"}}", 422),
        (b'{"strengths": {"denoise": true}}', 422),
        (b'{"strengths": {"../../etc": 1}}', 422),
        (b'{"strength": 1}', 422),
        (b'{"strengths": {}' + b" " * 70000 + b"}", 413),
    ],
)
def test_json_that_is_not_of_the_schema_is_refused(
    client: httpx.Client, photo_of: Callable[[str], str], body: bytes, status: int
) -> None:
    path = f"/api/photos/{photo_of('coffee_sharp.jpg')}/enhance"
    answer = client.post(path, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, "message" in answer.json()) == (status, True)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/jobs/0123456789abcdef", 404),
        ("/api/jobs/nonsense", 422),
        ("/api/photos/0123456789abcdef/picture", 404),
        ("/api/photos/..%2f..%2fetc%2fpasswd/picture", 404),
        ("/api/photos/%00/picture", 422),
        ("/api/suggest?limit=0", 422),
        ("/api/suggest?limit=nan", 422),
        ("/api/suggest?unknown=1", 422),
        ("/api/nothing", 404),
        ("/..%2f..%2fpyproject.toml", 404),
        ("/%2e%2e/%2e%2e/settings.py", 404),
        ("/vendor/..%2f..%2fsettings.py", 404),
        ("/models/trigger/../../../errors.py", 404),
        ("/models/trigger%2f..%2f..%2f__init__.py", 404),
        ("/models/trigger/MODEL_CARD.md", 404),
    ],
)
def test_names_that_are_not_there_or_lead_outside_are_refused(server: Server, path: str, status: int) -> None:
    host = urlsplit(server.url).netloc
    connection = http.client.HTTPConnection(host, timeout=30)  # sends the path as it is
    connection.request("GET", path)
    answer = connection.getresponse()
    found = json.loads(answer.read())
    assert (answer.status, set(found)) == (status, {"error", "message"})


def test_a_wrong_method_is_told_which_ones_the_address_takes(client: httpx.Client) -> None:
    cases = (
        ("PUT", "/api/assess", {"POST"}),
        ("GET", "/api/assess", {"POST"}),
        ("PUT", "/api/jobs/0123456789abcdef", {"GET", "HEAD", "DELETE"}),
    )
    for method, path, methods in cases:
        answer = client.request(method, path)
        assert (answer.status_code, answer.json()["error"]) == (405, "MethodNotAllowed")
        assert set(answer.headers["allow"].split(", ")) == methods


def test_whole_numbers_may_be_written_with_a_point() -> None:
    kind = {"type": "object", "properties": {"count": {"type": "integer"}}}
    assert checked(parsed(b'{"count": 2.0}', "it"), kind, "it") == {"count": 2}
    for text in (b'{"count": 2.5}', b'{"count": 1e999}', b'{"count": 1e300}'):
        with pytest.raises(Refused):
            checked(parsed(text, "it"), kind, "it")


def test_pages_of_other_sites_cannot_change_anything(client: httpx.Client) -> None:
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        answer = client.post("/api/scan", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "ForeignPage"), headers
    own = {"origin": str(client.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert client.post("/api/scan", headers=own).status_code == 200


def test_another_host_name_that_leads_here_is_refused(client: httpx.Client) -> None:
    assert client.get("/api/about", headers={"host": "evil.example"}).status_code == 421


def test_the_page_is_confined(client: httpx.Client) -> None:
    page = client.get("/")
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert policy["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'")
    assert "<script>" not in page.text
    assert " style=" not in page.text
    assert page.headers["x-content-type-options"] == "nosniff"
    assert client.get("/api/nothing").headers["content-security-policy"]  # refusals too


def test_a_body_that_says_it_is_a_gigabyte_is_refused_before_it_is_sent(server: Server) -> None:
    parts = urlsplit(server.url)
    assert parts.hostname is not None
    assert parts.port is not None
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as line:
        line.sendall(
            f"POST /api/assess HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: image/png\r\n"
            f"content-length: {1 << 30}\r\n\r\n".encode()
        )
        assert line.recv(1000).startswith(b"HTTP/1.1 413")


def test_a_cut_connection_leaves_nothing(server: Server, client: httpx.Client) -> None:
    parts = urlsplit(server.url)
    assert parts.port is not None
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as line:
        line.sendall(
            f"POST /api/enhance HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: image/png\r\n"
            f"content-length: 100000\r\n\r\n".encode()
            + png(noisy())[:500]
        )
    end = time.monotonic() + 20
    while list((server.state / "uploads").iterdir()) and time.monotonic() < end:
        time.sleep(0.05)
    assert list((server.state / "uploads").iterdir()) == []
    assert client.get("/api/jobs?limit=1").status_code == 200


@pytest.fixture
def strict(tmp_path: Path) -> Settings:
    """Settings with narrow limits, for a server inside the test."""
    (tmp_path / "photos").mkdir()
    limits = Limits(
        upload_bytes=20_000, upload_seconds=0.3, uploads_at_once=1, jobs_waiting=1, megapixels=0.01
    )
    return Settings(tmp_path / "photos", tmp_path / "state", limits=limits)


def test_limits_of_bytes_and_pixels_hold(strict: Settings) -> None:
    with TestClient(create(strict), base_url="http://127.0.0.1") as client:
        large = client.post("/api/assess", content=png(noisy(200, 300)), headers=PNG)

        def pieces() -> Iterator[bytes]:
            yield from [bytes(5000)] * 10

        unannounced = client.post("/api/assess", content=pieces(), headers=PNG)
        wide = client.post("/api/assess", content=png(np.zeros((100, 200, 3), np.uint8)), headers=PNG)
    assert (large.status_code, unannounced.status_code) == (413, 413)
    assert (wide.status_code, wide.json()["error"]) == (413, "PhotoTooLarge")


def test_a_body_that_trickles_is_refused_and_holds_its_place_no_longer(strict: Settings) -> None:
    async def run() -> tuple[int, int, int]:
        app = create(strict)
        transport = httpx.ASGITransport(app)

        async def trickle() -> object:
            for _ in range(40):
                yield b"\x89PNG\r\n\x1a\n"[:1]
                await asyncio.sleep(0.05)

        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            slow = asyncio.create_task(client.post("/api/assess", content=trickle(), headers=PNG))
            await asyncio.sleep(0.1)
            beside = await client.post("/api/assess", content=png(noisy(32, 32)), headers=PNG)
            refused = await slow
            after = await client.post("/api/assess", content=png(noisy(32, 32)), headers=PNG)
        return beside.status_code, refused.status_code, after.status_code

    assert asyncio.run(run()) == (429, 408, 200)


def test_another_host_needs_the_token_which_becomes_a_cookie(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    settings = Settings(tmp_path / "photos", tmp_path / "state", host="0.0.0.0", token="a-long-secret")
    with TestClient(create(settings), base_url="http://phone.local", follow_redirects=False) as client:
        for path in (
            "/",
            "/api/suggest",
            "/openapi.json",
            "/?token=wrong",
            "/api/suggest?token=a-long-secret",
        ):
            assert client.get(path).status_code == 401, path
        assert client.get("/api/suggest", headers={"authorization": "Bearer wrong"}).status_code == 401
        bearer = {"authorization": "Bearer a-long-secret"}
        assert client.get("/api/suggest", headers=bearer).status_code == 200
        entering = client.get("/?token=a-long-secret")
        assert (entering.status_code, entering.headers["location"]) == (303, "/")
        cookie = entering.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert client.get("/api/suggest").status_code == 200


def test_a_failure_of_the_server_itself_is_told_without_details(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos").mkdir()
    app = create(replace(Settings(tmp_path / "photos", tmp_path / "state")))
    monkeypatch.setattr(type(app.state.house.keeping), "versions", lambda self: 1 / 0)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        answer = client.get("/api/suggest")
    assert (answer.status_code, answer.json()["error"]) == (500, "ServerError")
    assert "ZeroDivision" not in answer.text
