"""Live video of two people through the server, which enlarges what a weak connection made small (V9)."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from nitido.errors import NitidoError
from nitido_demo.channel import available
from nitido_demo.errors import Refused
from nitido_demo.seat import Seat

ROOM = re.compile(r"[0-9a-z]{6,24}")
TARGETS = (360, 720, 1080)
MOST_BYTES = 1 << 20
"""Of one message: a JPEG of 720p has a tenth of that."""
_ROOMS, _SEATS = 8, 2
_LONGEST_OFFER = 20_000
_IDLE_SECONDS = 60.0


class Live:
    """All calls. Who is alone in a room sees what the other side would see."""

    def __init__(self) -> None:
        self._rooms: dict[str, list[Seat]] = {}
        self._turn = asyncio.Lock()

    async def call(self, socket: WebSocket) -> None:
        """One side's connection: JPEG frames and wishes in, frames and news out, until it ends."""
        name = socket.path_params["room"]
        await socket.accept()
        seat = Seat(socket)
        try:
            async with self._seated(name, seat):
                relay = asyncio.create_task(self._relay(name, seat))
                try:
                    await self._listen(seat)
                finally:
                    relay.cancel()
                    await asyncio.gather(relay, return_exceptions=True)
        except Refused as refusal:
            await seat.tell({"kind": "refused", "message": str(refusal)})
            await socket.close(1008)
        except WebSocketDisconnect:
            pass
        finally:
            await seat.hang_up()

    @asynccontextmanager
    async def _seated(self, name: str, seat: Seat) -> AsyncIterator[None]:
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
            yield
        finally:
            self._rooms[name] = left = [other for other in self._rooms[name] if other is not seat]
            if left:
                await self._news(left)
            else:
                del self._rooms[name]

    async def _news(self, seats: list[Seat]) -> None:
        for seat in seats:
            await seat.tell({"kind": "room", "people": len(seats), "webrtc": available()})

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
                seat.take(frame)
                continue
            wish = _wish(message.get("text") or "")
            seat.target = wish.get("target", seat.target)
            if "ping" in wish:
                await seat.tell({"kind": "pong", "ping": wish["ping"]})
            if "offer" in wish:
                await seat.connect(wish["offer"])

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
                await seat.tell({"kind": "refused", "message": str(error)})
                continue
            held = round(1000 * (time.perf_counter() - arrived), 1)
            await seat.tell({"kind": "done", "bytes": len(frame), "held": held, **told})
            await other.show(result)


def _wish(text: str) -> dict[str, Any]:
    """What a message asks for: frames of another size, an answer at once, to tell the delay, or WebRTC."""
    try:
        wish = json.loads(text)
    except ValueError:
        wish = None
    if isinstance(wish, dict) and wish.keys() <= {"target", "ping", "offer"}:
        target, ping, offer = wish.get("target", 720), wish.get("ping", 0), wish.get("offer", "")
        fine = isinstance(offer, str) and len(offer) <= _LONGEST_OFFER
        if fine and target in TARGETS and isinstance(ping, int) and 0 <= ping < 1 << 31:
            return wish
    raise Refused(422, f'expected a wish such as {{"target": 720}}, among {TARGETS}, got another message')
