"""The runtime for browsers lies packed in the package, and is unpacked once."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from nitido_demo import vendored
from nitido_demo.errors import Refused
from nitido_demo.vendored import PACKED, Unpacked, runtime_shown

from .browser import needs_runtime
from .conftest import Server


def pack(folder: Path, data: bytes) -> None:
    with tarfile.open(folder / PACKED, "w:xz") as archive:
        member = tarfile.TarInfo("ort-small.wasm")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a packed file, in the place of the package's."""
    folder = tmp_path / "vendor"
    folder.mkdir()
    pack(folder, b"\0asm first")
    monkeypatch.setattr(vendored, "FOLDER", folder)
    return folder


def test_files_are_unpacked_once_and_anew_when_the_package_changes(vendor: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = Unpacked(state).file("ort-small.wasm")
    assert first.read_bytes() == b"\0asm first"
    first.write_bytes(b"as it was")
    assert Unpacked(state).file("ort-small.wasm").read_bytes() == b"as it was"
    pack(vendor, b"\0asm second, which is longer")
    assert Unpacked(state).file("ort-small.wasm").read_bytes() == b"\0asm second, which is longer"
    assert len(list(state.iterdir())) == 1


@pytest.mark.parametrize("name", ["other.wasm", "*.wasm", "../ort-small.wasm", PACKED, ""])
def test_other_names_are_refused(vendor: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="no such file of onnxruntime-web"):
        Unpacked(tmp_path / "state").file(name)


def test_what_is_not_there_is_not_shown_and_refused(vendor: Path, tmp_path: Path) -> None:
    assert runtime_shown() is None
    (vendor / "VERSION").write_text("1.2.3\n")
    assert runtime_shown() == {"name": "onnxruntime-web", "version": "1.2.3"}
    (vendor / PACKED).unlink()
    with pytest.raises(Refused, match="make web"):
        Unpacked(tmp_path / "state").file("ort-small.wasm")


@needs_runtime
@pytest.mark.parametrize("build", ["", ".jspi"])
def test_browsers_get_webassembly(server: Server, build: str) -> None:
    with server.client() as client:
        answer = client.get(f"/vendor/ort-wasm-simd-threaded{build}.wasm")
        loader = client.get(f"/vendor/ort-wasm-simd-threaded{build}.mjs")
    assert (answer.headers["content-type"], answer.content[:4]) == ("application/wasm", b"\0asm")
    assert loader.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-embedder-policy"] == "require-corp"
