"""The trigger and the restorer of a server, callable like those of this device."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nitido.errors import InvalidOption, RemoteRefused, RemoteUnavailable
from nitido.photo.model import Pixels
from nitido.remote.connection import Connection
from nitido.tensors import check_pixels
from nitido.trigger import Improvability

if TYPE_CHECKING:
    from nitido.restorer import Strength

_POLL = 0.1, 1.0
"""Seconds between two looks at a job: at first, and at most."""


class RemoteTrigger:
    """Callable on pixels, as ``nitido.Trigger`` is."""

    def __init__(self, connection: Connection, about: Mapping[str, Any]) -> None:
        self._connection = connection
        self.id = str(about["id"])
        """An index of scores is keyed by it: that of the same trigger on the device."""
        self.enhancer_id = str(about["enhancer"])
        self.threshold = float(about["threshold"])
        self.thresholds = {str(name): float(line) for name, line in about["thresholds"].items()}
        self.info = f"{about['runtime']} at {connection.url}"

    def __call__(self, pixels: Pixels) -> Improvability:
        """What the server's trigger says. Raises as ``Connection.ask`` does."""
        check_pixels(pixels)
        found = self._connection.ask("POST", "/api/assess", body=_png(pixels)).json()
        factors = {str(name): float(gain) for name, gain in found["factors"].items()}
        return Improvability.judged(
            float(found["score"]), factors, bool(found["recommended"]), self.thresholds
        )


class RemoteRestorer:
    """Callable on pixels and strengths, as ``nitido.Restorer`` is."""

    takes_16_bits = False
    """A 16-bit photo's upper half goes to the server; the rest is added when it is back."""

    def __init__(self, connection: Connection, about: Mapping[str, Any], work_timeout: float) -> None:
        self._connection = connection
        self._work_timeout = work_timeout
        self.id = str(about["id"])
        self.factors = tuple(str(factor) for factor in about["factors"])
        self.info = f"{about['runtime']} at {connection.url}"

    def __call__(self, pixels: Pixels, strength: Strength = 1.0) -> Pixels:
        """The restored photo, same shape; with every strength at 0 the photo itself.

        Raises as ``Connection.ask`` does, RemoteRefused for a job that failed, InvalidOption.
        """
        strengths = self._strengths(strength)
        if not any(strengths.values()):
            return pixels
        check_pixels(pixels)
        job = self._connection.ask("POST", "/api/enhance", body=_png(pixels), query=strengths).json()
        self._wait(str(job["id"]))
        answer = self._connection.ask("GET", f"/api/jobs/{job['id']}/result")
        restored = _pixels(answer.content)
        if restored.shape != pixels.shape:
            raise RemoteRefused(f"expected a result of shape {pixels.shape}, got {restored.shape}")
        return restored

    def _wait(self, job: str) -> None:
        pause, most = _POLL
        end = time.monotonic() + self._work_timeout
        while True:
            state = self._connection.ask("GET", f"/api/jobs/{job}").json()
            if state["state"] == "done":
                return
            if state["state"] in ("failed", "cancelled"):
                raise RemoteRefused(f"the server could not enhance the photo: {state['message']}")
            if time.monotonic() > end:
                raise RemoteUnavailable(
                    f"expected a result within {self._work_timeout:g} s, got none; raise work_timeout="
                )
            time.sleep(pause)
            pause = min(most, 1.5 * pause)

    def _strengths(self, strength: Strength) -> dict[str, float]:
        wanted = dict(strength) if isinstance(strength, Mapping) else dict.fromkeys(self.factors, strength)
        unknown = sorted(set(wanted) - set(self.factors))
        if unknown:
            raise InvalidOption(f"expected factors among {', '.join(self.factors)}, got {', '.join(unknown)}")
        if not all(0 <= value <= 1 for value in wanted.values()):
            raise InvalidOption(f"expected strengths from 0 to 1, got {strength}")
        return {name: float(value) for name, value in wanted.items()}


def _png(pixels: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _pixels(data: bytes) -> Pixels:
    from PIL import PngImagePlugin

    try:
        with PngImagePlugin.PngImageFile(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise RemoteRefused(f"expected a PNG as the result, got something else ({error})") from error
