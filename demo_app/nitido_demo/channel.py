"""Frames over WebRTC, where aiortc is installed: a data channel, on which a lost frame holds up none."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from nitido_demo.errors import Refused

PIECE = 16_000
"""Bytes of a frame that go into one message; browsers and aiortc take 65,536."""
_HEAD = struct.Struct(">HBB")
"""Before each piece: the frame's number, the piece's, and how many there are."""
_PATIENCE = 10.0
"""Seconds that finding addresses may take."""


def available() -> bool:
    """Whether aiortc is installed."""
    return find_spec("aiortc") is not None


def pieces(number: int, frame: bytes) -> list[bytes]:
    """The messages that carry a frame of at most 255 pieces."""
    parts = [frame[start : start + PIECE] for start in range(0, len(frame), PIECE)]
    return [_HEAD.pack(number % 65536, index, len(parts)) + part for index, part in enumerate(parts)]


class Joining:
    """Pieces back to frames; one that lacks a piece is left out."""

    def __init__(self) -> None:
        self._number = -1
        self._parts: list[bytes] = []

    def add(self, message: object) -> bytes | None:
        """The frame that is complete with this message."""
        if not isinstance(message, bytes) or len(message) <= _HEAD.size:
            return None
        number, index, count = _HEAD.unpack_from(message)
        if number != self._number:
            self._number, self._parts = number, []
        if index != len(self._parts):
            return None
        self._parts.append(message[_HEAD.size :])
        return b"".join(self._parts) if len(self._parts) == count else None


class Channel:
    """One side's connection, answered here; no server elsewhere is asked for addresses."""

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        from aiortc import RTCConfiguration, RTCPeerConnection

        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._peer.on("datachannel", self._opened)
        self._heard = heard
        self._joining = Joining()
        self._channel: Any = None
        self._sent = 0

    async def answer(self, offer: str) -> str:
        """What to send back for a browser's offer, both as SDP. Raises Refused."""
        from aiortc import RTCSessionDescription

        try:
            async with asyncio.timeout(_PATIENCE):
                await self._peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
                if self._peer.sctp is None or self._peer.getTransceivers():
                    raise ValueError("no data channel, or more than that")
                await self._peer.setLocalDescription(await self._peer.createAnswer())
        except TimeoutError:
            raise Refused(408, "no address for WebRTC was found in time; frames stay on the socket") from None
        except Exception as error:  # aiortc names none: whatever its parser stumbles over
            raise Refused(422, "expected an offer of WebRTC with a data channel, got another text") from error
        return str(self._peer.localDescription.sdp)

    def send(self, frame: bytes) -> bool:
        """Send a frame, or leave it out while another is on its way; False where nothing is open."""
        if self._channel is None or self._channel.readyState != "open":
            return False
        if self._channel.bufferedAmount <= len(frame):
            self._sent += 1
            for piece in pieces(self._sent, frame):
                self._channel.send(piece)
        return True

    async def close(self) -> None:
        """End it."""
        await self._peer.close()

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        channel.on("message", self._received)

    def _received(self, message: object) -> None:
        frame = self._joining.add(message)
        if frame is not None:
            self._heard(frame)
