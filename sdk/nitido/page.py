"""What the HTML pages share: one file that needs nothing else, written card by card, pictures inside it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from PIL import Image

from nitido.photo.atomic import atomic_write
from nitido.photo.read import read_photo

_SPARE = 2
"""Photos are decoded at no less than this many times the size that is shown, so that shrinking smooths."""


def write_page(path: str | Path, *, title: str, summary: str, note: str, cards: Iterable[str]) -> Path:
    """Write a page and return its path; an earlier page there is replaced. Raises WriteError.

    ``cards`` are HTML, each written before the next is made; the other texts are plain.
    """
    path = Path(path)
    page = Template(files("nitido").joinpath("page.html").read_text(encoding="utf-8"))
    words = {"title": escape(title), "summary": escape(summary), "note": escape(note)}
    head, tail = page.substitute(words).split("<!-- cards -->")
    with atomic_write(path, overwrite=True) as file:
        file.write(head.encode("utf-8", "backslashreplace"))
        for card in cards:
            file.write(card.encode("utf-8", "backslashreplace"))
        file.write(tail.encode())
    return path


def heading(score: float | None, name: str, chip: str) -> str:
    """The first line of a card: score, name (HTML) and a word on what became of the photo or should."""
    told = "" if score is None else f'<span class="score">{score:+.2f}</span>'
    return (
        f'<div class="head">{told}<h2>{name}</h2>'
        f'<span class="chip {chip.replace(" ", "-")}">{escape(chip)}</span></div>'
    )


def bars(factors: Mapping[str, float], most: float) -> str:
    """A bar for the gain of each factor, ``most`` being as wide as the card; empty without factors."""
    return f"<dl>{''.join(_bar(name, gain, most) for name, gain in factors.items())}</dl>" if factors else ""


def largest(factors: Iterable[Mapping[str, float]]) -> float:
    """The largest gain or loss of all, for ``bars``."""
    return max((abs(gain) for gains in factors for gain in gains.values()), default=0.0)


def small(path: Path, side: int) -> Image.Image:
    """A photo whose longest side is at most ``side``, with its colour profile. Raises PhotoError."""
    photo = read_photo(path, at_least=(_SPARE * side, 1))
    image = Image.fromarray(photo.pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    if photo.metadata.icc_profile:
        image.info["icc_profile"] = photo.metadata.icc_profile
    return image


def embedded(image: Image.Image, text: str, kind: str) -> str:
    """An ``img`` that carries its pixels; ``text`` is escaped, ``kind`` is its class."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88, subsampling=0, icc_profile=image.info.get("icc_profile"))
    data = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<img class="{kind}" alt="{text}" width="{image.width}" height="{image.height}" loading="lazy" '
        f'src="data:image/jpeg;base64,{data}">'
    )


def _bar(factor: str, gain: float, most: float) -> str:
    width = 100 * max(gain, 0.0) / most if most else 0.0
    return (
        f'<dt>{escape(factor)}</dt><dd><div class="track"><span style="width:{width:.0f}%"></span></div></dd>'
        f'<dd class="value">{gain:+.2f}</dd>'
    )
