"""``manifest.json``: what is written is read, and everything else is refused by its JSON path."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nitido.bundle.manifest import (
    SCHEMA,
    BlindTask,
    BlurSpace,
    Build,
    ColorizeTask,
    Manifest,
    Quantisation,
    RestoreTask,
    ScoreTask,
    TensorSpec,
    TriggerTask,
    UpscaleTask,
    View,
)
from nitido.bundle.schema import read_manifest, write_manifest
from nitido.errors import BundleInvalid, BundleTooNew

BUILD = Build(
    graph="main",
    target="litert-w8a8",
    file="files/main.tflite",
    sha256="ab" * 32,
    bytes=1234,
    inputs=(TensorSpec("image", (1, None, None, 3), "uint8", "NHWC", Quantisation(1 / 255, 0)),),
    outputs=(TensorSpec("gains", (1, 2), layout="NC"),),
    parity={"psnr_db": 41.5},
)
RESTORE = RestoreTask(
    factors=("deblur", "denoise"),
    halo=48,
    multiple=8,
    tile=512,
    blur=BlurSpace(64, (5.0, 9.0), 12, (2.0,), (1.6,)),
    blur_confidence=0.5,
)
TRIGGER = TriggerTask(
    ("deblur", "upscale"),
    View(448, 112, count=15, whole=1),
    threshold=0.25,
    thresholds={"deblur": 0.5, "upscale": 0.125},
    precision=0.97,
    enhancer="0123456789abcdef",
    upscale_below=1600,
)
SCORE = ScoreTask(View(224, 224, count=0, whole=1), "distribution")
UPSCALE = UpscaleTask(scale=2, halo=8, tile=512)
COLORIZE = ColorizeTask(side=256, unsure=0.05)
BLIND = BlindTask(scale=2, halo=10, tile=512, latent=10, cell=64)
TASKS = [UPSCALE, RESTORE, TRIGGER, SCORE, COLORIZE, BLIND]


def manifest_of(task: Any) -> Manifest:
    return Manifest(
        name="tiny",
        id="0123456789abcdef",
        description="naïve",
        licence="Apache-2.0",
        task=task,
        builds=(BUILD, dataclasses.replace(BUILD, target="onnx-fp32", file="main.onnx")),
        golden_sha256="cd" * 32,
        provenance={"seed": 1, "nested": {"list": [1, None, "x"]}},
    )


def data_of(task: Any) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(write_manifest(manifest_of(task)))
    return data


def objects(value: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every JSON object that stands for a dataclass, with its path."""
    if isinstance(value, dict) and not path.endswith(("provenance", "parity", "thresholds")):
        yield path, value
        for key, item in value.items():
            yield from objects(item, f"{path}.{key}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from objects(item, f"{path}[{index}]")


def refusal(data: dict[str, Any]) -> str:
    with pytest.raises(BundleInvalid) as caught:
        read_manifest(json.dumps(data))
    assert re.search("; (get the bundle again|export the bundle again)", str(caught.value))
    return str(caught.value)


@pytest.mark.parametrize("task", TASKS)
def test_what_is_written_is_read(task: Any) -> None:
    manifest = manifest_of(task)
    assert read_manifest(write_manifest(manifest)) == manifest


@pytest.mark.parametrize("task", TASKS)
def test_an_unknown_key_is_refused_anywhere(task: Any) -> None:
    paths = [path for path, _ in objects(data_of(task))]
    assert len(paths) >= 9
    for path in paths:
        data = data_of(task)
        dict(objects(data))[path]["colour"] = 1
        assert f"{path}.colour" in refusal(data)


@pytest.mark.parametrize("task", TASKS)
def test_a_missing_key_is_refused_anywhere(task: Any) -> None:
    keys = [(path, key) for path, value in objects(data_of(task)) for key in value]
    for path, key in keys:
        data = data_of(task)
        del dict(objects(data))[path][key]
        assert f"{path}.{key}" in refusal(data)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("wrong", [[], {}, True, 1.5, "x", None, -1])
def test_a_wrong_type_is_refused_anywhere(task: Any, wrong: Any) -> None:
    """Each value is replaced by one of another JSON type, except where that is allowed too."""
    refused = 0
    for path, value in list(objects(data_of(task))):
        for key, good in value.items():
            number = isinstance(good, int | float) and type(wrong) in (int, float)
            if isinstance(wrong, type(good)) or number or key in ("quantisation", "provenance", "parity"):
                continue
            data = data_of(task)
            dict(objects(data))[path][key] = wrong
            assert f"{path}.{key}" in refusal(data)
            refused += 1
    assert refused >= 15


def test_a_newer_schema_asks_for_an_update_whatever_else_it_has() -> None:
    data = {**data_of(UPSCALE), "schema": SCHEMA + 1, "invention": 1}
    with pytest.raises(BundleTooNew, match="pip install --upgrade nitido"):
        read_manifest(json.dumps(data))


@pytest.mark.parametrize("schema", [0, -1, True, "1", None])
def test_a_schema_that_never_was_is_refused(schema: Any) -> None:
    assert "$.schema" in refusal({**data_of(UPSCALE), "schema": schema})


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "[" * 100_000, '{"schema": NaN}', '{"schema": 1, "schema": 1}']
)
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(BundleInvalid, match="get the bundle again"):
        read_manifest(text)


def test_another_tasks_keys_are_refused() -> None:
    data = data_of(UPSCALE)
    data["task"]["kind"] = "trigger"
    assert "$.task." in refusal(data)


