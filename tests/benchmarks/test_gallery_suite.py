"""The gallery suite, on a few small photos."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from PIL import Image

from nitido_bench import gallery


def test_each_scan_is_measured_and_two_at_once_share_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "_LARGE_MEGAPIXELS", 0.05)
    args = argparse.Namespace(photos=12, large=2, workers=[1, 2], runs=3)
    rows = {(row["scan"], row["workers"]): row for row in gallery.measure(args)}
    assert [(name, workers, row["assessed"]) for (name, workers), row in rows.items()] == [
        ("first, small", 1, 12),
        ("first, 12 MP", 1, 2),
        ("first, small", 2, 12),
        ("first, 12 MP", 2, 2),
        ("unchanged, median", 1, 0),
        ("two at once, small", 1, 12),
    ]
    assert {key for key, _, _ in gallery.SUITE.columns} <= rows["unchanged, median", 1].keys()
    assert all(float(row["files_per_second"]) > 0 for row in rows.values())


def test_the_photos_are_different_jpegs(tmp_path: Path) -> None:
    gallery.make_small(tmp_path / "small", 8)
    contents = [file.read_bytes() for file in (tmp_path / "small").rglob("*.jpg")]
    assert len(set(contents)) == 8
    assert Image.open(next((tmp_path / "small").rglob("*.jpg"))).size == (64, 48)
