"""The report of an enhancing run: one HTML page that needs nothing else, before and after side by side."""

from __future__ import annotations

import base64
import filecmp
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from PIL import Image

from nitido.batch import FileReport
from nitido.errors import NitidoError
from nitido.photo.atomic import atomic_write
from nitido.photo.read import read_photo

_SIDE = 1280
"""Longest side of an embedded picture: sharp on a phone, and a page of fifty photos stays below 40 MB."""


def write_report(rows: Sequence[FileReport], path: str | Path, *, pictures: int = 100) -> Path:
    """Write the page, best scores first, and return its path; an earlier report there is replaced.

    Only the first ``pictures`` photos are shown, the others listed. Raises WriteError.
    """
    path = Path(path)
    rows = sorted(rows, key=lambda row: (-row.details.get("score", float("-inf")), str(row.source)))
    page = Template(files("nitido").joinpath("report.html").read_text(encoding="utf-8"))
    head, tail = page.substitute(title="Photos worth enhancing", summary=escape(_summary(rows))).split(
        "<!-- cards -->"
    )
    with atomic_write(path, overwrite=True) as file:
        file.write(head.encode())
        for card in _cards(rows, pictures):
            file.write(card.encode("utf-8", "backslashreplace"))
        file.write(tail.encode())
    return path


def _summary(rows: Sequence[FileReport]) -> str:
    counts = Counter(row.status for row in rows)
    told = ", ".join(f"{number} {status}" for status, number in counts.most_common())
    runtimes = dict.fromkeys(str(row.details["runtime"]) for row in rows if "runtime" in row.details)
    return f"{len(rows)} photos: {told or 'none'}." + (f" Ran on {'; '.join(runtimes)}." if runtimes else "")


def _cards(rows: Sequence[FileReport], pictures: int) -> Iterator[str]:
    most = max((abs(value) for row in rows for value in row.details.get("factors", {}).values()), default=0.0)
    for number, row in enumerate(rows):
        picture = _picture(row) if number < pictures else ""
        yield f'<article>\n{picture}<div class="words">{_words(row, most)}</div>\n</article>\n'


def _words(row: FileReport, most: float) -> str:
    details = row.details
    score = f'<span class="score">{details["score"]:+.2f}</span>' if "score" in details else ""
    chip = f'<span class="chip {row.status.replace(" ", "-")}">{row.status}</span>'
    lines = [f'<div class="head">{score}<h2>{escape(row.source.name)}</h2>{chip}</div>']
    lines.append(f"<p>{escape(row.reason)}</p>")
    if details.get("factors"):
        lines.append(
            "<dl>" + "".join(_bar(name, value, most) for name, value in details["factors"].items()) + "</dl>"
        )
    lines.append(f'<p class="quiet">{escape(_how(details))}</p>')
    return "\n".join(lines)


def _bar(factor: str, value: float, most: float) -> str:
    width = 100 * max(value, 0.0) / most if most else 0.0
    return (
        f'<dt>{escape(factor)}</dt><dd><div class="track"><span style="width:{width:.0f}%"></span></div></dd>'
        f'<dd class="value">{value:+.2f}</dd>'
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
        before = _small(row.source)
        changed = row.destination.is_file() and not filecmp.cmp(row.source, row.destination, shallow=False)
        after = _small(row.destination) if changed else None
    except (NitidoError, OSError):
        return ""
    name = escape(row.source.name, quote=True)
    if after is None:
        return f'<div class="single" style="max-width:{_shown(before)}px">{_image(before, name, "")}</div>\n'
    before = before.resize(after.size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    return (
        f'<div class="pair" style="max-width:{_shown(after)}px">\n'
        f"{_image(before, f'{name}, original', 'before')}\n{_image(after, f'{name}, enhanced', 'after')}\n"
        '<span class="tag left">before</span><span class="tag right">after</span>\n'
        '<input type="range" min="0" max="100" value="50" '
        f'aria-label="{name}: percent of the original shown">\n'
        "</div>\n"
    )


def _small(path: Path) -> Image.Image:
    photo = read_photo(path)
    image = Image.fromarray(photo.pixels)
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    if photo.metadata.icc_profile:
        image.info["icc_profile"] = photo.metadata.icc_profile
    return image


def _shown(image: Image.Image) -> int:
    return max(image.width, 480)


def _image(image: Image.Image, text: str, kind: str) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88, subsampling=0, icc_profile=image.info.get("icc_profile"))
    data = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<img class="{kind}" alt="{text}" width="{image.width}" height="{image.height}" loading="lazy" '
        f'src="data:image/jpeg;base64,{data}">'
    )
