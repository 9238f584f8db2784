"""What the server answers when it cannot do what it was asked: a status, a name, and words for people."""

from __future__ import annotations

import os
import re

from nitido import errors as sdk
from nitido_demo.settings import Settings


class Refused(Exception):
    """A request that gets ``status``; the message says what was expected, what was got, and the way out."""

    def __init__(self, status: int, message: str, *, error: str = "", retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error = error or _NAMES.get(status, "Refused")
        self.retry_after = retry_after


_NAMES = {
    400: "BadRequest",
    401: "TokenNeeded",
    403: "ForeignPage",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "TooSlow",
    409: "Conflict",
    411: "LengthWrong",
    413: "TooLarge",
    415: "WrongType",
    421: "UnknownHost",
    422: "InvalidOption",
    429: "Busy",
    500: "ServerError",
    503: "Unavailable",
}

_STATUS: dict[type[sdk.NitidoError], int] = {
    sdk.NotAPhoto: 415,
    sdk.PhotoUnsupported: 415,
    sdk.PhotoTooLarge: 413,
    sdk.PhotoError: 422,
    sdk.NotAClip: 415,
    sdk.ClipUnsupported: 415,
    sdk.ClipError: 422,
    sdk.InvalidOption: 422,
    sdk.DestinationExists: 409,
    sdk.WriteError: 409,
}
"""Status of the sdk's errors; the first class that fits counts. All others are the server's fault."""


def refusal_of(error: sdk.NitidoError, settings: Settings) -> Refused:
    """The answer to an error of the sdk; its name stays, so that ``nitido.Remote`` can raise it again."""
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)
    return Refused(status, words_of(error, settings), error=type(error).__name__)


def words_of(error: Exception, settings: Settings) -> str:
    """What an error says, without where the server keeps its files: clients gave them no names."""
    told = re.sub(re.escape(f"{settings.state}{os.sep}") + r"[^\s:;,'\")]*", "the file", str(error))
    return told.replace(f"{settings.photos}{os.sep}", "")
