"""The report of an enhancing run: before and after of every photo side by side."""

from __future__ import annotations

import filecmp
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from nitido.batch import FileReport
from nitido.errors import NitidoError
from nitido.page import bars, embedded, heading, largest, small, write_page

_SIDE = 1280
"""Longest side of an embedded picture: sharp on a phone, and a page of fifty photos stays below 40 MB."""


def write_report(rows: Sequence[FileReport], path: str | Path, *, pictures: int = 100) -> Path:
    """Write the page, best scores first, and return its path; an earlier report there is replaced.

    Only the first ``pictures`` photos are shown, the others listed. Raises WriteError.
    """
    rows = sorted(rows, key=lambda row: (-row.details.get("score", float("-inf")), str(row.source)))
    return write_page(
        path,
        title="Photos worth enhancing",
        summary=_summary(rows),
        note="Drag a picture, or focus it and use the arrow keys: "
        "original on the left, enhanced on the right.",
        cards=_cards(rows, pictures),
    )


def _summary(rows: Sequence[FileReport]) -> str:
    counts = Counter(row.status for row in rows)
    told = ", ".join(f"{number} {status}" for status, number in counts.most_common())
    runtimes = dict.fromkeys(str(row.details["runtime"]) for row in rows if "runtime" in row.details)
    return f"{len(rows)} photos: {told or 'none'}." + (f" Ran on {'; '.join(runtimes)}." if runtimes else "")


def _cards(rows: Sequence[FileReport], pictures: int) -> Iterator[str]:
    most = largest(row.details.get("factors", {}) for row in rows)
    for number, row in enumerate(rows):
        picture = _picture(row) if number < pictures else ""
        yield f'<article>\n{picture}<div class="words">{_words(row, most)}</div>\n</article>\n'


def _words(row: FileReport, most: float) -> str:
    details = row.details
    return "\n".join(
        (
            heading(details.get("score"), escape(row.source.name), row.status),
            f"<p>{escape(row.reason)}</p>",
            bars(details.get("factors", {}), most),
            f'<p class="quiet">{escape(_how(details))}</p>',
        )
    )


def _how(details: dict[str, Any]) -> str:
    size = f"{details['width']} x {details['height']} pixels. " if "width" in details else ""
    timings = ", ".join(
        f"{step} {1000 * seconds:.0f} ms" for step, seconds in details.get("timings", {}).items()
    )
    return size + (f"{timings}. " if timings else "") + str(details.get("runtime", ""))


def _picture(row: FileReport) -> str:
    """Two pictures under a slider, or one where nothing changed; none where a file cannot be read."""
    try:
        before = small(row.source, _SIDE)
        changed = row.destination.is_file() and not filecmp.cmp(row.source, row.destination, shallow=False)
        after = small(row.destination, _SIDE) if changed else None
    except (NitidoError, OSError):
        return ""
    name = escape(row.source.name, quote=True)
    if after is None:
        return (
            f'<div class="single" style="max-width:{_shown(before)}px">{embedded(before, name, "")}</div>\n'
        )
    before = before.resize(after.size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    return (
        f'<div class="pair" style="max-width:{_shown(after)}px">\n'
        f"{embedded(before, f'{name}, original', 'before')}\n"
        f"{embedded(after, f'{name}, enhanced', 'after')}\n"
        '<span class="tag left">before</span><span class="tag right">after</span>\n'
        '<input type="range" min="0" max="100" value="50" '
        f'aria-label="{name}: percent of the original shown">\n'
        "</div>\n"
    )


def _shown(image: Image.Image) -> int:
    return max(image.width, 480)
