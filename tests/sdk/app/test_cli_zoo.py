"""Every command once with the models that ship."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nitido import zoo
from nitido.cli import main
from nitido.photo.read import read_photo

Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def run(capsys) -> Run:
    """Run a command that must succeed, with --json: its objects."""

    def run(*words: object) -> list[dict[str, Any]]:
        assert main([*map(str, words), "--json"]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


@pytest.fixture
def folder(tmp_path) -> Path:
    """A noisy picture of edges, and the same without noise."""
    rows, columns = np.indices((96, 128))
    edges = np.where((rows // 16 + columns // 16) % 2, 200, 60)[..., None].repeat(3, 2)
    noise = np.random.default_rng(0).normal(0, 30, edges.shape)
    (tmp_path / "in").mkdir()
    for name, pixels in (("noisy", edges + noise), ("clean", edges)):
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(tmp_path / "in" / f"{name}.png")
    return tmp_path / "in"


def test_models_lists_the_zoo(run):
    assert [entry["name"] for entry in run("models")] == zoo.names()


def test_assess_scores_each_photo(run, folder):
    entries = {Path(entry["file"]).stem: entry for entry in run("assess", folder)}
    assert entries["noisy"]["score"] > entries["clean"]["score"]
    assert entries["noisy"]["runtime"].startswith("onnx-fp32")
    assert {"deblur", "denoise", "deartifact", "desaturate", "upscale"} == entries["noisy"]["factors"].keys()


def test_suggest_agrees_with_assess(run, folder):
    expected = [entry for entry in run("assess", folder) if entry["recommended"]]
    assert {entry["file"]: entry["score"] for entry in run("suggest", folder)} == {
        entry["file"]: pytest.approx(entry["score"]) for entry in expected
    }


def test_enhance_with_a_low_threshold_changes_the_noisy_photo(run, folder, tmp_path):
    entries = run("enhance", folder, "-o", tmp_path / "out", "--threshold", "-10")
    assert {entry["status"] for entry in entries} == {"enhanced"}
    before, after = (read_photo(tmp_path / place / "noisy.png").pixels for place in ("in", "out"))
    clean = read_photo(folder / "clean.png").pixels
    assert np.abs(after.astype(float) - clean).mean() < np.abs(before.astype(float) - clean).mean()


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_upscale_enlarges(run, folder, tmp_path, scale):
    run("upscale", folder / "clean.png", "-o", tmp_path / "big.png", "--scale", scale)
    assert read_photo(tmp_path / "big.png").pixels.shape == (96 * scale, 128 * scale, 3)
