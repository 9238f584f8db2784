"""Views are compared by trainings that differ in nothing else, and finished ones are not repeated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido.bundle.manifest import View
from nitido_bench import trigger_views
from nitido_bench.cli import make_parser
from nitido_bench.suite import Row, markdown
from nitido_train.degrade import Degradation
from nitido_train.label import Labels, Sample
from nitido_train.label.photos import hash_of
from nitido_train.label.plan import Ids
from nitido_train.label.store import Header
from nitido_train.nets.trigger import OUTPUTS, TriggerConfig
from nitido_train.recipes import trigger

SIDE = 32
VIEWS = {"crops": View(size=32, crop=16, count=4), "whole": View(size=32, crop=32, count=0, whole=1)}


@pytest.fixture
def labels(tmp_path: Path) -> Labels:
    """Forty photos, every second one noisy."""
    (tmp_path / "photos").mkdir()
    samples = []
    for number in range(40):
        file, noise = tmp_path / "photos" / f"photo{number}.png", 30.0 * (number % 2)
        pixels = np.random.default_rng(number).integers(60, 200, (3, 3, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(file)
        gains = dict.fromkeys(OUTPUTS, 0.0) | {"joint": noise / 20 + number / 1000}
        place = (file.name, hash_of(file.read_bytes()), 0, 0, SIDE, 0, number)
        samples.append(Sample(*place, noise == 0, Degradation(read_noise=noise), gains))
    header = Header({"schema": 1, "enhancer": "e" * 16}, len(samples) * len(OUTPUTS), "0" * 64, {})
    return Labels(tuple(samples), Ids("e" * 16, "u" * 16, None), header)


def test_trainings_differ_in_the_view_alone_and_are_not_repeated(
    labels: Labels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[trigger.Config] = []
    real = trigger.train

    def train(config, *rest, **named):  # type: ignore[no-untyped-def]
        asked.append(config)
        tiny = replace(config, network=TriggerConfig(mixed=8, hidden=8, width=0.1))
        return real(tiny, *rest, **named)

    monkeypatch.setattr(trigger_views, "COMPARED", VIEWS)
    monkeypatch.setattr(trigger_views, "read_labels", lambda file: labels)
    monkeypatch.setattr(trigger_views.trigger, "train", train)
    words = ["--photos", str(tmp_path / "photos"), "--labels", "any", "--runs", str(tmp_path / "runs")]
    args = make_parser().parse_args(["trigger-views", *words, "--steps", "4"])

    first: list[Row] = list(trigger_views.SUITE.measure(args))
    assert [row["view"] for row in first] == list(VIEWS)
    assert {config.view for config in asked} == set(VIEWS.values())
    assert len({replace(config, view=VIEWS["crops"]) for config in asked}) == 1
    assert all("auc_pr" in row and row["steps"] == 4 for row in first)
    assert "the photo at 448" in markdown(trigger_views.SUITE, first)

    assert list(trigger_views.SUITE.measure(args)) == first
    assert len(asked) == len(VIEWS)
