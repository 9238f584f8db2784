"""The rows of suite ``labels`` count what was labelled."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido_bench import labels
from nitido_bench.suite import markdown
from nitido_train.degrade import GAINS
from nitido_train.label import LabelConfig, label_folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    for index in range(5):
        pixels = np.random.default_rng(index).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "below" / f"{index}.png")
    return folder


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    labels.arguments(parser)
    return parser.parse_args(words)


def test_a_row_counts_the_photos_asked_for_and_says_whether_all_runs_agree(photos: Path, monkeypatch) -> None:
    monkeypatch.setattr(labels, "RUNS", (("local", 1), ("local", 1)))
    once: list[int] = []
    monkeypatch.setattr(
        labels,
        "timed",
        lambda config: (
            {"engine": config.engine, "workers": config.workers},
            f"hash {once.append(1)}{len(once)}",
        ),
    )
    rows = list(labels.measure(options("--photos", str(photos), "--limit", "3", "--side", "32")))
    assert [row["same_labels"] for row in rows] == ["yes", "no"]


def test_a_timed_run_leaves_out_the_start_only_in_the_steady_rate(photos: Path, tmp_path: Path) -> None:
    config = LabelConfig(
        photos=photos, out=tmp_path / "labels.parquet", side=32, split="all", photos_per_part=2
    )
    row, content_hash = labels.timed(config)
    assert (row["photos"], row["rows"]) == (5, 5 * len(GAINS))
    assert 0 < float(row["to_first_part"]) <= float(row["seconds"])
    assert content_hash == label_folder(config).header.content_hash
    assert "| local | 1 | 5 | 30 |" in markdown(labels.SUITE, [{**row, "same_labels": "yes"}])
