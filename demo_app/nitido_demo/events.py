"""News for pages that listen: what became of jobs and of the scan, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

_WAITING = 256
"""Events that a slow listener may be behind; then it loses the oldest, and asks for the state anyway."""
_HEARTBEAT = 15.0
"""Seconds after which a silent line says that it lives, so that broken ones are noticed."""


class Events:
    """From any thread to every listener."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[asyncio.Queue[str]] = set()
        self._closed = False

    def start(self) -> None:
        """To be called in the loop that listeners run in."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """End all listeners, so that the server can stop."""
        self._closed = True
        self.tell("bye", {})

    def tell(self, kind: str, data: dict[str, Any]) -> None:
        """Send an event to all who listen; nobody need."""
        text = f"event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._send, text)

    def _send(self, text: str) -> None:
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(text)

    async def listen(self) -> AsyncIterator[str]:
        """Lines of an event stream, until the listener or the server goes."""
        queue: asyncio.Queue[str] = asyncio.Queue(_WAITING)
        self._listeners.add(queue)
        try:
            yield "retry: 2000\n\n"
            while not self._closed:
                try:
                    yield await asyncio.wait_for(queue.get(), _HEARTBEAT)
                except TimeoutError:
                    yield ": alive\n\n"
        finally:
            self._listeners.discard(queue)
