"""``Remote``: a trigger and a restorer that run on a server (source: T10), callable like local ones."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nitido import errors
from nitido.errors import InvalidOption, NitidoError, RemoteRefused, RemoteUnavailable, RuntimeUnavailable
from nitido.photo.model import Pixels
from nitido.tensors import check_pixels
from nitido.trigger import Improvability

if TYPE_CHECKING:
    import httpx

    from nitido.enhancer import Enhancer
    from nitido.restorer import Strength

_POLL = 0.1, 1.0
"""Seconds between two looks at a job: at first, and at most."""


class Remote:
    """A server of the demo app: ``remote.trigger`` and ``remote.restore`` are drop-ins for the local ones.

    Pixels travel as PNG, so that nothing is lost on the way; metadata never leave the device. Certificates
    are verified, and every request ends within ``timeout``. Close it, or use it in a ``with`` statement.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout: float = 30.0,
        work_timeout: float = 600.0,
        certificates: str | None = None,
    ) -> None:
        """Ask the server what it is.

        ``timeout`` bounds each request and ``work_timeout`` an enhancement, in seconds; ``certificates`` is a
        file of authorities to trust instead of the usual ones. Raises InvalidOption, RuntimeUnavailable,
        RemoteUnavailable, RemoteRefused.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidOption(f"expected the address of a server, as in https://host:8765, got {url!r}")
        if not (0 < timeout < float("inf") and 0 < work_timeout < float("inf")):
            raise InvalidOption(f"expected timeouts above 0 seconds, got {timeout} and {work_timeout}")
        self.url = f"{parts.scheme}://{parts.netloc}"
        self._work_timeout = work_timeout
        self._client = _client(self.url, token, timeout, certificates)
        try:
            about = self.ask("GET", "/api/about").json()
            self.trigger = RemoteTrigger(self, about["trigger"])
            self.restore = RemoteRestorer(self, about["restorer"], work_timeout)
        except (KeyError, TypeError, ValueError) as error:
            self.close()
            raise RemoteRefused(
                f"expected a Nitido server at {self.url}, got another answer ({error}); check the address"
            ) from error
        except NitidoError:
            self.close()
            raise

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def enhancer(self, *, threshold: float | None = None) -> Enhancer:
        """An ``Enhancer`` of which both parts run on the server."""
        from nitido.enhancer import Enhancer

        return Enhancer(self.trigger, self.restore, threshold=threshold)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        query: Mapping[str, str | float] | None = None,
    ) -> httpx.Response:
        """One request. Raises the server's own NitidoError where it has one, else the Remote errors."""
        import httpx

        headers = {"content-type": "image/png"} if body is not None else {}
        try:
            answer = self._client.request(method, path, content=body, params=query, headers=headers)
        except httpx.TimeoutException as error:
            raise RemoteUnavailable(
                f"expected {self.url} to answer in time, got nothing; try again, or raise timeout="
            ) from error
        except httpx.HTTPError as error:
            raise RemoteUnavailable(
                f"expected a server at {self.url}, got: {error or type(error).__name__}; check the address, "
                "that the server runs, and its certificate"
            ) from error
        if answer.is_success:
            return answer
        raise _error_of(answer, self.url)


class RemoteTrigger:
    """Callable on pixels, as ``nitido.Trigger`` is."""

    def __init__(self, remote: Remote, about: Mapping[str, Any]) -> None:
        self._remote = remote
        self.id = str(about["id"])
        """An index of scores is keyed by it: that of the same trigger on the device."""
        self.enhancer_id = str(about["enhancer"])
        self.threshold = float(about["threshold"])
        self.thresholds = {str(name): float(line) for name, line in about["thresholds"].items()}
        self.info = f"{about['runtime']} at {remote.url}"

    def __call__(self, pixels: Pixels) -> Improvability:
        """What the server's trigger says. Raises as ``Remote.ask`` does."""
        check_pixels(pixels)
        found = self._remote.ask("POST", "/api/assess", body=_png(pixels)).json()
        factors = {str(name): float(gain) for name, gain in found["factors"].items()}
        return Improvability.judged(
            float(found["score"]), factors, bool(found["recommended"]), self.thresholds
        )


class RemoteRestorer:
    """Callable on pixels and strengths, as ``nitido.Restorer`` is."""

    takes_16_bits = False
    """A 16-bit photo's upper half goes to the server; the rest is added when it is back."""

    def __init__(self, remote: Remote, about: Mapping[str, Any], work_timeout: float) -> None:
        self._remote = remote
        self._work_timeout = work_timeout
        self.id = str(about["id"])
        self.factors = tuple(str(factor) for factor in about["factors"])
        self.info = f"{about['runtime']} at {remote.url}"

    def __call__(self, pixels: Pixels, strength: Strength = 1.0) -> Pixels:
        """The restored photo, same shape; with every strength at 0 the photo itself.

        Raises as ``Remote.ask`` does, RemoteRefused for a job that failed, InvalidOption.
        """
        strengths = self._strengths(strength)
        if not any(strengths.values()):
            return pixels
        check_pixels(pixels)
        job = self._remote.ask("POST", "/api/enhance", body=_png(pixels), query=strengths).json()
        self._wait(str(job["id"]))
        answer = self._remote.ask("GET", f"/api/jobs/{job['id']}/result")
        restored = _pixels(answer.content)
        if restored.shape != pixels.shape:
            raise RemoteRefused(f"expected a result of shape {pixels.shape}, got {restored.shape}")
        return restored

    def _wait(self, job: str) -> None:
        pause, most = _POLL
        end = time.monotonic() + self._work_timeout
        while True:
            state = self._remote.ask("GET", f"/api/jobs/{job}").json()
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


def _client(url: str, token: str | None, timeout: float, certificates: str | None) -> httpx.Client:
    try:
        import ssl

        import httpx
    except ImportError as error:
        raise RuntimeUnavailable("expected the package httpx; pip install 'nitido[remote]'") from error
    headers = {"authorization": f"Bearer {token}"} if token else {}
    try:
        trusted: ssl.SSLContext | bool = (
            True if certificates is None else ssl.create_default_context(cafile=certificates)
        )
    except OSError as error:
        raise InvalidOption(f"expected a file of certificates, got {certificates}: {error}") from error
    return httpx.Client(base_url=url, headers=headers, timeout=timeout, verify=trusted)


def _error_of(answer: httpx.Response, url: str) -> NitidoError:
    try:
        told = answer.json()
        name, message = str(told["error"]), str(told["message"])
    except (ValueError, KeyError, TypeError):
        name, message = "", f"status {answer.status_code}"
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, NitidoError):
        return kind(message)
    if answer.status_code in (429, 502, 503, 504):
        return RemoteUnavailable(f"{url} is busy: {message}")
    return RemoteRefused(f"{url} refuses: {message}")


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
