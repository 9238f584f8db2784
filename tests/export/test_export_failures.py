"""Every failure has a name and a way out, and leaves no half bundle behind."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from nitido.bundle.manifest import Manifest
from nitido.photo.model import Pixels
from nitido_export import building, cli, litert_backend, model_card, onnx_backend, parity, targets
from nitido_export.artifact import Artifact
from nitido_export.bundle_writer import write_bundle
from nitido_export.errors import (
    BundleNotWritten,
    CheckpointMismatch,
    CheckpointMissing,
    ExportError,
    ParityError,
    SamplesMissing,
    TargetUnavailable,
    TargetUnknown,
)
from nitido_export.families import open_model
from nitido_export.graphs import Graph
from nitido_train.nets.sr import SrConfig, SrNet

ONNX = targets.find(["onnx-fp32"])


@pytest.fixture
def converted(sr_bundle: tuple[Path, Manifest], monkeypatch: pytest.MonkeyPatch) -> None:
    """Conversion answers at once with what was converted before."""
    build = sr_bundle[1].builds[0]
    content = (sr_bundle[0] / build.file).read_bytes()
    artifact = Artifact(content, ".onnx", build.inputs, build.outputs)
    monkeypatch.setitem(building.CONVERTERS, "onnx", lambda graph, dtype, examples: artifact)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def no_space(*_: Any, **__: Any) -> str:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.usefixtures("converted")
def test_a_full_disk_leaves_nothing_behind(
    sr_checkpoint: Path, photos: list[Pixels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_card, "render", no_space)
    with pytest.raises(BundleNotWritten, match=r"No space left on device.*free some space"):
        write_bundle(open_model(sr_checkpoint), tmp_path / "sr-x2", ONNX, photos)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("converted")
def test_an_export_that_fails_keeps_the_older_bundle_and_one_that_works_replaces_it(
    sr_checkpoint: Path, photos: list[Pixels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sr-x2"
    write_bundle(open_model(sr_checkpoint), folder, ONNX, photos)
    before = contents(folder)
    newer = replace(open_model(sr_checkpoint), description="Newer.")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", no_space)
        with pytest.raises(BundleNotWritten):
            write_bundle(newer, folder, ONNX, photos)
    assert contents(folder) == before
    write_bundle(newer, folder, ONNX, photos)
    assert json.loads((folder / "manifest.json").read_text())["description"] == "Newer."
    assert [file.name for file in tmp_path.iterdir()] == ["sr-x2"]


@pytest.mark.usefixtures("converted")
def test_what_a_killed_export_left_is_removed_by_the_next(
    sr_checkpoint: Path, photos: list[Pixels], tmp_path: Path
) -> None:
    left = tmp_path / ".sr-x2.partial"
    left.mkdir()
    (left / "half.onnx").write_bytes(b"half")
    write_bundle(open_model(sr_checkpoint), tmp_path / "sr-x2", ONNX, photos)
    assert [file.name for file in tmp_path.iterdir()] == ["sr-x2"]
    assert "half.onnx" not in contents(tmp_path / "sr-x2")


@pytest.mark.usefixtures("converted")
def test_a_folder_of_other_files_is_not_replaced(
    sr_checkpoint: Path, photos: list[Pixels], tmp_path: Path
) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"photo")
    with pytest.raises(BundleNotWritten, match="choose another -o"):
        write_bundle(open_model(sr_checkpoint), tmp_path, ONNX, photos)
    assert contents(tmp_path) == {"holiday.jpg": b"photo"}


@pytest.mark.parametrize("error", [0.05, 0.0002], ids=["gross", "below what golden vectors show"])
def test_a_build_that_computes_something_else_is_refused(
    error: float, sr_checkpoint: Path, photos: list[Pixels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(graph: Graph, *_: Any) -> Artifact:
        net = SrNet(SrConfig(2, 6, 1)).eval()
        net.load_state_dict(graph.net.state_dict())
        with torch.no_grad():
            net.tail.weight += error
        return onnx_backend.convert(replace(graph, net=net))

    monkeypatch.setitem(building.CONVERTERS, "onnx", wrong)
    with pytest.raises(ParityError, match="onnx-fp32"):
        write_bundle(open_model(sr_checkpoint), tmp_path / "sr-x2", ONNX, photos)
    assert list(tmp_path.iterdir()) == []


def test_vectors_have_their_own_threshold() -> None:
    graph = Graph("blur", torch.nn.Identity(), (), (), dict)
    allowed = parity.limits(graph, ONNX[0], [])
    parity.check(graph, ONNX[0], {"max_abs": 1e-5}, allowed)
    with pytest.raises(ParityError, match=r"within 0\.0001 of torch, got 0\.001"):
        parity.check(graph, ONNX[0], {"max_abs": 1e-3}, allowed)


def test_a_checkpoint_of_another_network_is_named(sr_checkpoint: Path, tmp_path: Path) -> None:
    file = tmp_path / "sr-x3.safetensors"
    file.write_bytes(sr_checkpoint.read_bytes())
    provenance = json.loads(sr_checkpoint.with_suffix(".json").read_text())
    file.with_suffix(".json").write_text(
        json.dumps(provenance | {"network": {"scale": 3, "width": 6, "depth": 1}})
    )
    with pytest.raises(CheckpointMismatch, match="keep the two together"):
        open_model(file)
    file.with_suffix(".json").write_text(json.dumps(provenance | {"network": {"wings": 2}}))
    with pytest.raises(CheckpointMismatch, match="wings"):
        open_model(file)
    file.with_suffix(".json").write_text(json.dumps(provenance | {"recipe": "blur"}))
    with pytest.raises(CheckpointMismatch, match="recipe 'blur'"):
        open_model(file)
    file.with_suffix(".json").write_text("{}")
    with pytest.raises(CheckpointMismatch, match="provenance"):
        open_model(file)


@pytest.mark.parametrize("recipe", ["trigger", "trigger_lite", "trigger_finetune"])
@pytest.mark.parametrize(
    ("section", "key"),
    [("measured", "threshold_denoise"), ("config", "precision"), ("config", "view"), ("config", "enhancers")],
)
def test_a_trigger_without_what_its_decisions_need_is_not_exported(
    trigger_checkpoint: Path, tmp_path: Path, recipe: str, section: str, key: str
) -> None:
    file = Path(shutil.copy(trigger_checkpoint, tmp_path))
    provenance = json.loads(trigger_checkpoint.with_suffix(".json").read_text()) | {"recipe": recipe}
    file.with_suffix(".json").write_text(json.dumps(provenance))
    assert open_model(file).task.kind == "trigger"
    del provenance[section][key]
    file.with_suffix(".json").write_text(json.dumps(provenance))
    with pytest.raises(CheckpointMismatch, match=f"'{key}'; train it with nitido_train.recipes.{recipe}"):
        open_model(file)


def test_a_damaged_or_missing_checkpoint_is_named(sr_checkpoint: Path, tmp_path: Path) -> None:
    file = tmp_path / "sr-x2.safetensors"
    with pytest.raises(CheckpointMissing, match=r"sr-x2\.safetensors"):
        open_model(file)
    file.write_bytes(sr_checkpoint.read_bytes()[:200])
    with pytest.raises(CheckpointMissing, match=r"sr-x2\.json"):
        open_model(file)
    file.with_suffix(".json").write_text(sr_checkpoint.with_suffix(".json").read_text())
    with pytest.raises(CheckpointMismatch):
        open_model(file)


@pytest.mark.parametrize(
    ("convert", "package"), [(onnx_backend.convert, "onnxscript"), (litert_backend.convert, "litert_torch")]
)
def test_a_missing_converter_names_its_extra(
    convert: Any, package: str, sr_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(TargetUnavailable, match=rf"{package}.*pip install 'nitido\[export\]'"):
        convert(open_model(sr_checkpoint).graphs[0])


@pytest.mark.usefixtures("converted")
def test_samples_that_are_missing_or_too_small_are_named(
    sr_checkpoint: Path, photos: list[Pixels], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SamplesMissing, match="at least 128 x 128"):
        write_bundle(open_model(sr_checkpoint), tmp_path / "sr-x2", ONNX, photos[2:])
    assert (
        cli.main(["bundle", str(sr_checkpoint), "-o", str(tmp_path / "b"), "--samples", str(tmp_path)]) == 1
    )
    assert "--samples FOLDER" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_target_is_bad_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        cli.main(["bundle", "x.safetensors", "-o", str(tmp_path), "--targets", "onnx-fp32,coreml-fp7"]) == 2
    )
    assert "qnn-w8a16-v79, got coreml-fp7" in capsys.readouterr().err
    with pytest.raises(TargetUnknown):
        targets.find(["onnx"])


def test_a_folder_without_checkpoints_is_named(
    photos: list[Pixels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("nitido_export.commands.load_photos", lambda folder: photos)
    assert cli.main(["zoo", "--checkpoints", str(tmp_path), "-o", str(tmp_path)]) == 1
    assert "--checkpoints DIR" in capsys.readouterr().err


def test_the_command_line_without_torch_helps_and_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "nitido_export.commands", None)  # what an import without torch ends in
    assert cli.main(["zoo", "-o", str(tmp_path)]) == 1
    assert "pip install 'nitido[export]'" in capsys.readouterr().err
    check = "import sys, nitido_export.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_every_export_error_is_in_the_tree_of_the_module() -> None:
    from nitido_export import errors

    assert errors.__doc__
    for kind in ExportError.__subclasses__():
        assert kind.__name__ in errors.__doc__
