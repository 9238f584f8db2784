"""What a bundle holds: builds that compute what torch does, and a card that says how they came to be."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import Manifest, RestoreTask, TriggerTask, UpscaleTask, View
from nitido.cues import look
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido.tensors import tensor_to_pixels
from nitido.trigger import Trigger
from nitido.upscaler import Upscaler
from nitido_export import targets
from nitido_export.bundle_writer import write_bundle
from nitido_export.families import open_model
from nitido_export.parity import reference, to_tensor
from nitido_train.nets.blur import SPACE
from nitido_train.nets.trigger import OUTPUTS, TriggerConfig, TriggerNet
from nitido_train.tensors import to_tensor as as_batch

TARGET_NAMES = list(targets.EVERYWHERE)


@pytest.mark.parametrize("target", TARGET_NAMES)
def test_builds_compute_what_torch_computes_through_the_sdk(
    target: str, sr_bundle: tuple[Path, Manifest], sr_checkpoint: Path, photos: list[Pixels]
) -> None:
    session = open_session(Bundle.open(sr_bundle[0]), runtime=target)
    graph = open_model(sr_checkpoint).graphs[0]
    crop = photos[1][60:188, 90:218]
    result = session.run({"image": to_tensor(crop, session.build.inputs[0])})["upscaled"]
    if session.build.outputs[0].layout == "NHWC":
        result = np.moveaxis(result, -1, 1)
    expected = graph.net(torch.from_numpy(to_tensor(crop, graph.inputs[0]))).numpy()
    error = np.abs(result - expected)
    assert expected.std() > 0.1
    # Only the order of additions differs: 1e-5 is a four-hundredth of a grey level.
    assert error.max() < 1e-5, f"max {error.max()}, mean {error.mean()}, at {np.argmax(error)}"


def test_measured_parity_is_in_the_manifest_and_above_the_threshold(sr_bundle: tuple[Path, Manifest]) -> None:
    manifest = Bundle.open(sr_bundle[0]).manifest
    assert [build.target for build in manifest.builds] == TARGET_NAMES
    for build in manifest.builds:
        assert build.parity["psnr_db"] >= targets.TARGETS[build.target].min_psnr_db
        assert 0 < build.parity["max_abs"] < 1e-4


def test_the_task_comes_from_the_network(sr_bundle: tuple[Path, Manifest], sr_checkpoint: Path) -> None:
    manifest = sr_bundle[1]
    assert manifest.task == UpscaleTask(scale=2, halo=3, tile=512)  # three 3x3 convolutions
    assert manifest.id == hashlib.sha256(sr_checkpoint.read_bytes()).hexdigest()[:16]


def test_onnx_sides_are_free_and_litert_sides_fixed(sr_bundle: tuple[Path, Manifest]) -> None:
    shapes = {build.target: (build.inputs[0].shape, build.outputs[0].shape) for build in sr_bundle[1].builds}
    assert shapes["onnx-fp32"] == ((1, 3, None, None), (1, 3, None, None))
    assert shapes["litert-fp32"] == ((1, 128, 128, 3), (1, 256, 256, 3))
    session = open_session(Bundle.open(sr_bundle[0]), runtime="onnx")
    for height, width in ((1, 1), (5, 130)):
        result = session.run({"image": np.zeros((1, 3, height, width), np.float32)})["upscaled"]
        assert result.shape == (1, 3, 2 * height, 2 * width)


@pytest.mark.parametrize("runtime", ["onnx", "litert"])
def test_an_exported_bundle_enlarges_a_photo_as_torch_does_in_one_piece(
    runtime: str, sr_bundle: tuple[Path, Manifest], sr_checkpoint: Path, photos: list[Pixels]
) -> None:
    photo = photos[1][:150, :261]  # for LiteRT, which has tiles of 128, six of them
    graph = open_model(sr_checkpoint).graphs[0]
    whole = reference(graph, {"image": photo})["upscaled"]
    expected = tensor_to_pixels(whole, graph.outputs[0])
    result = Upscaler.open(sr_bundle[0], runtime=runtime)(photo)
    # Runtimes add in another order, so that a value on the edge of two grey levels may fall on either side.
    difference = np.abs(result.astype(int) - expected)
    assert difference.max() <= 1
    assert np.mean(difference) < 1e-3


def test_golden_vectors_are_part_of_the_middle_of_a_photo_and_what_torch_makes_of_it(
    sr_bundle: tuple[Path, Manifest], photos: list[Pixels]
) -> None:
    with np.load(sr_bundle[0] / "golden.npz") as golden:
        image, upscaled = golden["main/in/image"], golden["main/out/upscaled"]
    middles = photos[0][136:264, 146:274], photos[1][64:192, 96:224]  # the last is too small
    assert any(np.array_equal(image[:, :32], middle[:, :32]) for middle in middles)
    assert image.shape == (128, 128, 3)
    assert np.array_equal(image[:, :96], image[:, 32:])  # again and again, for a small file
    assert (upscaled.shape, upscaled.dtype) == ((256, 256, 3), np.uint8)
    assert upscaled.std() > 10


def test_the_restorer_becomes_two_graphs_with_its_blur_space(
    restore_checkpoint: Path, photos: list[Pixels], tmp_path: Path
) -> None:
    manifest = write_bundle(open_model(restore_checkpoint), tmp_path / "restore", targets.find(), photos)
    assert {(build.graph, build.target) for build in manifest.builds} == {
        (graph, target) for graph in ("main", "blur") for target in TARGET_NAMES
    }
    assert isinstance(manifest.task, RestoreTask)
    assert manifest.task.factors == ("deblur", "denoise", "deartifact", "desaturate")
    main = Bundle.open(tmp_path / "restore").select("main", "onnx")
    assert [spec.name for spec in main.inputs] == ["image", "deblurred", "deblocked", "strength"]
    with np.load(tmp_path / "restore" / "golden.npz") as golden:
        # An export that swapped two inputs, or two strengths, must not pass.
        assert not np.array_equal(golden["main/in/image"], golden["main/in/deblurred"])
        assert len(set(golden["main/in/strength"])) == 4
        assert golden["blur/out/probabilities"].sum() == pytest.approx(1, abs=1e-5)


def test_the_trigger_names_the_enhancer_of_its_labels(
    trigger_checkpoint: Path, photos: list[Pixels], tmp_path: Path
) -> None:
    folder = tmp_path / "trigger"
    manifest = write_bundle(open_model(trigger_checkpoint), folder, targets.find(["onnx-fp32"]), photos)
    assert isinstance(manifest.task, TriggerTask)
    assert (manifest.task.enhancer, manifest.task.threshold) == ("00112233445566ff", 0.25)
    assert manifest.task.thresholds == {
        "deblur": 0.125,
        "denoise": 0.25,
        "deartifact": 0.375,
        "desaturate": 0.5,
        "upscale": 0.625,
    }
    assert manifest.task.precision == 0.9
    assert manifest.task.view == View(128, 64, count=3, whole=1)
    (build,) = manifest.builds
    assert build.inputs[0].shape == (1, 3, 128, 128)
    assert build.outputs[0].shape == (1, 1 + len(manifest.task.factors))


def test_the_card_tells_history_figures_and_builds(sr_bundle: tuple[Path, Manifest]) -> None:
    card = (sr_bundle[0] / "MODEL_CARD.md").read_text()
    for words in (
        "held_out_psnr_y | 31.25",
        "`litert-fp32`",
        "a processor",
        "no description of",
        sr_bundle[1].id,
    ):
        assert words in card
    assert "| parameters | 1,158 (main) |" in card  # 3*6*9+6 + 6*6*9+6 + 6*12*9+12


def test_a_bundle_knows_no_folder_of_the_machine_that_made_it(sr_bundle: tuple[Path, Manifest]) -> None:
    here = [str(Path.cwd()), str(sr_bundle[0].parent), "somebody", "site-packages"]
    for file in sr_bundle[0].iterdir():
        content = file.read_bytes()
        assert not [name for name in here if name.encode() in content], file.name
    provenance = json.loads((sr_bundle[0] / "manifest.json").read_text())["provenance"]
    assert provenance["command"].endswith("--data PHOTOS --scale 2")
    assert provenance["config"]["loop"]["minutes"] is None


def test_the_command_line_makes_the_same_bytes_again(
    sr_bundle: tuple[Path, Manifest], sr_checkpoint: Path, photos: list[Pixels], tmp_path: Path
) -> None:
    samples, again = tmp_path / "samples", tmp_path / "zoo"
    samples.mkdir()
    for index, photo in enumerate(photos):
        Image.fromarray(photo).save(samples / f"{index}.png")
    command = [sys.executable, "-m", "nitido_export.cli", "zoo", "--checkpoints", str(sr_checkpoint.parent)]
    done = subprocess.run(
        [*command, "-o", str(again), "--samples", str(samples), "--targets", ",".join(TARGET_NAMES)],
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{again / 'sr-x2'}: sr-x2 {sr_bundle[1].id}\n")
    files = sorted(file.name for file in sr_bundle[0].iterdir())
    assert files == ["MODEL_CARD.md", "golden.npz", "main-fp32.onnx", "main-fp32.tflite", "manifest.json"]
    for name in files:
        assert (sr_bundle[0] / name).read_bytes() == (again / "sr-x2" / name).read_bytes(), name


def test_a_trigger_with_an_estimator_of_blur_takes_it_along(
    save_checkpoint: Any, photos: list[Pixels], tmp_path: Path
) -> None:
    config = TriggerConfig(hidden=4, width=0.1, blur=8)
    view = {"size": 64, "crop": 32, "count": 4, "whole": 0}
    file = save_checkpoint(
        tmp_path / "trigger.safetensors",
        TriggerNet(config),
        config,
        "trigger",
        config={"enhancers": {"restore": "00112233445566ff"}, "precision": 0.9, "view": view},
        measured={"threshold": 0.25, **dict.fromkeys((f"threshold_{name}" for name in OUTPUTS), 0.5)},
    )
    model = open_model(file)
    folder = tmp_path / "trigger"
    manifest = write_bundle(model, folder, targets.find(["onnx-fp32"]), photos)
    assert isinstance(manifest.task, TriggerTask)
    assert manifest.task.blur == SPACE
    main, blur = manifest.builds
    assert (main.graph, blur.graph) == ("main", "blur")
    assert (
        main.bytes + blur.bytes < 1.2 * 4 * sum(p.numel() for p in model.graphs[0].net.parameters()) + 60_000
    )
    found = Trigger.open(folder)(photos[0])
    image, cues = look(photos[0], View(**view), model.graphs[0].net.estimator)
    with torch.inference_mode():
        expected = model.graphs[0].net(as_batch([image]), torch.from_numpy(cues)[None])[0]
    assert [found.score, *found.factors.values()] == pytest.approx(expected.tolist(), abs=1e-4)


def test_golden_vectors_come_from_neither_the_noisiest_nor_the_flattest_photo(
    sr_checkpoint: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    flat = np.full((130, 130, 3), 90, np.uint8)
    some = np.repeat(np.repeat(rng.integers(0, 256, (26, 26, 3), dtype=np.uint8), 5, 0), 5, 1)
    noise = rng.integers(0, 256, (130, 130, 3), dtype=np.uint8)
    write_bundle(
        open_model(sr_checkpoint), tmp_path / "bundle", targets.find(["onnx-fp32"]), [noise, some, flat]
    )
    with np.load(tmp_path / "bundle" / "golden.npz") as golden:
        assert np.array_equal(golden["main/in/image"][:, :32], some[1:129, 1:33])
