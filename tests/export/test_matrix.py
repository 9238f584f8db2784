"""The matrix of a bundle: what ran where, as a whole, how close to torch; and why something did not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import TensorSpec
from nitido.photo.model import Pixels
from nitido_export import building, cli, commands, parity, targets
from nitido_export.bundle_writer import write_bundle
from nitido_export.errors import BundleNotWritten, CheckpointMismatch, ConversionFailed, MatrixInvalid
from nitido_export.families import open_model
from nitido_export.graphs import FREE_IMAGE, Graph, Model
from nitido_export.proving import matrix, operations, provers, report
from nitido_export.proving.explain import explain
from nitido_export.proving.matrix import Row
from nitido_export.proving.page import render
from nitido_export.proving.processes import Answer, ask, without_paths

REFUSAL = """\
INFO: [gpu_environment.h:155] Created LiteRT GpuEnvironment.
ERROR: Following operations are not supported by GPU delegate:
BROADCAST_TO: Operation is not supported.
RELU_0_TO_1: Not supported op RELU_0_TO_1
2 operations will run on the GPU, and the remaining 8 operations will run on the CPU.
"""
"""What LiteRT 2.3 printed of a network with a clamp and a repeat."""


class Refused(nn.Module):
    """Enlarges with what the GPU delegate refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """Clamp and repeat."""
        x = self.convolution(image).clamp(0, 1)
        return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


@pytest.fixture(scope="module")
def model(sr_checkpoint: Path) -> Model:
    return open_model(sr_checkpoint)


