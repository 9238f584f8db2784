"""The application: routes made from the table of operations, the page's files, and one way to fail."""

from __future__ import annotations

import contextlib
import inspect
import logging
import mimetypes
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import anyio.to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Match, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from nitido.errors import NitidoError
from nitido_demo.answers import as_json, refused
from nitido_demo.api import OPERATIONS
from nitido_demo.errors import Refused, refusal_of, words_of
from nitido_demo.guard import Guard
from nitido_demo.house import House
from nitido_demo.models import STATIC, model_files
from nitido_demo.openapi import document
from nitido_demo.operations import Call, Operation
from nitido_demo.settings import Settings
from nitido_demo.uploads import drain

_LOG = logging.getLogger("nitido_demo")
_TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm",
          ".webmanifest": "application/manifest+json"}  # fmt: skip
_THREADS = 80
"""More than may upload at once, so that pages are answered while uploads wait for their turn."""
_FOREVER = {"cache-control": "public, max-age=31536000, immutable"}


def create(settings: Settings) -> Starlette:
    """The ASGI application; its lifespan starts and stops the work behind it."""
    house = House(settings)
    for suffix, kind in _TYPES.items():
        mimetypes.add_type(kind, suffix)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
        house.start()
        try:
            yield
        finally:
            await run_in_threadpool(house.stop)

    described = document(OPERATIONS)

    def openapi(request: Request) -> Response:
        return as_json(described)

    def wasm(request: Request) -> Response:
        """Looked at again each time, as the page's other files are."""
        file = house.unpacked.file(f"{request.path_params['name']}.wasm")
        return FileResponse(file, headers={"cache-control": "no-cache"}, media_type=_TYPES[".wasm"])

    app = Starlette(
        routes=[
            *(_route(house, operation) for operation in OPERATIONS),
            Route("/openapi.json", openapi),
            Route("/models/{path:path}", _model),
            Route("/vendor/{name}.wasm", wasm),
            WebSocketRoute("/live/{room}", house.live.call),
            Mount("/", _Page(directory=STATIC, html=True)),
        ],
        middleware=[Middleware(Guard, settings=settings)],
        exception_handlers={Refused: _refuse, HTTPException: _refuse_http, Exception: _fail},
        lifespan=lifespan,
    )
    app.state.house = house
    return app


def _route(house: House, operation: Operation) -> Route:
    """Its requests are checked before the handler sees them."""

    async def endpoint(request: Request) -> Response:
        try:
            return await _answered(house, operation, request)
        except NitidoError as error:
            refusal = refusal_of(error, house.settings)
            if refusal.status == 500:
                raise
        except Refused as error:
            refusal = error
        if operation.body is not None:
            await drain(request)
        return refused(refusal)

    return Route(operation.path, endpoint, methods=[operation.method], name=operation.name)


async def _answered(house: House, operation: Operation, request: Request) -> Response:
    call = partial(Call, request, operation.values(request))
    if operation.body is None:
        return await _handled(house, operation, call())
    if isinstance(operation.body, str):
        async with house.uploads.file(request, operation.body) as file:
            return await _handled(house, operation, call(file=file))
    return await _handled(house, operation, call(json=await house.uploads.json(request, operation.body)))


async def _handled(house: House, operation: Operation, call: Call) -> Response:
    if inspect.iscoroutinefunction(operation.handler):
        answer: Any = await operation.handler(house, call)
    else:
        answer = await run_in_threadpool(operation.handler, house, call)
    return answer if isinstance(answer, Response) else as_json(answer)


def _model(request: Request) -> Response:
    """A file of a bundle that the page runs; nothing else of the bundle's folder."""
    file = model_files().get(request.path_params["path"])
    if file is None:
        raise Refused(404, "there is no such model file; /api/about lists them")
    return FileResponse(file, headers=_FOREVER)


class _Page(StaticFiles):
    """The page's files; a browser asks every time whether they are still the same."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """As ``StaticFiles`` does."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        return response


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return refused(error)


async def _refuse_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {404: "there is nothing at this address", 405: "this address does not take such a request"}
    methods = _methods(request)
    status = 405 if methods and request.method not in methods else error.status_code
    answer = refused(Refused(status, words.get(status, error.detail)))
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    if methods:  # each of a path is a route of its own, and the page's files are asked last
        answer.headers["allow"] = ", ".join(sorted(methods))
    return answer


def _methods(request: Request) -> set[str]:
    """What the address takes."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    return {
        method
        for route in routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


async def _fail(request: Request, error: Exception) -> Response:
    """What the server itself did wrong: its log has the details, the answer has none."""
    message = "something went wrong in the server; its log says what"
    if isinstance(error, NitidoError):
        message = words_of(error, request.app.state.house.settings)
    return refused(Refused(500, message))
