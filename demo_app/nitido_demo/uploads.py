"""Bodies of requests, taken in bounded size, time and number, and looked at before they are believed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
from starlette.requests import ClientDisconnect, Request

from nitido.photo.formats import DESTINATIONS, HEAD, READABLE, recognise
from nitido_demo.checking import Schema, checked, parsed
from nitido_demo.errors import Refused
from nitido_demo.operations import CLIP_TYPES, IMAGE_TYPES
from nitido_demo.settings import Limits

SUFFIXES = {known.name: suffix for suffix, known in reversed(DESTINATIONS.items())}
"""The suffix of each format that photos can be saved in: ``.jpg``, ``.png``, ``.tif``, ``.webp``, ..."""
_MATROSKA = b"\x1a\x45\xdf\xa3"


def saving_suffix(kind: str | None) -> str:
    """The suffix to save a photo of a format under: its own where it can be written, else PNG's."""
    return SUFFIXES.get(kind or "", ".png")


class Uploads:
    """Receives bodies; photos go to a folder under names of the server's making."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self._inside = 0
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():  # by a server that was killed
            left.unlink()

    @asynccontextmanager
    async def file(self, request: Request, kind: Literal["photo", "clip"]) -> AsyncIterator[Path]:
        """The body as a file that begins like its kind; removed afterwards, unless it was moved."""
        _check_type(request, IMAGE_TYPES if kind == "photo" else CLIP_TYPES, f"a {kind}")
        if self._inside >= self._limits.uploads_at_once:
            raise Refused(429, "too many uploads at once; try again in a moment", retry_after=2)
        file = self._folder / os.urandom(8).hex()
        self._inside += 1
        try:
            with file.open("xb") as target:
                async for piece in self._body(request, self._limits.upload_bytes):
                    target.write(piece)
            with file.open("rb") as target:
                head = target.read(HEAD)
            if not head:
                raise Refused(400, f"expected a {kind} as the body of the request, got none; send one")
            _check_head(head, kind)
            yield file
        finally:
            self._inside -= 1
            file.unlink(missing_ok=True)

    async def json(self, request: Request, schema: Schema) -> dict[str, Any]:
        """The body as an object that follows the schema."""
        _check_type(request, ("application/json",), "JSON")
        pieces = [piece async for piece in self._body(request, self._limits.json_bytes)]
        value = parsed(b"".join(pieces), "the body of the request")
        found: dict[str, Any] = checked(value, schema, "the body")
        return found

    async def _body(self, request: Request, most: int) -> AsyncIterator[bytes]:
        """The pieces of a body. Refuses what is too long, by its header where that is honest, or too slow."""
        told = request.headers.get("content-length", "0")
        if not told.isascii() or not told.isdigit():
            raise Refused(400, "expected a length in the header content-length, got something else")
        if int(told) > most:
            raise _too_large(most)
        received = 0
        try:
            async with asyncio.timeout(self._limits.upload_seconds):
                async for piece in request.stream():
                    received += len(piece)
                    if received > most:
                        raise _too_large(most)
                    if piece:
                        yield piece
        except TimeoutError:
            seconds = self._limits.upload_seconds
            raise Refused(408, f"expected the whole body within {seconds:.0f} s; try a better line") from None
        except ClientDisconnect:
            raise Refused(400, "the connection broke before the body was complete; send it again") from None


def _check_type(request: Request, known: tuple[str, ...], what: str) -> None:
    """Other sites' forms can send text and forms without being asked; neither is taken."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in known:
        raise Refused(
            415, f"expected {what}, so content-type {known[0]} or the like, got {kind[:60] or 'none'}"
        )


def _check_head(head: bytes, kind: Literal["photo", "clip"]) -> None:
    """What FFmpeg opens beyond these two may name other files, of the server's."""
    if kind == "photo" and recognise(head) is None:
        raise Refused(415, f"expected a photo, got something else; send {READABLE}", error="NotAPhoto")
    if kind == "clip" and head[4:8] != b"ftyp" and not head.startswith(_MATROSKA):
        told = "expected a clip, got something else; send MP4, MOV, Matroska or WebM"
        raise Refused(415, told, error="NotAClip")


def _too_large(most: int) -> Refused:
    size = f"{most >> 20} MiB" if most >= 1 << 20 else f"{most >> 10} KiB"
    return Refused(413, f"expected a body of at most {size}, got a larger one; send a smaller one")


async def drain(request: Request, seconds: float = 2.0, most: int = 8 << 20) -> None:
    """Read on a little after a refusal: a client that still sends would lose the answer otherwise."""
    with anyio.move_on_after(seconds):
        received = 0
        try:
            async for piece in request.stream():
                received += len(piece)
                if received > most:
                    return
        except (ClientDisconnect, RuntimeError):
            return
