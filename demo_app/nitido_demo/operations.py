"""What the API can do, as data: the routes are made from it, requests checked against it, and it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from nitido_demo.checking import Schema, from_text
from nitido_demo.errors import Refused

if TYPE_CHECKING:
    from nitido_demo.house import House

ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{16}$", "maxLength": 16}
"""Names of photos, jobs and pairs: the server's own, so that no client's text is part of a path on disk."""
IMAGE_TYPES = (
    "application/octet-stream",
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/tiff",
    "image/bmp",
    "image/gif",
    "image/avif",
    "image/heic",
    "image/heif",
)
"""What a body with a photo may call itself; what it is, its first bytes say."""

CLIP_TYPES = ("application/octet-stream", "video/mp4", "video/quicktime", "video/x-matroska", "video/webm")
"""The same for a clip."""


@dataclass(frozen=True)
class Parameter:
    """One value in the path or the query."""

    name: str
    schema: Schema
    help: str
    default: Any = None
    where: Literal["path", "query"] = "query"

    def of(self, texts: Mapping[str, str]) -> Any:
        """Its value in a request. Raises Refused."""
        if self.name not in texts:
            return self.default
        return from_text(texts[self.name], self.schema, self.name)


@dataclass(frozen=True)
class Call:
    """One request, checked: what a handler gets."""

    request: Request
    values: Mapping[str, Any]
    """Every parameter of the operation, by name."""
    json: Mapping[str, Any] = field(default_factory=dict)
    file: Path | None = None
    """The uploaded photo or clip; deleted when the handler returns, unless it has moved it."""

    @property
    def upload(self) -> Path:
        """The uploaded photo or clip."""
        if self.file is None:
            raise Refused(400, "expected a file as the body of the request, got none; send one")
        return self.file


Handler = Callable[["House", Call], Any]
"""Runs in a thread; returns a Response, or something for JSON. A coroutine function runs in the loop."""


@dataclass(frozen=True)
class Answer:
    """A successful response."""

    help: str
    status: int = 200
    schema: Schema | None = None
    type: str = "application/json"


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    handler: Handler
    summary: str
    answer: Answer
    parameters: tuple[Parameter, ...] = ()
    body: Literal["photo", "clip"] | Schema | None = None
    """A photo, a clip, an object of JSON that follows a schema, or nothing."""
    refusals: tuple[int, ...] = ()
    """Statuses of its own; those that any request can get are told once."""

    @property
    def name(self) -> str:
        """The ``operationId``."""
        return self.handler.__name__

    def values(self, request: Request) -> dict[str, Any]:
        """All parameters of a request. Raises Refused."""
        known = {parameter.name for parameter in self.parameters if parameter.where == "query"}
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            raise Refused(
                422,
                f"expected parameters among {', '.join(sorted(known)) or 'none'}, "
                f"got {', '.join(name[:40] for name in unknown[:5])}; remove it",
            )
        return {
            parameter.name: parameter.of(
                request.path_params if parameter.where == "path" else request.query_params
            )
            for parameter in self.parameters
        }


def path_id(name: str, what: str) -> Parameter:
    """An identifier in a path."""
    return Parameter(name, ID, what, where="path")


def accepted(response: Response | Any) -> bool:
    """Whether a handler made its own response."""
    return isinstance(response, Response)
