"""The page of suggestions: each photo small, why it is suggested, its gains, and a link to its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from nitido.errors import NitidoError
from nitido.page import bars, embedded, heading, largest, small, write_page
from nitido.suggestion import Suggestion

_SIDE = 320
"""Longest side of a picture: a page of two hundred stays below 10 MB."""


def write_suggestions(
    suggestions: Sequence[Suggestion], path: str | Path, *, summary: str, pictures: int = 200
) -> Path:
    """Write the page, in the order given, and return its path; an earlier page there is replaced.

    Only the first ``pictures`` photos are shown, the others listed: a page stays small, whatever the gallery.
    The suggestions must be of files. Raises WriteError.
    """
    return write_page(
        path,
        title="Photos worth enhancing",
        summary=summary,
        note="A name leads to the photo where it lies.",
        cards=_cards(suggestions, pictures),
    )


def _cards(suggestions: Sequence[Suggestion], pictures: int) -> Iterator[str]:
    most = largest(suggestion.improvability.factors for suggestion in suggestions)
    for number, suggestion in enumerate(suggestions):
        assert suggestion.path is not None
        link = escape(suggestion.path.resolve().as_uri(), quote=True)
        picture = _picture(suggestion.path, link) if number < pictures else ""
        yield f'<article class="row">\n{picture}{_words(suggestion, suggestion.path, link, most)}</article>\n'


def _words(suggestion: Suggestion, path: Path, link: str, most: float) -> str:
    found = suggestion.improvability
    name = f'<a href="{link}">{escape(path.name)}</a>'
    return (
        f'<div class="words">{heading(found.score, name, suggestion.action or "leave alone")}\n'
        f"<p>{escape(suggestion.reason)}</p>\n{bars(found.factors, most)}\n"
        f'<p class="quiet">{escape(str(path.parent))}</p></div>\n'
    )


def _picture(path: Path, link: str) -> str:
    """Empty where the file is gone or damaged meanwhile."""
    try:
        image = small(path, _SIDE)
    except (NitidoError, OSError):
        return ""
    return f'<a class="thumb" href="{link}">{embedded(image, escape(path.name, quote=True), "")}</a>\n'
