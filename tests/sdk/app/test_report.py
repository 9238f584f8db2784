"""The HTML pages: the report of a run, and the suggestions of a gallery."""

from __future__ import annotations

import base64
import io
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from PIL import Image

from nitido.batch import FileReport, enhancing, run_folder
from nitido.gallery.page import write_suggestions
from nitido.report import write_report
from nitido.suggestion import Policy, Suggestion
from nitido.trigger import Improvability


class Page(HTMLParser):
    """Collects tags with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def rows(make_photo, enhancer, tmp_path) -> list[FileReport]:
    make_photo(tmp_path / "in" / "bright.png", 240)
    make_photo(tmp_path / "in" / 'dark "<b>".png', 10)
    (tmp_path / "in" / "broken.jpg").write_bytes(b"\xff\xd8\xff\0")
    return list(run_folder(tmp_path / "in", tmp_path / "out", enhancing(enhancer)))


def test_page_needs_nothing_from_elsewhere(rows, tmp_path):
    page = write_report(rows, tmp_path / "new" / "report.html").read_text()
    parsed = Page(page)
    assert {image["src"].partition(",")[0] for image in parsed.all("img")} == {"data:image/jpeg;base64"}
    assert not parsed.all("link")
    assert not re.search(r"https?://|@import|url\(", re.sub(r'src="data:[^"]*"', "", page))


def test_enhanced_photo_has_before_and_after_under_a_labelled_slider(rows, tmp_path):
    page = Page(write_report(rows, tmp_path / "report.html").read_text())
    assert [image["alt"] for image in page.all("img")] == [
        'dark "<b>".png, original',
        'dark "<b>".png, enhanced',
        "bright.png",
    ]
    (slider,) = page.all("input")
    assert slider["type"] == "range"
    assert 'dark "<b>".png' in slider["aria-label"]
    before, after, _ = (
        Image.open(io.BytesIO(base64.b64decode(image["src"].partition(",")[2]))) for image in page.all("img")
    )
    assert before.size == after.size
    assert abs(before.getpixel((0, 0))[0] - 10) <= 2
    assert abs(after.getpixel((0, 0))[0] - 250) <= 2


def test_scores_factors_reasons_and_runtime_are_told(rows, tmp_path):
    text = Page(write_report(rows, tmp_path / "report.html").read_text()).text
    assert "+0.96" in text
    assert "denoise" in text
    assert "trigger" in text
    assert "python function" in text
    assert "3 photos" in text
    for row in rows:
        assert row.reason in text


def test_large_photos_are_shrunk_and_only_the_best_are_shown(make_photo, tmp_path):
    for name in "ab":
        Image.new("RGB", (3000, 30)).save(tmp_path / f"{name}.png")
    rows = [
        FileReport(tmp_path / f"{name}.png", tmp_path / "x.png", "left alone", "why", {"score": score})
        for name, score in (("a", 0.1), ("b", 0.2))
    ]
    page = Page(write_report(rows, tmp_path / "report.html", pictures=1).read_text())
    assert [(image["alt"], image["width"]) for image in page.all("img")] == [("b.png", "1280")]
    assert "a.png" in page.text


def test_report_of_nothing_and_of_vanished_files_is_still_a_page(tmp_path: Path):
    gone = FileReport(tmp_path / "gone.png", tmp_path / "out.png", "failed", "leads nowhere")
    for rows in ([], [gone]):
        assert "</html>" in write_report(rows, tmp_path / "report.html").read_text()


def suggestion(path: Path, score: float = 0.8) -> Suggestion:
    found = Improvability.judged(score, {"denoise": score, "deblur": -0.1}, True, {"denoise": 0.25})
    return Suggestion.of(found, Policy(0.1, 0.5, 1.0), path)


@pytest.fixture
def suggestions(make_photo, tmp_path) -> list[Suggestion]:
    """Of a photo with a difficult name, one that is gone, and one below the folder."""
    make_photo(tmp_path / "in" / 'dark "<b>" #1.png', 10)
    make_photo(tmp_path / "in" / "sub" / "grey.png", 90)
    names = ('dark "<b>" #1.png', "gone.png", "sub/grey.png")
    return [suggestion(tmp_path / "in" / name) for name in names]


def test_suggestions_need_nothing_from_elsewhere_but_the_files_that_they_lead_to(suggestions, tmp_path):
    page = write_suggestions(suggestions, tmp_path / "new" / "page.html", summary="3 & more").read_text()
    parsed = Page(page)
    assert {image["src"].partition(",")[0] for image in parsed.all("img")} == {"data:image/jpeg;base64"}
    assert not re.search(r"https?://|@import|url\(", re.sub(r'src="data:[^"]*"', "", page))
    linked = [unquote_to_bytes(link["href"].removeprefix("file://")) for link in parsed.all("a")]
    dark, gone, grey = (os.fsencode(found.path.resolve()) for found in suggestions)
    assert linked == [dark, dark, gone, grey, grey]  # picture and name, but the name alone of what is gone
    assert "3 & more" in parsed.text


def test_suggestions_show_score_reason_action_and_a_bar_for_each_gain(suggestions, tmp_path):
    page = Page(write_suggestions(suggestions[:1], tmp_path / "page.html", summary="").read_text())
    for words in ("+0.80", "noisy: +0.8", "recommend", "denoise", "-0.10", 'dark "<b>" #1.png'):
        assert words in page.text
    assert [bar["style"] for bar in page.all("span") if "style" in bar] == ["width:100%", "width:0%"]


def test_only_the_first_suggestions_have_pictures_and_those_are_small(tmp_path):
    for name in "ab":
        Image.new("RGB", (3000, 30)).save(tmp_path / f"{name}.png")
    found = [suggestion(tmp_path / f"{name}.png") for name in "ab"]
    page = Page(write_suggestions(found, tmp_path / "page.html", summary="", pictures=1).read_text())
    assert [(image["alt"], image["width"]) for image in page.all("img")] == [("a.png", "320")]
    assert "b.png" in page.text


def test_suggestions_of_nothing_and_of_odd_names_are_still_a_page(make_photo, tmp_path):
    odd = make_photo(tmp_path / "a.png", 10).rename(tmp_path / os.fsdecode(b"caf\xe9.png"))
    for found in ([], [suggestion(odd)]):
        page = write_suggestions(found, tmp_path / "page.html", summary="").read_text()
        assert "</html>" in page
    assert "caf%E9.png" in page
