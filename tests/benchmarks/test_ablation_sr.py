"""The ablation of SR training: one thing changes at a time, and finished trainings are not repeated."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image

from nitido_bench import ablation_sr
from nitido_bench.cli import make_parser
from nitido_bench.suite import Row, markdown
from nitido_train import data
from nitido_train.loop import LoopConfig
from nitido_train.recipes import sr

BASE = sr.Config(loop=LoopConfig(muon_learning_rate=0.01))


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def test_every_trick_changes_one_setting_of_the_base() -> None:
    base, *others = (variant for variant in ablation_sr.variants(BASE) if variant.table == "tricks")
    assert base.config == BASE
    for variant in others:
        before, after = flat(asdict(base.config)), flat(asdict(variant.config))
        changed = {key for key in before if before[key] != after[key]}
        if variant.name == "absolute error alone":
            assert changed == {"loss.alpha", "loss.beta", "loss.decibel"}
        elif variant.name == "squared error for decibels":
            assert changed == {"loss.squared", "loss.decibel"}
        else:
            assert len(changed) == 1, (variant.name, changed)


def test_names_and_files_of_variants_are_all_different(tmp_path: Path) -> None:
    every = ablation_sr.variants(BASE, tmp_path / "teacher.safetensors")
    assert len({variant.name for variant in every}) == len({variant.slug for variant in every}) == len(every)
    assert any(variant.teacher for variant in every)


def test_unknown_names_are_refused_and_the_base_is_always_there() -> None:
    every = ablation_sr.variants(BASE)
    assert [v.name for v in ablation_sr.chosen(every, ["branches"])] == ["base", "branches"]
    with pytest.raises(ValueError, match=r"'branches'.*got nonsense"):
        ablation_sr.chosen(every, ["nonsense"])


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Photos to train on, and the three sets with one small photo each."""
    coffee = skimage.data.coffee()
    (tmp_path / "photos").mkdir()
    names = [f"{number}.png" for number in range(40)]
    held_out = [name for name in names if data.is_held_out(Path(name))][:1]
    for name in [*names[:2], *held_out]:
        Image.fromarray(coffee[:130, :140]).save(tmp_path / "photos" / name)
    for name in ("Set5", "Set14", "BSD100"):
        (tmp_path / name).mkdir()
        Image.fromarray(coffee[120:200, 200:290]).save(tmp_path / name / "img_001.png")
    return tmp_path


def rows_of(folders: Path, *words: str) -> list[Row]:
    places = ["--photos", str(folders / "photos"), "--data", str(folders), "--runs", str(folders / "runs")]
    return list(
        ablation_sr.SUITE.measure(make_parser().parse_args(["ablation-sr", *places, "--steps", "2", *words]))
    )


def test_finished_trainings_are_measured_again_but_not_trained(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same_as_base = "alpha 5 beta 0.1 sigma 1 decibel 0.01"
    only = ["--only", "no gradient term", same_as_base]
    first = rows_of(folders, *only)
    assert [row["variant"] for row in first] == ["base", "no gradient term", same_as_base]
    assert first[0]["gain"] == 0
    assert first[2]["checkpoint"] == first[0]["checkpoint"]
    assert all(np.isfinite(float(row["gradient_error"])) and row["steps"] == 2 for row in first)

    def fail(*args: object, **options: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(sr, "train", fail)
    assert rows_of(folders, *only) == first
    with pytest.raises(AssertionError, match="trained again"):
        rows_of(folders, "--only", "branches")
    with pytest.raises(AssertionError, match="trained again"):  # what is there had other steps
        rows_of(folders, "--steps", "3")


def test_tables_of_tricks_and_of_the_loss_are_apart(folders: Path) -> None:
    rows = rows_of(folders, "--only", "alpha 0 beta 1 sigma 1")
    assert [row["table"] for row in rows] == ["tricks", "loss"]
    assert markdown(ablation_sr.SUITE, rows).count("| base |") == 1
