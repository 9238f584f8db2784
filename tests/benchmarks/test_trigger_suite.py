"""Suite ``trigger`` from end to end: pictures, truth, and tables, with models that are plain functions."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageFilter

import nitido
from nitido.bundle.manifest import Build, TensorSpec, TriggerTask, View
from nitido.cues import CUES
from nitido.errors import PairMismatch
from nitido.photo.model import Pixels
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors
from nitido.scorer import Quality
from nitido_bench import trigger
from nitido_bench.cli import make_parser
from nitido_bench.suite import Row, markdown
from nitido_bench.trigger_baselines import JPEG, LAPLACIAN, NOISE, SCORER
from nitido_bench.trigger_truth import Case, cases, true_gains
from nitido_train.data import is_held_out
from nitido_train.degrade import FACTORS
from nitido_train.label.enhancers import BundleEnhancer, Models
from nitido_train.opinion.pseudo import quality
from nitido_train.resample import bicubic_upscale

BUILD = Build(
    "main",
    "onnx-fp32",
    "main.onnx",
    "",
    0,
    (TensorSpec("image", (1, 3, 64, 64)), TensorSpec("cues", (1, len(CUES)), layout="NC")),
    (TensorSpec("gains", (1, 6), layout="NC"),),
    {},
)


def grain(inputs: Tensors) -> Tensors:
    """Takes all small structure for noise."""
    steps = np.abs(np.diff(inputs["image"], n=2, axis=3)).mean()
    return {"gains": np.array([[steps, 0, steps, 0, 0, 0]], np.float32)}


def opened_trigger(threshold: float = 0.1, enhancer: str = "median") -> nitido.Trigger:
    factors = (*FACTORS, "upscale")
    task = TriggerTask(
        factors,
        View(size=64, crop=32, count=4),
        threshold=threshold,
        thresholds=dict.fromkeys(factors, threshold),
        precision=0.9,
        enhancer=enhancer,
        upscale_below=1600,
    )
    return nitido.Trigger(FunctionSession(grain, BUILD), task, "id")


class Median:
    """Removes noise, and detail; knows no other factor."""

    id = "median"
    factors = FACTORS

    def __call__(self, pixels: Pixels, strength: object = 1.0) -> Pixels:
        if isinstance(strength, dict) and not strength.get("denoise"):
            return pixels
        return np.asarray(Image.fromarray(pixels).filter(ImageFilter.MedianFilter(3)))


class Bicubic:
    id = "bicubic"
    scale = 2

    def __call__(self, pixels: Pixels) -> Pixels:
        return bicubic_upscale(pixels, 2)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """(photos with two held-out ones, data with BSD100 and LIVE1 of one photo each)."""
    names = (f"{number}.png" for number in itertools.count() if is_held_out(Path(f"{number}.png")))
    photos, data = tmp_path / "photos", tmp_path / "data"
    places = [photos / next(names), photos / next(names), data / "BSD100" / "a.png", data / "LIVE1" / "a.png"]
    for number, file in enumerate(places):
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(skimage.data.coffee()[60 * number : 60 * number + 164, 200:381]).save(file)
    return photos, data


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    triggers = {"trigger": opened_trigger(), "other": opened_trigger(enhancer="someone else's")}
    monkeypatch.setattr(nitido, "Trigger", SimpleNamespace(open=lambda name, runtime: triggers[name]))
    monkeypatch.setattr(nitido, "Restorer", SimpleNamespace(open=lambda name, runtime: Median()))
    monkeypatch.setattr(nitido, "Upscaler", SimpleNamespace(open=lambda name, runtime: Bicubic()))
    scorer = SimpleNamespace(open=lambda name, runtime: lambda pixels: Quality(float(pixels.std()), 0.0))
    monkeypatch.setattr(nitido, "Scorer", scorer)


def rows_of(folders: tuple[Path, Path], *words: str) -> list[Row]:
    photos, data = folders
    args = make_parser().parse_args(["trigger", "--photos", str(photos), "--data", str(data), *words])
    return list(trigger.SUITE.measure(args))


def of_table(rows: list[Row], name: str) -> list[Row]:
    return [row for row in rows if row["table"] == name]


@pytest.mark.usefixtures("models")
def test_the_suite_measures_all_tables_on_the_same_pictures(folders: tuple[Path, Path]) -> None:
    rows = rows_of(folders, "--fine-tuned", "trigger", "--scorer", "scorer")
    counts = [(row["photos"], row["count"]) for row in of_table(rows, "photos")]
    assert counts == [("held-out photos", 8), ("BSD100", 4), ("LIVE1", 4), ("all", 16)]
    assert [row["factor"] for row in of_table(rows, "factors")] == [*FACTORS, "upscale"]
    predictors = of_table(rows, "predictors")
    assert {row["predictor"] for row in predictors} == {
        "trigger",
        "fine-tuned trigger",
        SCORER,
        LAPLACIAN,
        NOISE,
        JPEG,
    }
    assert {row["count"] for row in predictors} == {16}
    ways = {row["way"]: row for row in of_table(rows, "value")}
    assert ways["every photo"]["saved"] == 0.0
    assert ways["oracle, all that gains"]["gain_kept"] == 1.0
    assert ways["oracle, all that gains"]["harmed"] == 0
    parts = [row for row in of_table(rows, "reliability") if row["predictor"] == "trigger"]
    assert sum(int(row["count"]) for row in parts) == 16
    json.dumps(rows, allow_nan=False)  # result files are strict JSON
    assert "nan" not in markdown(trigger.SUITE, rows)


@pytest.mark.usefixtures("models")
def test_the_trigger_knob_that_is_named_is_the_one_that_is_turned(folders: tuple[Path, Path]) -> None:
    """Only ``denoise`` crosses, and the median is all that the restorer can do: both ways do the same."""
    ways = {row["way"]: row for row in of_table(rows_of(folders), "value")}
    named = ways["trigger, from its threshold, only the factors it names"]
    assert int(named["count"]) > 0
    assert {**named, "way": ""} == {**ways["trigger, from its threshold"], "way": ""}


@pytest.mark.usefixtures("models")
def test_a_second_trigger_for_another_enhancer_is_refused(folders: tuple[Path, Path]) -> None:
    with pytest.raises(PairMismatch):
        rows_of(folders, "--fine-tuned", "other")


@pytest.mark.usefixtures("models")
def test_a_folder_without_held_out_photos_is_an_error(tmp_path: Path) -> None:
    name = next(f"{number}.png" for number in itertools.count() if not is_held_out(Path(f"{number}.png")))
    Image.fromarray(skimage.data.coffee()[:64, :64]).save(tmp_path / name)
    args = make_parser().parse_args(["trigger", "--photos", str(tmp_path)])
    with pytest.raises(FileNotFoundError, match="held-out"):
        list(trigger.SUITE.measure(args))


def test_half_of_the_pictures_are_clean_and_each_has_its_degraded_twin(folders: tuple[Path, Path]) -> None:
    made = list(cases(next(folders[0].glob("*.png")), "set", versions=3, side=64))
    assert [case.sample.clean for case in made] == [True, False] * 3
    for clean, degraded in zip(made[::2], made[1::2], strict=True):
        assert np.array_equal(clean.pixels, degraded.pristine)
        assert not np.array_equal(degraded.pixels, degraded.pristine)
    assert len({case.pixels.tobytes() for case in made}) == 6
    assert {case.pixels.shape for case in made} == {(64, 64, 3)}


def test_pictures_depend_on_the_names_of_set_and_photo_only(folders: tuple[Path, Path]) -> None:
    file = next(folders[0].glob("*.png"))
    first, again, more, elsewhere = (
        [case.pixels.tobytes() for case in cases(file, group, versions, 64)]
        for group, versions in (("set", 1), ("set", 1), ("set", 2), ("other set", 1))
    )
    assert first == again == more[:2]
    assert first != elsewhere


def test_the_truth_is_the_change_of_quality_against_the_pristine_picture(folders: tuple[Path, Path]) -> None:
    case: Case = list(cases(next(folders[0].glob("*.png")), "set", 1, 64))[1]
    restore = Median()
    gains = true_gains(case, Models(BundleEnhancer(restore, Bicubic()), None))  # type: ignore[arg-type]
    expected = quality(restore(case.pixels), case.pristine) - quality(case.pixels, case.pristine)
    assert gains["joint"] == gains["denoise"] == pytest.approx(expected)
    assert gains["deblur"] == 0.0
    assert gains["upscale"] == 0.0  # the upscaler is bicubic, and so is what it is compared with
