"""Builds of fewer bits: close to torch, whole numbers throughout, and refused when a scale is wrong."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]
from onnx import numpy_helper
from PIL import Image
from safetensors.torch import save_file

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import Build, Quantisation, TensorSpec
from nitido.photo.model import Pixels
from nitido.restorer import Restorer
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors
from nitido.upscaler import Upscaler
from nitido_export import building, calibration, cli, litert_backend, onnx_backend, parity, targets
from nitido_export.artifact import Artifact
from nitido_export.bundle_writer import write_bundle
from nitido_export.errors import ParityError, SamplesMissing, TargetUnavailable
from nitido_export.families import open_model
from nitido_export.graphs import Graph, Model, Values
from nitido_train.metrics import psnr
from nitido_train.nets.sr import SrConfig, SrNet
from nitido_train.quantise import QuantisedSr, observed_ranges
from nitido_train.tensors import to_pixels, to_tensor

NAMES = ["onnx-fp32", "onnx-fp16", "litert-fp16", "onnx-w8a8", "litert-w8a8", "litert-w8a16"]


@pytest.fixture(scope="module")
def model(save_checkpoint: Any, photos: list[Pixels], tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A chain whose skip carries the photo, as in trained ones, and whose ranges a training has fixed."""
    config = SrConfig(scale=2, width=6, depth=1)
    net, file = SrNet(config), tmp_path_factory.mktemp("checkpoints") / "sr-x2.safetensors"
    save_checkpoint(file, net, config, "sr_qat")
    with torch.no_grad():
        net.tail.weight *= 0.1
    save_file({name: tensor.contiguous() for name, tensor in net.state_dict().items()}, file)
    seen = observed_ranges(net, [to_tensor([photo]) for photo in photos])
    learned = {layer: (1.1 * low, 1.1 * high) for layer, (low, high) in seen.items()}  # not what is seen
    provenance = json.loads(file.with_suffix(".json").read_text())
    file.with_suffix(".json").write_text(json.dumps(provenance | {"ranges": learned}))
    return open_model(file)


