"""Who may ask, from where: hosts, the token, other sites' pages; and the headers that confine the page."""

from __future__ import annotations

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nitido_demo.answers import refused
from nitido_demo.errors import Refused
from nitido_demo.settings import LOOPBACK, Settings

COOKIE = "nitido_token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    # Both together give the page shared memory, with which WebAssembly runs on several threads.
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it before anything of it is read."""
        if scope["type"] == "websocket":
            await self._open(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                message["headers"] = headers.raw
            await send(message)

        headers = Headers(scope=scope)
        try:
            self._check_host(headers)
            self._check_token(scope, headers)
            self._check_origin(scope["method"], headers)
        except Refused as refusal:
            entering = self._entering(scope)
            answer = entering if entering is not None and refusal.status == 401 else refused(refusal)
            await answer(scope, receive, sending)
            return
        await self._app(scope, receive, sending)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open a socket for whoever may change something: cookies ride along here too."""
        headers = Headers(scope=scope)
        try:
            self._check_host(headers)
            self._check_token(scope, headers)
            self._check_origin("POST", headers)
        except Refused:
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._app(scope, receive, send)

    def _check_host(self, headers: Headers) -> None:
        """A page elsewhere can give its own name this machine's address; it cannot send another ``Host``."""
        if self._settings.is_local and _host(headers.get("host", "")) not in LOOPBACK:
            raise Refused(
                421, f"expected to be called {self._settings.host}, got another host; use the printed address"
            )

    def _check_token(self, scope: Scope, headers: Headers) -> None:
        token = self._settings.token
        if token is None or _same(token, _bearer(headers)) or _same(token, _cookie(headers)):
            return
        raise Refused(
            401,
            "expected the token that the server printed when it started, got "
            + ("a wrong one" if _bearer(headers) or _cookie(headers) else "none")
            + "; open the printed address, or send it as 'Authorization: Bearer TOKEN'",
        )

    def _entering(self, scope: Scope) -> RedirectResponse | None:
        """The printed address carries the token once; then a cookie does, which no script can read."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        given = query.pop("token", [""])[0]
        if scope["method"] != "GET" or scope["path"].startswith("/api/"):
            return None
        if self._settings.token is None or not _same(self._settings.token, given):
            return None
        rest = urlencode(query, doseq=True)
        answer = RedirectResponse("/" + (f"?{rest}" if rest else ""), 303)
        answer.set_cookie(
            COOKIE,
            given,
            httponly=True,
            samesite="strict",
            secure=scope["scheme"] == "https",
            max_age=30 * 24 * 3600,
        )
        return answer

    @staticmethod
    def _check_origin(method: str, headers: Headers) -> None:
        """Browsers say which page asks; programs do not, and carry no cookies of a browser."""
        if method in _SAFE:
            return
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        foreign = site not in (None, "same-origin", "none")
        if not foreign and origin is not None:
            foreign = urlsplit(origin).netloc != headers.get("host")
        if foreign:
            raise Refused(403, "expected a request from this app's own page, got one from another site")


def _host(value: str) -> str:
    """``localhost`` of ``localhost:8765``, ``::1`` of ``[::1]:8765``."""
    if value.startswith("["):
        return value[1:].partition("]")[0].lower()
    return value.rpartition(":")[0].lower() if ":" in value else value.lower()


def _bearer(headers: Headers) -> str:
    kind, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))