@pytest.fixture(scope="module")
def bundle(model: Model, photos: list[Pixels], tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("bundles") / "sr-x2"
    names = ["onnx-fp32", "ort-fp32", "litert-fp32", "litert-w8a8"]
    write_bundle(model, folder, targets.find(names), photos)
    return Bundle.open(folder)


@pytest.fixture(scope="module")
def rows(bundle: Bundle, model: Model, photos: list[Pixels]) -> list[Row]:
    return list(matrix.prove(bundle, model, photos))


def row(rows: list[Row], target: str, where: str) -> Row:
    """The one of a build in a place; a test that needs what is not here is skipped with its reason."""
    found = next(r for r in rows if r.target == target and r.where == provers.PROVERS[where].what)
    if found.outcome == "not run":
        pytest.skip(found.reason)
    return found


@pytest.mark.parametrize(
    ("target", "where"), [("onnx-fp32", "cpu"), ("ort-fp32", "cpu"), ("litert-fp32", "xnnpack")]
)
def test_float_builds_are_what_torch_computes(rows: list[Row], target: str, where: str) -> None:
    found = row(rows, target, where)
    assert found.outcome == "proved"
    assert found.psnr_db is not None
    assert found.psnr_db >= targets.TARGETS[target].min_psnr_db


def test_the_float_graph_is_one_xnnpack_partition(rows: list[Row]) -> None:
    found = row(rows, "litert-fp32", "xnnpack")
    assert (found.delegated, found.partitions, found.refused) == (1.0, 1, ())
    assert found.operations == {"CONV_2D": 4, "ADD": 1, "DEPTH_TO_SPACE": 1}


def test_of_eight_bits_only_the_change_of_sign_stays_outside_the_one_partition(rows: list[Row]) -> None:
    found = row(rows, "litert-w8a8", "xnnpack")
    assert (found.partitions, found.refused) == (1, ("QUANTIZE", "QUANTIZE"))
    assert found.delegated == pytest.approx(6 / 8)


@pytest.mark.parametrize("target", ["litert-fp32", "litert-w8a8"])
def test_the_gpu_delegate_takes_the_whole_graph_and_computes_the_same(rows: list[Row], target: str) -> None:
    found = row(rows, target, "gpu")
    assert (found.outcome, found.delegated, found.reason) == ("proved", 1.0, "")


@pytest.mark.parametrize("target", ["litert-fp32", "litert-w8a8"])
def test_the_legacy_runtime_loads_the_builds_and_agrees(rows: list[Row], target: str) -> None:
    found = row(rows, target, "legacy")
    assert (found.outcome, found.runtime) == ("proved", "tflite-runtime 2.14.0")


def refused_graph() -> Graph:
    torch.manual_seed(0)
    return Graph(
        name="main",
        net=Refused().eval(),
        inputs=(TensorSpec("image", FREE_IMAGE),),
        outputs=(TensorSpec("upscaled", FREE_IMAGE),),
        example=lambda pixels: {"image": pixels},
        side=64,
    )


def test_a_graph_that_the_gpu_delegate_refuses_is_told_with_its_operations(
    model: Model, photos: list[Pixels], tmp_path: Path
) -> None:
    if reason := provers.PROVERS["gpu"].missing():
        pytest.skip(reason)
    bad = replace(model, graphs=(refused_graph(),))
    write_bundle(bad, tmp_path / "bad", targets.find(["litert-fp32"]), photos)
    found = row(list(matrix.prove(Bundle.open(tmp_path / "bad"), bad, photos)), "litert-fp32", "gpu")
    assert found.outcome == "refused"
    assert found.delegated is not None
    assert found.delegated < 1
    assert any("RELU_0_TO_1" in operation for operation in found.refused)


def test_the_delegates_words_become_a_share_and_a_list() -> None:
    found = operations.gpu(REFUSAL, whole=False)
    assert (found.share, found.partitions) == (0.2, 1)
    assert found.refused == (
        "BROADCAST_TO: Operation is not supported.",
        "RELU_0_TO_1: Not supported op RELU_0_TO_1",
    )


def test_explain_names_the_line_of_the_network() -> None:
    found = explain(refused_graph())
    clamp = next(refusal for refusal in found if "RELU_0_TO_1" in refusal.becomes)
    assert "test_matrix.py:" in clamp.where
    assert clamp.where.endswith("x = self.convolution(image).clamp(0, 1)")
    assert any(
        refusal.becomes == "BROADCAST_TO" and "repeat_interleave" in refusal.where for refusal in found
    )


def test_explain_finds_nothing_in_a_network_that_phones_run(
    sr_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_name = [sr_checkpoint.stem, "--checkpoints", str(sr_checkpoint.parent)]
    for named in ([str(sr_checkpoint)], by_name):
        assert cli.main(["explain", *named]) == 0
        assert "graph main: nothing that GPU delegates or NPUs are known to refuse" in capsys.readouterr().out


def test_what_is_left_to_the_processor_is_counted_by_kind(rows: list[Row]) -> None:
    left = replace(rows[0], refused=("CONV_2D", "CONV_2D", "ADD"))
    assert "leaves 2 CONV_2D, ADD" in report.markdown([left], {})


def test_the_matrix_is_json_markdown_and_one_section_of_the_card(bundle: Bundle, rows: list[Row]) -> None:
    for _ in range(2):
        report.write(bundle, rows, {"qnn-w8a8-v75": "no compiler"})
    known = json.loads((bundle.folder / report.JSON_FILE).read_text())
    assert (known["schema"], known["bundle"], len(known["rows"])) == (1, "sr-x2", len(rows))
    card = (bundle.folder / "MODEL_CARD.md").read_text()
    assert card.count(report.START) == card.count("## Proved where") == 1
    assert card.index("## Proved where") < card.index("## Limits")
    assert "`qnn-w8a8-v75` has no build: no compiler" in card
    assert "| main | `litert-fp32` |" in (bundle.folder / report.MARKDOWN_FILE).read_text()
    assert report.left_out_before(bundle) == {"qnn-w8a8-v75": "no compiler"}
    assert Bundle.open(bundle.folder).manifest == bundle.manifest


def test_what_is_missing_is_a_reason_in_the_matrix(
    bundle: Bundle, model: Model, photos: list[Pixels], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = {
        name: replace(p, missing=lambda: "no such thing: install it") for name, p in provers.PROVERS.items()
    }
    monkeypatch.setattr(provers, "PROVERS", gone)
    found = list(matrix.prove(bundle, model, photos))
    assert {r.outcome for r in found} == {"not run"}
    text = report.markdown(found, {})
    assert (
        "`litert-fp32` (main), LiteRT, GPU delegate (SwiftShader): not run: no such thing: install it" in text
    )


def test_every_missing_piece_names_its_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(provers.LEGACY, raising=False)
    monkeypatch.delenv("VK_ICD_FILENAMES", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("xnnpack", "gpu", "legacy", "npu", "coreml"):
        assert "install" in provers.PROVERS[name].missing(), name


def test_the_matrix_needs_the_checkpoint_of_the_bundle(
    bundle: Bundle, sr_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "sr-x2.safetensors"
    other.write_bytes(sr_checkpoint.read_bytes() + b" ")
    other.with_suffix(".json").write_bytes(sr_checkpoint.with_suffix(".json").read_bytes())
    with pytest.raises(CheckpointMismatch):
        commands._checkpoint_of(bundle, tmp_path)


def test_a_full_disk_keeps_the_older_matrix(
    bundle: Bundle, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    report.write(bundle, rows, {"a": "b"})
    before = (bundle.folder / report.JSON_FILE).read_bytes()

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(BundleNotWritten, match="No space left"):
        report.write(bundle, rows, {})
    assert (bundle.folder / report.JSON_FILE).read_bytes() == before
    assert not list(bundle.folder.glob("*.partial"))


def test_a_release_leaves_out_what_cannot_be_made_and_says_why(
    model: Model, photos: list[Pixels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ConversionFailed("the converter refused")

    monkeypatch.setitem(building.CONVERTERS, "litert", refuse)
    left_out: building.LeftOut = {}
    chosen = targets.find(["onnx-fp32", "litert-fp32"])
    manifest = write_bundle(model, tmp_path / "sr-x2", chosen, photos, left_out=left_out)
    assert [build.target for build in manifest.builds] == ["onnx-fp32"]
    assert left_out == {"litert-fp32": "the converter refused"}
    with pytest.raises(ConversionFailed):
        write_bundle(model, tmp_path / "strict", chosen, photos)
    assert not (tmp_path / "strict").exists()


def test_a_release_goes_on_where_it_stopped_and_past_models_that_cannot_be_made(
    sr_checkpoint: Path,
    photos: list[Pixels],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    checkpoints = tmp_path / "checkpoints"
    checkpoints.mkdir()
    for name in ("a-wide", "sr-x2"):
        for file in (sr_checkpoint, sr_checkpoint.with_suffix(".json")):
            shutil.copy(file, checkpoints / f"{name}{file.suffix}")

    def wide(file: Path) -> Model:
        made = open_model(file)
        return commands.sized(made, "4096") if file.stem == "a-wide" else made

    monkeypatch.setattr(commands, "load_photos", lambda folder: photos)
    monkeypatch.setattr(commands, "open_model", wide)
    command = ["release", "--checkpoints", str(checkpoints), "-o", str(tmp_path / "release")]
    command += ["--targets", "onnx-fp32", "--resume"]
    for told in ("  main onnx-fp32: ", "was proved already"):
        assert cli.main(command) == 1
        said = capsys.readouterr()
        assert "got none of a-wide, for the reasons above" in said.err
        assert "at least 4096 x 4096 pixels" in said.out
        assert told in said.out
        assert (told == "was proved already") == ("in ONNX Runtime, CPU: proved" not in said.out)
    assert [folder.name for folder in (tmp_path / "release").iterdir()] == ["sr-x2"]
    command[command.index("onnx-fp32")] = "onnx-fp32,onnx-fp16"  # a target that the matrix does not tell of
    assert cli.main(command) == 1
    assert "main onnx-fp16 in ONNX Runtime, CPU: proved" in capsys.readouterr().out


def test_a_process_that_fails_gives_its_last_error_and_one_that_crashes_its_signal() -> None:
    import sys

    failed = ask([sys.executable, "-c", "raise ValueError('no /home/somebody/x.onnx here')"])
    assert (failed.said, failed.reason) == (None, "ValueError: no x.onnx here")
    crashed = ask([sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"])
    assert crashed.reason == "the runtime crashed with signal 11"
    assert ask(["/no/such/program"]).reason.startswith("it could not be started")
    assert ask([sys.executable, "-c", "print('words'); print('{\"ms\": 1}')"]) == Answer(
        {"ms": 1}, 'words\n{"ms": 1}\n\n', ""
    )
    assert without_paths("see https://a.b/c and /x/y/z.onnx") == "see https://a.b/c and z.onnx"


def test_scores_that_change_their_order_are_refused() -> None:
    graph = Graph("main", nn.Identity(), (), (), dict)
    target = targets.TARGETS["onnx-w8a8"]
    parity.check(graph, target, {"max_abs": 0.0, "rank": 0.995}, {"max_abs": 1.0})
    with pytest.raises(Exception, match=r"rank photos as torch does .*got 0\.98"):
        parity.check(graph, target, {"max_abs": 0.0, "rank": 0.98}, {"max_abs": 1.0})


def test_rank_correlation_is_spearmans() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, 8, (2, 30))  # with ties
    scipy = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    expected = scipy.spearmanr(left, right).statistic
    assert parity.spearman(list(zip(left, right, strict=True))) == pytest.approx(expected)


def test_the_page_holds_the_matrix_of_every_bundle_and_counts_what_was_proved(
    bundle: Bundle, rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report.write(bundle, rows, {"qnn-w8a8-v75": "no compiler"})
    page = tmp_path / "docs" / "targets.md"
    for _ in range(2):
        assert cli.main(["page", str(bundle.folder), "-o", str(page), "--zoo", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [str(page), str(tmp_path / "docs/targets/sr-x2.json")]
    text = page.read_text()
    of_cpu = [r for r in rows if r.where == provers.PROVERS["cpu"].what]
    assert f"| [sr-x2](#sr-x2) | {len(of_cpu)} of {len(of_cpu)} |" in text
    assert text.count("## sr-x2") == 1
    assert "`qnn-w8a8-v75` has no build: no compiler" in text
    assert report.read(tmp_path / "docs/targets/sr-x2.json").rows == tuple(rows)


def test_the_page_puts_a_matrix_into_the_card_of_the_same_weights(
    bundle: Bundle, rows: list[Row], tmp_path: Path
) -> None:
    report.write(bundle, rows, {})
    zoo, page = tmp_path / "zoo", tmp_path / "targets.md"
    card = Path(shutil.copytree(bundle.folder, zoo / "sr-x2")) / report.CARD
    plain = "# sr-x2\n\n## Limits\n\nSome.\n"
    card.write_text(plain)
    known = json.loads((bundle.folder / report.JSON_FILE).read_text())
    (bundle.folder / report.JSON_FILE).write_text(json.dumps(known | {"id": "of other weights"}))
    command = ["page", "-o", str(page), "--zoo", str(zoo)]
    assert cli.main([*command, str(bundle.folder)]) == 0
    assert card.read_text() == plain
    report.write(bundle, rows, {})
    assert cli.main([*command, str(bundle.folder)]) == 0
    shown = card.read_text()
    assert shown.count("## Proved where") == 1
    assert shown.endswith("## Limits\n\nSome.\n")
    card.write_text(plain)
    assert cli.main(command) == 0  # matrices that are beside the page already
    assert card.read_text() == shown


def test_a_file_that_holds_no_matrix_is_refused(bundle: Bundle, rows: list[Row], tmp_path: Path) -> None:
    report.write(bundle, rows, {})
    known = json.loads((bundle.folder / report.JSON_FILE).read_text())
    for wrong in ({**known, "schema": 9}, {**known, "rows": [{"graph": "main"}]}, {}, []):
        (tmp_path / "matrix.json").write_text(json.dumps(wrong))
        with pytest.raises(MatrixInvalid, match="nitido-export release or matrix"):
            report.read(tmp_path / "matrix.json")
    with pytest.raises(MatrixInvalid, match="No such file"):
        report.read(tmp_path / "none.json")


def test_the_committed_page_is_that_of_the_committed_matrices() -> None:
    docs = Path(__file__).parents[2] / "docs"
    if not (docs / "targets.md").is_file():
        pytest.skip("no page is committed: nitido-export release, then nitido-export page")
    matrices = [report.read(file) for file in sorted((docs / "targets").glob("*.json"))]
    assert matrices
    assert (docs / "targets.md").read_text() == render(matrices)
