"""Every recipe trains: a few steps of a small network, measured, saved and read again."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido_train import checkpoint, data
from nitido_train.loop import LoopConfig
from nitido_train.nets.restore import RestoreConfig
from nitido_train.recipes import blur, restore, sr

SHORT = LoopConfig(steps=60, warmup=5, learning_rate=2e-3, log_every=10, evaluate_every=60)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of blobs and edges; some of their names fall into the held-out tenth."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(14):
        coarse = rng.integers(0, 256, (90, 90, 3), np.uint8)
        image = Image.fromarray(coarse).resize((500, 480), Image.Resampling.BICUBIC)
        image.paste(tuple(int(v) for v in coarse[0, 0]), (60, 60, 200, 300))
        image.save(folder / f"{number:02}.png")
    assert 0 < len(data.held_out_photos(folder)) < 14
    return folder


def losses(run: Path) -> list[float]:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


def test_super_resolution_learns_and_can_be_warm_started(photos: Path, tmp_path: Path) -> None:
    config = sr.Config(width=8, depth=1, patch=24, batch=4, loop=SHORT)
    trained = sr.train(config, photos, tmp_path / "run")
    found = losses(tmp_path / "run")
    assert found[-1] < 0.8 * found[0]
    file = tmp_path / "sr.safetensors"
    checkpoint.save(trained, "sr", file)
    warm = sr.train(replace(config, loop=replace(SHORT, steps=10)), photos, tmp_path / "warm", file)
    assert losses(tmp_path / "warm")[0] < found[0]
    assert warm.measured["held_out_psnr_y"] > 20


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
