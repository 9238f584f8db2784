"""``nitido.Remote`` against the real server: drop-ins for the trigger and restorer of this device."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import nitido
from nitido.errors import InvalidOption, RemoteRefused, RemoteUnavailable
from nitido.remote.connection import Connection

from .conftest import SAMPLES, Server, noisy


@pytest.fixture(scope="module")
def remote(server: Server) -> Iterator[nitido.Remote]:
    with nitido.Remote(server.url) as opened:
        yield opened


def test_the_remote_trigger_is_the_local_one(remote: nitido.Remote) -> None:
    pixels, local = noisy(), nitido.Trigger.open()
    there, here = remote.trigger(pixels), local(pixels)
    assert there.score == pytest.approx(here.score, abs=1e-5)
    assert (there.crossed, there.recommended, there.strengths) == (
        here.crossed,
        here.recommended,
        here.strengths,
    )
    assert (remote.trigger.id, remote.trigger.threshold) == (local.id, local.threshold)
    assert remote.trigger.info.endswith(remote.url)  # no silent fallback: the result says where it ran


@pytest.mark.parametrize("strength", [1.0, {"denoise": 0.5}])
def test_the_remote_restorer_is_the_local_one(
    remote: nitido.Remote, strength: float | dict[str, float]
) -> None:
    pixels = noisy()
    assert np.array_equal(remote.restore(pixels, strength), nitido.Restorer.open()(pixels, strength))
    assert remote.restore(pixels, 0.0) is pixels


def test_an_enhancer_of_remote_parts_treats_files_as_a_local_one(
    remote: nitido.Remote, tmp_path: Path
) -> None:
    source = SAMPLES / "chelsea_jpeg.jpg"
    there = remote.enhancer().file(source, tmp_path / "there.jpg")
    here = nitido.Enhancer.open().file(source, tmp_path / "here.jpg")
    assert (there.applied, there.strength) == (here.applied, here.strength)
    assert np.array_equal(there.pixels, here.pixels)
    assert (tmp_path / "there.jpg").read_bytes() == (tmp_path / "here.jpg").read_bytes()


def test_errors_of_the_server_are_those_of_the_sdk(remote: nitido.Remote) -> None:
    with pytest.raises(InvalidOption, match="expected factors among"):
        remote.restore(noisy(), {"sharpen": 1.0})
    with pytest.raises(nitido.errors.NotAPhoto):
        Connection(remote.url, None, 30, None).ask("POST", "/api/assess", body=b"no photo")


def test_no_server_a_slow_server_and_another_server_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="address of a server"):
        nitido.Remote("ftp://somewhere")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(RemoteUnavailable, match="in time"):
            nitido.Remote(f"http://127.0.0.1:{port}", timeout=0.3)
    with pytest.raises(RemoteUnavailable, match="check the address"):
        nitido.Remote(f"http://127.0.0.1:{port}")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with pytest.raises(RemoteRefused):
            nitido.Remote(f"http://127.0.0.1:{other.server_port}")
        other.shutdown()


def test_a_certificate_that_nobody_vouches_for_is_refused(server: Server, tmp_path: Path) -> None:
    import subprocess

    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
    ]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "own.pem"]
    try:
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem", tmp_path / "key.pem")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as secure:
        secure.socket = context.wrap_socket(secure.socket, server_side=True)
        threading.Thread(target=secure.serve_forever, daemon=True).start()
        address = f"https://127.0.0.1:{secure.server_port}"
        with pytest.raises(RemoteUnavailable, match=r"(?i)certificate"):
            nitido.Remote(address)
        with pytest.raises(RemoteRefused):  # trusted now, but no Nitido server
            nitido.Remote(address, certificates=str(tmp_path / "own.pem"))
        secure.shutdown()