@pytest.fixture(scope="module")
def bundle(model: Model, photos: list[Pixels], tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("bundles") / "sr-x2"
    write_bundle(model, folder, targets.find(NAMES), photos)
    return Bundle.open(folder)


def litert(bundle: Bundle, target: str) -> Any:
    return schema.ModelT.InitFromPackedBuf(bundle.path(bundle.select(runtime=target)).read_bytes(), 0)


def operations(model: Any) -> Counter[str]:
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    codes = [names[code.builtinCode] for code in model.operatorCodes]
    return Counter(codes[op.opcodeIndex] for op in model.subgraphs[0].operators)


def test_every_build_is_as_close_as_its_target_says(bundle: Bundle, photos: list[Pixels]) -> None:
    photo = photos[1][:150, :170]
    exact = Upscaler.open(bundle.folder)(photo)
    for name in NAMES[1:]:
        least = targets.TARGETS[name].min_psnr_db
        assert bundle.select(runtime=name).parity["psnr_db"] >= least
        result = Upscaler.open(bundle.folder, runtime=name)(photo)
        # Both are rounded to grey levels, which alone is 56 dB apart; the photo is none of the measured ones.
        assert psnr(result, exact) >= min(least, 54) - 1, name


def test_upscalers_ship_in_eight_bits_too_and_float_comes_first() -> None:
    shipped = [target.name for target in targets.find(recipe="sr")]
    assert shipped == ["onnx-fp32", "litert-fp32", "onnx-w8a8", "litert-w8a8"]
    assert [target.name for target in targets.find(recipe="trigger")] == ["onnx-fp32", "litert-fp32"]
    assert [target.name for target in targets.find(["litert-w8a16"], "sr")] == ["litert-w8a16"]


def test_float_builds_are_chosen_unless_another_is_named(bundle: Bundle) -> None:
    assert bundle.select().target == bundle.select(runtime="onnx").target == "onnx-fp32"
    assert Upscaler.open(bundle.folder, runtime="onnx-w8a8").info.target == "onnx-w8a8"


@pytest.mark.parametrize("target", ["onnx-w8a8", "litert-w8a8"])
def test_eight_bit_images_are_grey_levels(bundle: Bundle, target: str) -> None:
    build = bundle.select(runtime=target)
    for spec in (*build.inputs, *build.outputs):
        assert spec.dtype == "uint8"
        assert spec.quantisation is not None
        assert spec.quantisation.zero_point == 0
        assert spec.quantisation.scale == pytest.approx(1 / 255)


def test_litert_computes_in_whole_numbers_throughout(bundle: Bundle) -> None:
    found = {name: operations(litert(bundle, name)) for name in ("litert-w8a8", "litert-w8a16")}
    whole = {"CONV_2D": 4, "ADD": 1, "DEPTH_TO_SPACE": 1}
    # LiteRT has no depth-to-space for 16 bits: it stays in floats.
    assert found["litert-w8a16"] == whole | {"DEQUANTIZE": 1, "QUANTIZE": 1}
    assert found["litert-w8a8"] == whole | {"QUANTIZE": 2}  # from and to uint8: a change of sign


def test_onnx_runtime_computes_in_whole_numbers_throughout(bundle: Bundle, tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    file = bundle.path(bundle.select(runtime="onnx-w8a8"))
    onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    found = Counter(node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node)
    assert found == {"QLinearConv": 4, "QLinearAdd": 1, "DepthToSpace": 1}


def test_the_same_photos_make_the_same_bytes(model: Model, photos: list[Pixels], bundle: Bundle) -> None:
    seen = calibration.examples(model.graphs[0], photos)
    for target, convert in (("onnx-w8a8", onnx_backend.convert), ("litert-w8a8", litert_backend.convert)):
        again = convert(model.graphs[0], "w8a8", seen).content
        assert again == bundle.path(bundle.select(runtime=target)).read_bytes()


def test_weights_are_signed_with_a_scale_for_each_channel(bundle: Bundle) -> None:
    made = onnx.load(bundle.path(bundle.select(runtime="onnx-w8a8"))).graph.initializer
    constants = {constant.name: numpy_helper.to_array(constant) for constant in made}
    assert constants["head.weight_stored"].dtype == np.int8
    assert constants["head.weight_scale"].shape == (6,)
    assert np.abs(constants["head.weight_stored"]).max((1, 2, 3)).tolist() == [127] * 6
    assert constants["head.bias_stored"].dtype == np.int32


def test_learned_ranges_are_those_of_the_builds(bundle: Bundle, model: Model) -> None:
    made = onnx.load(bundle.path(bundle.select(runtime="onnx-w8a8"))).graph.initializer
    scales = {c.name: float(numpy_helper.to_array(c)) for c in made if numpy_helper.to_array(c).ndim == 0}
    learned = [(high - low) / 255 for low, high in model.graphs[0].ranges.values()]
    tensors = litert(bundle, "litert-w8a8").subgraphs[0].tensors
    stored = [float(t.quantization.scale[0]) for t in tensors if t.type == schema.TensorType.INT8]
    for scale in learned:
        assert any(found == pytest.approx(scale) for found in scales.values())
        assert any(found == pytest.approx(scale) for found in stored)


def test_builds_compute_what_the_training_for_eight_bits_computed(
    bundle: Bundle, model: Model, photos: list[Pixels]
) -> None:
    net = model.graphs[0].net
    assert isinstance(net, SrNet)
    photo = np.ascontiguousarray(photos[1][:100, :120])
    with torch.inference_mode():
        trained = to_pixels(QuantisedSr(net, dict(model.graphs[0].ranges))(to_tensor([photo]))[0])
    for target in ("onnx-w8a8", "litert-w8a8"):
        apart = np.abs(Upscaler.open(bundle.folder, runtime=target)(photo).astype(int) - trained)
        # Runtimes round halves their own way, and one step of a feature moves a result by a level or two.
        assert np.mean(apart > 0) < 0.1, target
        assert apart.max() <= 3, target


def wrong_scale(graph: Graph, dtype: Any, examples: Sequence[Values]) -> Artifact:
    """The first layer's weights mean half as much again as they should."""
    artifact = onnx_backend.convert(graph, dtype, examples)
    made = onnx.load_from_string(artifact.content)
    (constant,) = [c for c in made.graph.initializer if c.name == "head.weight_scale"]
    scale = numpy_helper.to_array(constant) * np.float32(1.5)
    constant.CopyFrom(numpy_helper.from_array(scale, constant.name))
    return replace(artifact, content=made.SerializeToString())


def wrong_range(graph: Graph, dtype: Any, examples: Sequence[Values]) -> Artifact:
    """What the last layer adds to the photo is cut off at two grey levels."""
    return litert_backend.convert(
        replace(graph, ranges={**graph.ranges, "tail": (-0.01, 0.01)}), dtype, examples
    )


@pytest.mark.parametrize(("target", "wrong"), [("onnx-w8a8", wrong_scale), ("litert-w8a8", wrong_range)])
def test_a_wrong_scale_is_refused(
    target: str,
    wrong: Any,
    model: Model,
    photos: list[Pixels],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(building.CONVERTERS, target.split("-")[0], wrong)
    with pytest.raises(ParityError, match=target):
        write_bundle(model, tmp_path / "sr-x2", targets.find([target]), photos)
    assert list(tmp_path.iterdir()) == []


def test_calibration_sees_every_photo_at_two_sizes_and_the_same_crops_each_time(
    model: Model, photos: list[Pixels]
) -> None:
    made, again = (calibration.examples(model.graphs[0], photos) for _ in range(2))
    assert len(made) == calibration.EXAMPLES
    assert {values["image"].shape for values in made} == {(128, 128, 3)}
    assert all(np.array_equal(one["image"], other["image"]) for one, other in zip(made, again, strict=True))
    assert len({values["image"].tobytes() for values in made}) > 0.8 * len(made)  # few fit into a small photo
    with pytest.raises(SamplesMissing, match="--calibration FOLDER"):
        calibration.examples(model.graphs[0], photos[2:])


def test_ranges_hold_all_runs_and_zero_and_follow_moved_numbers() -> None:
    runs = [[("a", np.array([0.5, 2.0]))], [("a", np.array([1.0, 3.0])), ("b", np.array([-1.0]))]]
    seen = calibration.observe(runs)
    assert seen == {"a": (0.0, 3.0), "b": (-1.0, 0.0)}
    spans = calibration.settled(seen, {"c": (0.0, 1.0)}, [("b", "c")])
    assert spans == {"a": (0.0, 3.0), "b": (0.0, 1.0), "c": (0.0, 1.0)}
    assert calibration.settled(seen, {}, [("a", "b")])["b"] == (0.0, 3.0)


class Deep(torch.nn.Module):
    """A sum whose ReLU sees next to nothing of one summand: of 41 units only the uppermost."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.deep, self.last = (torch.nn.Conv2d(3, 3, 1) for _ in range(3))
        scales = {self.fine: [1.0, 1.0, 1.0], self.deep: [1.0, -40.0, 0.5], self.last: [0.5, 0.5, 0.5]}
        for layer, scale in scales.items():
            layer.weight.data = torch.diag(torch.tensor(scale)).view(3, 3, 1, 1)
            torch.nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.last(torch.relu(self.fine(image) + self.deep(image)))
        return found


def test_no_step_is_spent_on_what_a_relu_does_not_see(
    model: Model, photos: list[Pixels], tmp_path: Path
) -> None:
    free = (1, 3, None, None)
    graph = replace(
        model.graphs[0],
        net=Deep(),
        ranges={},
        outputs=(TensorSpec("upscaled", free),),
        example=lambda pixels: {"image": pixels},
        finest=frozenset(),
    )
    names = ["onnx-w8a8", "litert-w8a8"]
    manifest = write_bundle(replace(model, graphs=(graph,)), tmp_path / "deep", targets.find(names), photos)
    for build in manifest.builds:
        assert build.parity["psnr_db"] >= 45, build.target  # 34 with the whole range
    assert calibration.audible({"a": (-40.0, 1.0), "b": (0.0, 2.0)}, [("a", "b"), ("b", "a")]) == {
        "a": (-2.0, 1.0),
        "b": (0.0, 2.0),
    }


def test_zero_is_exactly_one_of_the_steps() -> None:
    assert calibration.unsigned((0.0, 255.0)) == Quantisation(1.0, 0)
    q = calibration.unsigned((-1.0, 2.0))
    assert q.scale == pytest.approx(3 / 255)
    assert q.zero_point == 85
    assert calibration.unsigned((0.0, 0.0)).scale > 0  # a tensor that never held anything


def test_vectors_may_differ_by_a_share_of_what_they_span(photos: list[Pixels]) -> None:
    class Mean(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return image.mean((2, 3))

    graph = Graph(
        "main",
        Mean(),
        (TensorSpec("image", (1, 3, 32, 32)),),
        (TensorSpec("score", (1, 3), layout="NC"),),
        lambda pixels: {"image": pixels[:32, :32]},
    )
    means = [photo[:32, :32].mean((0, 1)) / 255 for photo in photos]
    allowed = parity.limits(graph, targets.TARGETS["onnx-w8a8"], photos)
    assert allowed == {"max_abs": pytest.approx(0.02 * np.ptp(means), rel=1e-3)}


def test_what_is_stated_holds_of_golden_vectors_too_and_is_rounded_to_the_cautious_side(
    photos: list[Pixels],
) -> None:
    free = (1, 3, None, None)
    image, same = TensorSpec("image", free), TensorSpec("restored", free)
    graph = Graph("main", torch.nn.Identity(), (image,), (same,), lambda pixels: {"image": pixels[:32, :32]})
    build = Build("main", "onnx-fp32", "x", "0" * 64, 1, (image,), (same,), {})

    def wrong_on_black(found: Tensors) -> Tensors:
        return {"restored": found["image"] + np.float32(0.1 * (found["image"].max() == 0))}

    session = FunctionSession(wrong_on_black, build)
    assert parity.measure(graph, session, photos)["psnr_db"] == parity.IDENTICAL_DB
    black = {"image": np.zeros((32, 32, 3), np.uint8)}
    found = parity.measure(graph, session, photos, [black])
    assert found["psnr_db"] == pytest.approx(20, abs=1e-3)
    assert parity.stated({"psnr_db": 39.98, "rank": 0.98999, "max_abs": 0.0127}) == {
        "psnr_db": 39.0,
        "rank": 0.9899,
        "max_abs": 0.02,
    }


def test_a_calibration_folder_without_photos_is_named(
    model: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    Image.new("RGB", (200, 200)).save(tmp_path / "photo.png")
    words = ["bundle", "x.safetensors", "-o", str(tmp_path / "b"), "--samples", str(tmp_path)]
    assert cli.main([*words, "--calibration", str(tmp_path / "empty")]) == 1
    assert "--calibration FOLDER" in capsys.readouterr().err


def test_a_missing_quantiser_names_its_extra(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "nitido_export.litert_quantise", raising=False)
    monkeypatch.setitem(sys.modules, "ai_edge_quantizer", None)
    with pytest.raises(TargetUnavailable, match=r"ai_edge_quantizer.*pip install 'nitido\[export\]'"):
        litert_backend.convert(model.graphs[0])


def test_observed_ranges_hold_what_layers_make(model: Model, photos: list[Pixels]) -> None:
    net = model.graphs[0].net
    assert isinstance(net, SrNet)
    ranges = observed_ranges(net, [to_tensor([photos[1][:64, :64]])])
    assert list(ranges) == ["head", "body.0", "tail"]
    assert ranges["head"][0] == 0.0 < ranges["head"][1]
    assert ranges["tail"][0] < 0 < ranges["tail"][1]


def test_a_helper_graph_stays_in_floats_and_its_file_serves_all_targets(
    restore_checkpoint: Path, photos: list[Pixels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "examples", lambda graph, seen: calibration.examples(graph, seen, 2))
    exact, eight = targets.find(["onnx-fp32", "onnx-w8a8"])
    # Random weights, seen on two crops: what they lose is not what this is about.
    chosen = (exact, replace(eight, min_psnr_db=10.0))
    made = write_bundle(open_model(restore_checkpoint), tmp_path / "restore", chosen, photos)
    files = {(build.graph, build.target): build.file for build in made.builds}
    assert files["blur", "onnx-w8a8"] == files["blur", "onnx-fp32"] == "blur-fp32.onnx"
    assert files["main", "onnx-w8a8"] == "main-w8a8.onnx"
    restorer = Restorer.open(tmp_path / "restore", runtime="onnx-w8a8")
    assert restorer.info.target == "onnx-w8a8"
    assert restorer(photos[2]).shape == photos[2].shape


def test_a_restorer_is_calibrated_on_many_kinds_of_damage_and_on_its_golden_example(
    restore_checkpoint: Path, photos: list[Pixels]
) -> None:
    graph = open_model(restore_checkpoint).graphs[0]
    golden, varied, *_ = made = calibration.examples(graph, photos, 3)
    assert len(made) == 6
    assert golden["strength"].tolist() == [1.0, 0.75, 0.5, 0.25]
    assert set(varied["strength"].tolist()) <= {0.0, 0.5, 1.0}
    assert len({values["image"].tobytes() for values in made}) > 3


def test_16_bits_subtract_photos_whatever_the_range_of_the_difference(
    restore_checkpoint: Path, photos: list[Pixels]
) -> None:
    """Their scales are powers of two, and so may that of the difference be: LiteRT refused finer ones."""
    model = open_model(restore_checkpoint)
    for graph, _, artifact in building.make(model, targets.find(["litert-w8a16"]), photos):
        interpreter = Interpreter(model_content=artifact.content)
        interpreter.allocate_tensors()
        assert "SUB" in {op["op_name"] for op in interpreter._get_ops_details()} or graph.name != "main"
