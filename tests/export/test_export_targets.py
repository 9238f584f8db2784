"""Mobile ORT files, Core ML packages, binaries for Qualcomm; other sizes; samples that verify ports."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import Manifest
from nitido.errors import InvalidOption
from nitido.photo.model import Pixels
from nitido_export import building, cli, commands, coreml_backend, onnx_backend, qnn_backend, targets
from nitido_export.artifact import Artifact
from nitido_export.bundle_writer import write_bundle
from nitido_export.calibration import examples
from nitido_export.errors import TargetUnavailable
from nitido_export.graphs import Graph, Model
from nitido_export.grey_levels import trace_for_grey_levels
from nitido_train.nets.sr import SrNet


def needs(package: str, extra: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install 'nitido[{extra}]'")


def test_thresholds_are_those_that_are_promised() -> None:
    least = {"fp32": 90, "fp16": 65, "w8a16": 50, "w8a8": 40, "w8": 40}
    for target in targets.TARGETS.values():
        # Images that come out as 8-bit grey levels: their rounding alone is at 58.9 dB.
        rounded = {"coreml-fp16": 57, "litert-fp16-u8": 57, "litert-fp32-u8": 58}
        promised = rounded.get(target.name, least[target.dtype])
        assert target.min_psnr_db == promised, target.name
        assert target.min_rank == 0.99
        assert target.max_share == (
            0.02 if target.dtype.startswith("w8") else 0.005 if target.dtype == "fp16" else 0
        )


def test_a_name_without_generation_means_all_of_them() -> None:
    found = [target.name for target in targets.find(["qnn-w8a8"])]
    assert found == ["qnn-w8a8-v73", "qnn-w8a8-v75", "qnn-w8a8-v79"]
    assert [target.hexagon for target in targets.find(["qnn-w8a16-v79"])] == [79]


def test_the_wheel_carries_onnx_and_litert_alone() -> None:
    for recipe in ("sr", "restore", "trigger", "trigger_lite", "sr_sharp"):
        assert {target.runtime for target in targets.find(recipe=recipe)} <= set(targets.SHIPPED)


def test_an_ort_file_runs_in_the_sdk(model: Model, photos: list[Pixels], tmp_path: Path) -> None:
    manifest = write_bundle(model, tmp_path / "sr-x2", targets.find(["ort-fp32"]), photos)
    assert manifest.builds[0].file == "main-fp32.ort"
    assert manifest.builds[0].parity["psnr_db"] >= 90


@pytest.mark.parametrize(
    ("target", "package", "extra"),
    [("coreml-fp16", "coremltools", "coreml"), ("qnn-w8a8-v75", "onnxruntime_qnn", "qnn")],
)
def test_a_missing_package_names_its_extra(
    target: str,
    package: str,
    extra: str,
    model: Model,
    photos: list[Pixels],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(TargetUnavailable, match=rf"{package}: pip install 'nitido\[{extra}\]'"):
        building.make(model, targets.find([target]), photos)


def test_what_targets_have_in_common_is_made_once(
    model: Model, photos: list[Pixels], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def convert(graph: Graph, dtype: str, seen: object) -> Artifact:
        made.append(dtype)
        return Artifact(b"", ".onnx", graph.inputs, graph.outputs)

    monkeypatch.setitem(building.CONVERTERS, "onnx", convert)
    monkeypatch.setattr(qnn_backend, "convert", lambda graph, artifact, hexagon: artifact)
    names = ["onnx-fp32", "onnx-w8a8", "qnn-w8a8", "qnn-w8a16"]
    assert len(building.make(model, targets.find(names), photos)) == 8
    assert made == ["fp32", "w8a8", "w8a16"]


def test_scales_of_grey_levels_fold_into_the_first_and_last_convolutions(model: Model) -> None:
    graph = model.graphs[0]
    program = trace_for_grey_levels(graph)
    assert not any("mul" in str(node.target) for node in program.graph.nodes)
    image = torch.rand(1, 3, 128, 128)
    with torch.inference_mode():
        torch.testing.assert_close(program(255 * image) / 255, graph.net(image), atol=1e-5, rtol=0)


def test_a_core_ml_package_holds_the_weights_of_torch_and_takes_listed_sizes(model: Model) -> None:
    needs("coremltools", "coreml")
    from nitido_export.coreml_session import read

    artifact = coreml_backend.convert(model.graphs[0])
    assert artifact.content == coreml_backend.convert(model.graphs[0]).content
    program = read(artifact.content)
    assert program.kinds == {"conv": 4, "relu": 2, "add": 1, "pixel_shuffle": 1, "cast": 2}
    net = model.graphs[0].net
    assert isinstance(net, SrNet)
    found = [value for value in program.constants.values() if getattr(value, "ndim", 0) == 4]
    body = next(value for value in found if value.shape == (6, 6, 3, 3))
    np.testing.assert_array_equal(body, net.body[0].weight.detach().half().numpy())
    assert (artifact.inputs[0].dtype, artifact.inputs[0].layout) == ("uint8", "NHWC")


@pytest.mark.parametrize("target", ["coreml-fp16", "coreml-w8"])
def test_a_core_ml_package_computes_what_torch_does_operation_by_operation(
    target: str, model: Model, photos: list[Pixels], tmp_path: Path
) -> None:
    needs("coremltools", "coreml")
    manifest = write_bundle(model, tmp_path / "sr-x2", targets.find([target]), photos)
    assert manifest.builds[0].parity["psnr_db"] >= targets.TARGETS[target].min_psnr_db


@pytest.mark.parametrize("target", ["qnn-fp16-v75", "qnn-w8a8-v75", "qnn-w8a16-v75"])
def test_qualcomms_npu_takes_the_whole_graph_and_computes_the_same(
    target: str, model: Model, photos: list[Pixels], tmp_path: Path
) -> None:
    needs("onnxruntime_qnn", "qnn")
    manifest = write_bundle(model, tmp_path / "sr-x2", targets.find([target]), photos)
    build = manifest.builds[0]
    assert build.file == f"main-{targets.TARGETS[target].dtype}-v75.qnn.onnx"
    assert build.inputs[0].shape == (1, 3, 128, 128)
    assert build.parity["psnr_db"] >= targets.TARGETS[target].min_psnr_db


@pytest.mark.parametrize("dtype", ["w8a8", "w8a16"])
def test_what_the_npu_is_given_has_fixed_sizes_and_computes_what_torch_does(
    dtype: targets.DType, model: Model, photos: list[Pixels]
) -> None:
    graph = model.graphs[0]
    artifact = onnx_backend.convert(graph, dtype, examples(graph, photos, 6))
    fixed = qnn_backend.fix_sizes(artifact, graph)
    session = onnxruntime.InferenceSession(fixed.content, providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == list(fixed.inputs[0].shape) == [1, 3, 128, 128]
    assert session.get_outputs()[0].shape == list(fixed.outputs[0].shape) == [1, 3, 256, 256]
    photo = np.ascontiguousarray(photos[0][:128, :128].transpose(2, 0, 1))[None]
    q = fixed.outputs[0].quantisation
    assert q is not None
    result = session.run(None, {"image": photo})[0] * q.scale
    with torch.inference_mode():
        expected = graph.net(torch.from_numpy(photo / np.float32(255))).clamp(0, 1).numpy()
    assert -10 * np.log10(np.mean((result - expected) ** 2)) > (30 if dtype == "w8a8" else 45)


def test_builds_of_another_size_are_proved_at_that_size(
    model: Model, photos: list[Pixels], tmp_path: Path
) -> None:
    wide = commands.sized(model, "160x96")
    manifest = write_bundle(wide, tmp_path / "sr-x2", targets.find(["litert-fp32"]), photos)
    assert manifest.builds[0].inputs[0].shape == (1, 96, 160, 3)
    assert Bundle.open(tmp_path / "sr-x2").select().outputs[0].shape == (1, 192, 320, 3)
    for wrong in ("wide", "0", "12x12"):
        with pytest.raises(InvalidOption, match="as in 512 or 1280x720"):
            commands.sized(model, wrong)
    uneven = replace(model, graphs=(replace(model.graphs[0], multiple=8),))
    with pytest.raises(InvalidOption, match="multiples of 8"):
        commands.sized(uneven, "100x96")


def test_a_sample_verifies_a_port_from_its_files_alone(
    sr_bundle: tuple[Path, Manifest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "port"
    command = ["sample", str(sr_bundle[0]), str(folder), "--target", "onnx-fp32"]
    assert cli.main(command) == cli.main(command) == 0
    table = json.loads((folder / "sample.json").read_text())
    (into,), (out,) = table["in"], table["out"]
    for entry in (table["model"], into, out):
        assert hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    image = np.frombuffer((folder / into["file"]).read_bytes(), np.dtype(into["dtype"]).newbyteorder("<"))
    expected = np.frombuffer((folder / out["file"]).read_bytes(), out["dtype"]).reshape(out["shape"])
    session = onnxruntime.InferenceSession(
        str(folder / table["model"]["file"]), providers=["CPUExecutionProvider"]
    )
    (result,) = session.run(None, {into["tensor"]["name"]: image.reshape(into["shape"])})
    levels = np.clip(np.floor(255 * result[0].transpose(1, 2, 0) + 0.5), 0, 255)
    assert np.abs(levels - expected).max() <= 1  # values between two grey levels
    steps = (folder / "README.md").read_text()
    assert "level / 255" in steps
    assert "floor(255 * value + 0.5)" in steps


def test_a_sample_does_not_replace_a_folder_of_other_files(
    sr_bundle: tuple[Path, Manifest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"photo")
    assert cli.main(["sample", str(sr_bundle[0]), str(tmp_path)]) == 1
    assert "folder with a sample.json" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["holiday.jpg"]
