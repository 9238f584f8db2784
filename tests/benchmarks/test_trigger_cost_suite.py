"""Suite ``trigger-cost`` times what it says; how long anything takes is not tested."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import skimage.data
from PIL import Image

import nitido
from nitido.photo.model import Pixels
from nitido_bench import trigger_cost, trigger_steps
from nitido_bench.cli import make_parser
from nitido_bench.suite import Row, markdown
from nitido_bench.trigger_cost import LITE, RESTORE, one_by_one, rows
from nitido_bench.trigger_steps import (
    ASSESS,
    DECODE,
    FORWARD,
    TRIGGER,
    bare_decode,
    middle,
    mirrored,
)

TIMES = {
    DECODE: [0.2, 0.2, 0.3],
    FORWARD: [0.1, 0.2, 0.1],
    ASSESS: [0.5, 0.4, 0.5],
    TRIGGER: [0.2, 0.2, 0.2],
    LITE: [0.01, 0.02, 0.01],
    RESTORE: [20.0, 20.0],
}


def test_ratios_are_of_medians() -> None:
    found = {str(row["step"]): row for row in rows(TIMES, ", from 25% of its area")}
    assert found[ASSESS]["of_floor"] == pytest.approx(0.5 / 0.4)  # the floors are 0.3, 0.4, 0.4
    assert found[TRIGGER]["of_restoring"] == pytest.approx(0.01)
    assert found[LITE]["frames_per_second"] == pytest.approx(100)
    assert found[f"{RESTORE}, from 25% of its area"]["median_ms"] == 20_000
    assert found[trigger_cost.FLOOR]["median_ms"] == 400


def test_every_run_counts_and_the_steps_take_turns() -> None:
    order: list[str] = []
    times = one_by_one({name: lambda name=name: order.append(name) for name in "ab"}, 2)
    assert {name: len(seconds) for name, seconds in times.items()} == {"a": 2, "b": 2}
    assert order[-8:] == list("aabbbbaa")  # a turn begins with a run that does not count


def test_a_photo_is_continued_by_its_mirror_images() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    large = mirrored(pixels, 4, 6)
    assert large.shape == (4, 6, 3)
    assert np.array_equal(large[:2, 2:4], pixels[:, ::-1])
    assert np.array_equal(large[2:, 4:], pixels[::-1])
    assert np.array_equal(mirrored(large, 1, 2), large[:1, :2])


def test_the_part_that_is_restored_has_the_share_asked_for() -> None:
    photo = np.zeros((300, 400, 3), np.uint8)
    assert middle(photo, 0.03).shape == (150, 200, 3)
    assert middle(photo, 12).shape == photo.shape


def test_the_floor_decodes_no_more_than_the_view_needs(tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    Image.fromarray(mirrored(skimage.data.coffee(), 600, 800)).save(file)
    assert bare_decode(file, None).shape == (600, 800, 3)
    assert bare_decode(file, (200, 150)).shape == (150, 200, 3)
    assert np.array_equal(bare_decode(file, None), nitido.read_photo(file).pixels)


def test_the_suite_scales_restoring_by_area(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the shipped trigger, on a small photo, with a restorer that does nothing but count pixels."""
    restored: list[int] = []

    def restore(pixels: Pixels) -> Pixels:
        restored.append(pixels.shape[0] * pixels.shape[1])
        return pixels

    monkeypatch.setattr(trigger_cost, "WIDTH", 400)
    monkeypatch.setattr(trigger_cost, "HEIGHT", 300)
    monkeypatch.setattr(nitido, "Restorer", SimpleNamespace(open=lambda *names, **options: restore))
    monkeypatch.setattr(trigger_steps, "FRAME", (48, 64))
    Image.fromarray(skimage.data.coffee()).save(tmp_path / "photo.png")
    words = ["--photo", str(tmp_path / "photo.png"), "--runs", "2", "--restore-runs", "2", "--threads", "1"]
    args = make_parser().parse_args(
        ["trigger-cost", *words, "--lite", "trigger", "--restore-megapixels", "0.03"]
    )
    found: list[Row] = list(trigger_cost.SUITE.measure(args))
    assert set(restored) == {30_000}
    assert [row["step"] for row in found] == [
        DECODE,
        FORWARD,
        trigger_cost.FLOOR,
        ASSESS,
        TRIGGER,
        LITE,
        f"{RESTORE}, from 25% of its area",
    ]
    assert "| runs |" in markdown(trigger_cost.SUITE, found)