@pytest.mark.parametrize(
    "file",
    [
        "../x.onnx",
        "a/../../x.onnx",
        "/etc/passwd",
        "..",
        "",
        ".",
        "C:x.onnx",
        "C:\\x",
        "..\\x",
        "a\0b",
        "//host/x",
    ],
)
def test_a_file_name_that_leaves_the_folder_is_refused(file: str) -> None:
    data = data_of(UPSCALE)
    data["builds"][0]["file"] = file
    assert "$.builds[0].file" in refusal(data)


def _set(*keys: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        value: Any = data
        for key in keys[:-1]:
            value = value[key]
        value[keys[-1]] = to

    return change


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("$.id", _set("id", to="0123456789ABCDEF")),
        ("$.golden_sha256", _set("golden_sha256", to="cd")),
        ("$.builds", _set("builds", to=[])),
        ("$.builds", _set("builds", 1, "target", to="litert-w8a8")),
        ("$.builds[0].target", _set("builds", 0, "target", to="litert")),
        ("$.builds[1].sha256", _set("builds", 1, "sha256", to="x" * 64)),
        ("$.builds[0].bytes", _set("builds", 0, "bytes", to=0)),
        ("$.builds[0].inputs", _set("builds", 0, "inputs", to=[])),
        ("$.builds[0].inputs[0].shape", _set("builds", 0, "inputs", 0, "shape", to=[1, 3, 8])),
        ("$.builds[0].inputs[0].shape", _set("builds", 0, "inputs", 0, "shape", to=[2, 8, 8, 3])),
        ("$.builds[0].inputs[0].shape", _set("builds", 0, "inputs", 0, "shape", to=[1, 8, 0, 3])),
        ("$.builds[0].inputs[0].dtype", _set("builds", 0, "inputs", 0, "dtype", to="float64")),
        ("$.builds[0].inputs[0].quantisation", _set("builds", 0, "inputs", 0, "quantisation", to=None)),
        ("$.builds[0].outputs[0].quantisation", _set("builds", 0, "outputs", 0, "dtype", to="int8")),
        (
            "$.builds[0].inputs[0].quantisation.scale",
            _set("builds", 0, "inputs", 0, "quantisation", "scale", to=0),
        ),
        ("$.task.scale", _set("task", "scale", to=0)),
        ("$.task.halo", _set("task", "halo", to=-1)),
        ("$.task.tile", _set("task", "tile", to=16)),
        ("$.task.kind", _set("task", "kind", to="enlarge")),
        ("$.task.kind", _set("task", "kind", to=["upscale"])),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(path: str, change: Callable[[dict[str, Any]], None]) -> None:
    data = copy.deepcopy(data_of(UPSCALE))
    change(data)
    assert f"expected {path} to be" in refusal(data)


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("$.task.thresholds", _set("task", "thresholds", to={"deblur": 0.5})),
        ("$.task.thresholds", _set("task", "thresholds", "denoise", to=0.5)),
        ("$.task.thresholds.deblur", _set("task", "thresholds", "deblur", to="0.5")),
        ("$.task.precision", _set("task", "precision", to=1.01)),
        ("$.task.precision", _set("task", "precision", to=0)),
        ("$.task.view", _set("task", "view", "whole", to=0)),
        ("$.task.view", _set("task", "view", "whole", to=-1)),
        ("$.task.view", _set("task", "view", "count", to=16)),
        ("$.task.view", _set("task", "view", "crop", to=100)),
        ("$.task.view", _set("task", "view", "crop", to=0)),
        ("$.task.view", _set("task", "view", "size", to=0)),
    ],
)
def test_a_trigger_that_makes_no_sense_is_refused(
    path: str, change: Callable[[dict[str, Any]], None]
) -> None:
    data = copy.deepcopy(data_of(TRIGGER))
    change(data)
    assert f"expected {path} to be" in refusal(data)


@pytest.mark.parametrize(
    ("key", "value"), [("scale", 0), ("halo", -1), ("tile", 20), ("latent", 0), ("cell", 31)]
)
def test_a_blind_upscaler_that_makes_no_sense_is_refused(key: str, value: int) -> None:
    data = data_of(BLIND)
    data["task"][key] = value
    assert f"expected $.task.{key} to be" in refusal(data)


@pytest.mark.parametrize("view", [View(448, 448, 0, 1), View(448, 448, 1, 0), View(448, 224, 3, 1)])
def test_a_view_may_be_crops_the_whole_photo_or_both(view: View) -> None:
    manifest = manifest_of(dataclasses.replace(TRIGGER, view=view))
    assert read_manifest(write_manifest(manifest)) == manifest


def test_a_scorer_says_what_its_numbers_are() -> None:
    data = data_of(SCORE)
    data["task"]["output"] = "stars"
    assert "expected $.task.output to be one of distribution, score" in refusal(data)


@pytest.mark.parametrize("provenance", [{"loss": float("nan")}, {"when": object()}])
def test_what_json_cannot_hold_is_not_written(provenance: dict[str, Any]) -> None:
    with pytest.raises(BundleInvalid, match="that JSON can hold"):
        write_manifest(dataclasses.replace(manifest_of(UPSCALE), provenance=provenance))


def test_what_would_not_be_read_is_not_written() -> None:
    outside = dataclasses.replace(BUILD, file="../main.onnx")
    with pytest.raises(BundleInvalid, match="in the bundle's folder"):
        write_manifest(dataclasses.replace(manifest_of(UPSCALE), builds=(outside,)))
