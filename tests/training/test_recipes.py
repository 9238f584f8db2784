"""Every recipe trains: a few steps of a small network, measured, saved and read again."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from nitido_train.loop import LoopConfig
from nitido_train.nets.restore import RestoreConfig
from nitido_train.recipes import blur, restore

SHORT = LoopConfig(steps=60, warmup=5, learning_rate=2e-3, log_every=10, evaluate_every=60)


def losses(run: Path) -> list[float]:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


def test_blur_estimator_learns(photos: Path, tmp_path: Path) -> None:
    config = blur.Config(hidden=8, samples=40, batch=16, loop=replace(SHORT, bf16=False))
    trained = blur.train(config, photos, tmp_path)
    found = losses(tmp_path)
    assert found[-1] < found[0]
    assert all(math.isfinite(value) for value in trained.measured.values())


def test_restorer_learns_every_factor_at_once(photos: Path, tmp_path: Path) -> None:
    config = restore.Config(
        RestoreConfig(8, 8, 8, 8),
        crop=64,
        margin=16,
        batch=8,
        fresh=1,
        pool=32,
        loop=replace(SHORT, steps=80),
    )
    trained = restore.train(config, photos, tmp_path)
    found = losses(tmp_path)
    assert np.mean(found[-2:]) < 0.8 * np.mean(found[:2])
    assert {"held_out_clean", "held_out_denoise"} <= trained.measured.keys()
