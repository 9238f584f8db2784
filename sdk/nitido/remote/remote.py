"""``Remote``: a server of the demo app, whose trigger and restorer are drop-ins for the local ones."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nitido.errors import InvalidOption, NitidoError, RemoteRefused
from nitido.remote.connection import Connection
from nitido.remote.parts import RemoteRestorer, RemoteTrigger

if TYPE_CHECKING:
    from nitido.enhancer import Enhancer


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
        self._connection = Connection(self.url, token, timeout, certificates)
        try:
            about = self._connection.ask("GET", "/api/about").json()
            self.trigger = RemoteTrigger(self._connection, about["trigger"])
            self.restore = RemoteRestorer(self._connection, about["restorer"], work_timeout)
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
        self._connection.close()

    def enhancer(self, *, threshold: float | None = None) -> Enhancer:
        """An ``Enhancer`` of which both parts run on the server."""
        from nitido.enhancer import Enhancer

        return Enhancer(self.trigger, self.restore, threshold=threshold)
