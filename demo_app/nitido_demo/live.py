"""Live video of two people through the server, which enlarges what a weak connection made small (V9)."""

from __future__ import annotations

import asyncio
import io
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

import nitido
from nitido.errors import NitidoError
from nitido_demo.errors import Refused

ROOM = re.compile(r"[0-9a-z]{6,24}")
TARGETS = (360, 720, 1080)
MOST_BYTES = 1 << 20
"""Of one message: a JPEG of 720p has a tenth of that."""
_MOST_PIXELS = 1280 * 1280
_ROOMS, _SEATS = 8, 2
_QUALITY = 85
_IDLE_SECONDS = 60.0


@dataclass(eq=False)
class Seat:
    """One side of a call."""

    socket: WebSocket
    target: int = 720
    """The shorter side of what this side wants to see."""
    frame: tuple[bytes, float] | None = None
    """The newest that this side has sent, and when; one that is not looked at in time is replaced."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    upscaler: nitido.VideoUpscaler | None = None
    """Of what this side sends, to the other side's target."""

    def enlarged(self, frame: bytes, target: int) -> tuple[bytes, dict[str, Any]]:
        """A JPEG frame in the target's size, and what was done; larger ones stay. Raises Refused."""
        start = time.perf_counter()
        pixels = _decoded(frame)
        height, width = pixels.shape[:2]
        if min(height, width) < target:
            if self.upscaler is None or self.upscaler.targets != (target,):
                self.upscaler = nitido.VideoUpscaler.open(target=target, fast=True)
            pixels = self.upscaler(pixels)
            frame = _encoded(pixels)
        told = {"sent": [width, height], "shown": [pixels.shape[1], pixels.shape[0]]}
        return frame, {**told, "milliseconds": round(1000 * (time.perf_counter() - start), 1)}


class Live:
    """All calls. Who is alone in a room sees what the other side would see."""

    def __init__(self) -> None:
        self._rooms: dict[str, list[Seat]] = {}
        self._turn = asyncio.Lock()

    async def call(self, socket: WebSocket) -> None:
        """One side's connection: JPEG frames and wishes in, frames and news out, until it ends."""
        name = socket.path_params["room"]
        await socket.accept()
        try:
            async with self._seated(name, Seat(socket)) as seat:
                relay = asyncio.create_task(self._relay(name, seat))
                try:
                    await self._listen(seat)
                finally:
                    relay.cancel()
                    await asyncio.gather(relay, return_exceptions=True)
        except Refused as refusal:
            await _tell(socket, {"kind": "refused", "message": str(refusal)})
            await socket.close(1008)
        except WebSocketDisconnect:
            pass

    @asynccontextmanager
    async def _seated(self, name: str, seat: Seat) -> AsyncIterator[Seat]:
        if not ROOM.fullmatch(name):
            raise Refused(422, "expected a room of 6 to 24 letters and digits; open the page Live anew")
        seats = self._rooms.get(name, [])
        if len(seats) >= _SEATS:
            raise Refused(409, "two people are in this room already; open another one")
        if not seats and len(self._rooms) >= _ROOMS:
            raise Refused(429, "too many calls at once; try again later")
        self._rooms[name] = seats = [*seats, seat]
        try:
            await self._news(seats)
            yield seat
        finally:
            self._rooms[name] = left = [other for other in self._rooms[name] if other is not seat]
            if left:
                await self._news(left)
            else:
                del self._rooms[name]

    async def _news(self, seats: list[Seat]) -> None:
        for seat in seats:
            await _tell(seat.socket, {"kind": "room", "people": len(seats)})

    async def _listen(self, seat: Seat) -> None:
        """Take frames and wishes. Raises Refused, WebSocketDisconnect."""
        while True:
            try:
                message = await asyncio.wait_for(seat.socket.receive(), _IDLE_SECONDS)
            except TimeoutError:
                raise Refused(408, f"nothing came for {_IDLE_SECONDS:.0f} seconds; join again") from None
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1000))
            if (frame := message.get("bytes")) is not None:
                seat.frame = frame, time.perf_counter()
                seat.arrived.set()
                continue
            wish = _wish(message.get("text") or "")
            seat.target = wish.get("target", seat.target)
            if "ping" in wish:
                await _tell(seat.socket, {"kind": "pong", "ping": wish["ping"]})

    async def _relay(self, name: str, seat: Seat) -> None:
        """Hand each newest frame on; one at a time in the whole server, so that calls share it evenly."""
        while True:
            await seat.arrived.wait()
            seat.arrived.clear()
            if seat.frame is None:
                continue
            (frame, arrived), seat.frame = seat.frame, None
            other = next((each for each in self._rooms[name] if each is not seat), seat)
            try:
                async with self._turn:
                    result, told = await run_in_threadpool(seat.enlarged, frame, other.target)
            except (NitidoError, Refused) as error:
                await _tell(seat.socket, {"kind": "refused", "message": str(error)})
                continue
            held = round(1000 * (time.perf_counter() - arrived), 1)
            await _tell(seat.socket, {"kind": "done", "bytes": len(frame), "held": held, **told})
            await _send(other.socket, result)


def _decoded(frame: bytes) -> nitido.Pixels:
    try:
        with Image.open(io.BytesIO(frame), formats=("JPEG",)) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise Refused(413, f"expected frames of up to 720p, got {image.width} x {image.height}")
            return np.asarray(image.convert("RGB"))
    except Image.DecompressionBombError as error:
        raise Refused(413, "expected frames of up to 720p, got a far larger one") from error
    except (OSError, SyntaxError) as error:
        raise Refused(415, "expected a frame as a JPEG, got something else or a part of one") from error


def _encoded(pixels: nitido.Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _wish(text: str) -> dict[str, Any]:
    """What a message asks for: frames of another size, or an answer at once, by which a delay is measured."""
    try:
        wish = json.loads(text)
    except ValueError:
        wish = None
    if isinstance(wish, dict) and wish.keys() <= {"target", "ping"}:
        target, ping = wish.get("target", 720), wish.get("ping", 0)
        if target in TARGETS and isinstance(ping, int) and 0 <= ping < 1 << 31:
            return wish
    raise Refused(422, f'expected a wish such as {{"target": 720}}, among {TARGETS}, got another message')


async def _tell(socket: WebSocket, news: dict[str, Any]) -> None:
    """Send news to a side that may have gone."""
    with suppress(RuntimeError, WebSocketDisconnect):
        await socket.send_text(json.dumps(news))


async def _send(socket: WebSocket, frame: bytes) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):
        await socket.send_bytes(frame)
