"""One side of a call: what it sends, what it wants to see, and how frames reach it."""

from __future__ import annotations

import asyncio
import io
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image
from starlette.websockets import WebSocket, WebSocketDisconnect

import nitido
from nitido_demo.channel import Channel, available
from nitido_demo.errors import Refused

_MOST_PIXELS = 1280 * 1280
_QUALITY = 85


@dataclass(eq=False)
class Seat:
    """A browser with its socket and, where both have WebRTC, a channel beside it, which frames then take."""

    socket: WebSocket
    target: int = 720
    """The shorter side of what this side wants to see."""
    frame: tuple[bytes, float] | None = None
    """The newest that this side has sent, and when; one that is not looked at in time is replaced."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    upscaler: nitido.VideoUpscaler | None = None
    """Of what this side sends, to the other side's target."""
    channel: Channel | None = None

    def take(self, frame: bytes) -> None:
        """This side has sent a frame."""
        self.frame = frame, time.perf_counter()
        self.arrived.set()

    async def tell(self, news: dict[str, Any]) -> None:
        """Send news to this side, which may have gone."""
        with suppress(RuntimeError, WebSocketDisconnect):
            await self.socket.send_text(json.dumps(news))

    async def show(self, frame: bytes) -> None:
        """Send a frame to this side, which may have gone."""
        if self.channel is None or not self.channel.send(frame):
            with suppress(RuntimeError, WebSocketDisconnect):
                await self.socket.send_bytes(frame)

    async def connect(self, offer: str) -> None:
        """Answer an offer of WebRTC; without an answer, frames stay on the socket."""
        await self.hang_up()
        answer: dict[str, Any] = {"answer": None}
        try:
            if not available():
                raise Refused(409, "this server has no aiortc, so that frames stay on the socket")
            self.channel = Channel(self.take)
            answer["answer"] = await self.channel.answer(offer)
        except Refused as refusal:
            answer["message"] = str(refusal)
            await self.hang_up()
        await self.tell({"kind": "answer", **answer})

    async def hang_up(self) -> None:
        """End the channel, if there is one."""
        if self.channel is not None:
            channel, self.channel = self.channel, None
            await channel.close()

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
