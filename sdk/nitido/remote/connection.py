"""The line to a server: one way to ask, and errors of the sdk for all that can go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nitido import errors
from nitido.errors import InvalidOption, NitidoError, RemoteRefused, RemoteUnavailable, RuntimeUnavailable

if TYPE_CHECKING:
    import httpx


class Connection:
    """Asks one server; certificates are verified, and every request ends within ``timeout`` seconds."""

    def __init__(self, url: str, token: str | None, timeout: float, certificates: str | None) -> None:
        """Raises InvalidOption, RuntimeUnavailable."""
        self.url = url
        self._client = _client(url, token, timeout, certificates)

    def close(self) -> None:
        """Close it."""
        self._client.close()

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
    try:
        return httpx.Client(base_url=url, headers=headers, timeout=timeout, verify=trusted)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise InvalidOption(f"expected an address and a token in ASCII, got {url!r}: {error}") from error


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
