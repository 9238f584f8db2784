"""What suite ``latency`` measures and counts; how long anything takes is not tested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import nitido
from nitido.bundle.manifest import Build, TensorSpec
from nitido.errors import BuildMissing
from nitido_bench import latency
from nitido_bench.cli import make_parser
from nitido_bench.errors import SizeRefused
from nitido_bench.suite import Row, markdown
from nitido_bench.timing import cases, operations, rows, work, yardstick
from nitido_bench.timing.cases import Case


def chosen(bundle: str, *targets: str, size: tuple[int, int] = (32, 48)) -> list[Case]:
    return list(cases.cases([bundle], targets or None, ["cpu"], [1], [size]))


def test_a_case_is_every_build_of_every_graph_at_every_size() -> None:
    found = list(cases.cases(["sr-x2", "restore"], None, ["cpu"], [1, 2], [(128, 128), (128, 136)]))
    upscaler = [case for case in found if case.bundle == "sr-x2"]
    builds = [b.target for b in nitido.Bundle.open("sr-x2").builds() if b.runtime in ("onnx", "litert")]
    assert len(upscaler) == 2 * 2 * len(builds)
    assert {case.size for case in upscaler} == {"128x128", "136x128"}
    assert {case.graph for case in found if case.bundle == "restore"} == {"main", "blur"}


def test_a_network_of_fixed_sides_is_timed_at_its_own_size_once() -> None:
    found = list(cases.cases(["trigger"], ["onnx-fp32"], ["cpu"], [1], [(32, 32), (64, 64)]))
    assert [case.size for case in found if case.graph == "main"] == ["448x448"]


def test_a_graph_without_images_has_no_size() -> None:
    (blur,) = [case for case in chosen("restore", "onnx-fp32", size=(128, 128)) if case.graph == "blur"]
    assert blur.size == "fixed"


def test_a_build_that_the_bundle_has_not_is_refused() -> None:
    with pytest.raises(BuildMissing, match="onnx-w4a4"):
        chosen("sr-x2", "onnx-fp32", "onnx-w4a4")


@pytest.mark.parametrize(
    ("bundle", "size"), [("sr-x2", (8, 64)), ("restore", (16, 512)), ("restore", (511, 512))]
)
def test_a_size_that_a_network_does_not_take_is_refused(bundle: str, size: tuple[int, int]) -> None:
    with pytest.raises(SizeRefused, match=f"{size[1]}x{size[0]}; choose another --size"):
        chosen(bundle, "onnx-fp32", size=size)


def test_every_input_of_a_graph_gets_a_tensor_of_its_kind() -> None:
    bundle = nitido.Bundle.open("sr-x2")
    build = Build(
        "main",
        "onnx-w8a8",
        "x",
        "0" * 64,
        1,
        inputs=(
            TensorSpec("image", (1, 3, None, None), "uint8"),
            TensorSpec("cues", (1, 12), layout="NC"),
            TensorSpec("coarse", (1, 4, 6, 3), "int8", layout="NHWC"),
        ),
        outputs=(),
        parity={},
    )
    made = cases.inputs(bundle, build, (20, 30))
    assert {name: (tensor.shape, tensor.dtype.name) for name, tensor in made.items()} == {
        "image": ((1, 3, 20, 30), "uint8"),
        "cues": ((1, 12), "float32"),
        "coarse": ((1, 4, 6, 3), "int8"),
    }
    assert made["image"].max() > 200


def model_file(
    folder: Path, nodes: list[Any], weights: dict[str, np.ndarray], inputs: dict[str, Any]
) -> Path:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    tensors = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "g", ends, [result], tensors)
    file = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), file)
    return file


def test_operations_are_counted_as_papers_do(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "a"], ["h"], strides=[2, 2], pads=[1, 1, 1, 1], group=2),
        helper.make_node("ConvTranspose", ["h", "b"], ["t"], strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["t"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "c"], ["y"], transB=1),
    ]
    weights = {"a": np.zeros((6, 2, 3, 3)), "b": np.zeros((6, 5, 2, 2)), "c": np.zeros((7, 5))}
    file = model_file(tmp_path, nodes, weights, {"x": [1, 4, "height", "width"]})
    strided = 5 * 10 * 6 * 2 * 9  # results of 5 x 10 pixels and 6 channels, each from 2 channels in 3 x 3
    transposed = 5 * 10 * 6 * 5 * 4  # every pixel into 2 x 2 of 5 channels
    assert work.macs(file, {"x": (1, 4, 10, 20)}) == strided + transposed + 5 * 7


def test_the_upscaler_computes_its_weights_times_its_pixels() -> None:
    bundle = nitido.Bundle.open("sr-x2")
    width, depth = (bundle.manifest.provenance["network"][key] for key in ("width", "depth"))
    head, body, tail, nearest = 27 * width, 9 * depth * width**2, 9 * width * 12, 3 * 12
    weights = head + body + tail + nearest
    assert work.flops(bundle, "main", (20, 30)) == 2 * weights * 20 * 30


def test_the_yardsticks_compute_what_is_said_of_them(tmp_path: Path) -> None:
    assert set(yardstick.steps(1)) == set(yardstick.FLOPS)
    square = np.zeros((1024, 1024))
    product = model_file(
        tmp_path, [helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": square}, {"x": [1024, 1024]}
    )
    assert 2 * work.macs(product, {"x": (1024, 1024)}) == yardstick.FLOPS[yardstick.MATMUL]
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
    kernels = {"w": np.zeros((64, 64, 3, 3))}
    convolution = model_file(tmp_path, [node], kernels, {"x": [1, 64, 128, 128]})
    assert 2 * work.macs(convolution, {"x": (1, 64, 128, 128)}) == yardstick.FLOPS[yardstick.CONVOLUTION]


def test_peak_and_share_follow_from_the_times() -> None:
    case = chosen("sr-x2", "onnx-fp32")[0]
    flops = work.flops(nitido.Bundle.open("sr-x2"), "main", (32, 48)) or 0
    turns = {
        yardstick.MATMUL: [[[yardstick.FLOPS[yardstick.MATMUL] / 80e9]] * 2] * 2,
        yardstick.CONVOLUTION: [[[0.01]] * 2] * 2,
    }
    peaks = rows.peak(turns)
    assert peaks["matrix_product_gflops"] == pytest.approx(80, rel=0.01)
    own = [[[flops / 40e9]] * 2] * 2
    row = rows.timed(case, own, turns, {"matrix_product_gflops": 80.0, "convolution_gflops": 70.0})
    assert row["of_peak"] == pytest.approx(0.5, rel=0.01)
    assert row["relative"] == pytest.approx(flops / 40e9 / 0.01, rel=0.01)
    eight_bits = rows.timed(chosen("sr-x2", "onnx-w8a8")[0], own, turns, peaks)
    assert "gflops" in eight_bits
    assert "of_peak" not in eight_bits  # the peak is one of floats


def test_profiled_runs_are_summed_without_those_that_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_WARM_UP", 1)
    events: list[dict[str, Any]] = []
    for number, took in enumerate((900_000, 2000, 4000)):
        start = 1_000_000 * number
        events.append({"cat": "Session", "name": "model_run", "ts": start})
        for name, kind, dur in (("a", "Conv", took), ("b", "Conv", took), ("c", "Relu", 1000)):
            for what in ("fence_before", "kernel_time"):
                event = {"cat": "Node", "name": f"{name}_{what}", "ts": start + 1, "args": {"op_name": kind}}
                events.append(event | {"dur": dur if what == "kernel_time" else 7})
    found = operations.summed(events, chosen("sr-x2", "onnx-fp32")[0])
    assert [(row["operation"], row["calls"], row["ms_per_run"]) for row in found] == [
        ("Conv", 2, 6.0),
        ("Relu", 1, 1.0),
    ]
    assert found[0]["share"] == pytest.approx(6 / 7, abs=1e-4)


def test_the_suite_measures_a_build_from_opening_to_operations() -> None:
    words = ["--bundle", "sr-x2", "--target", "onnx-fp32", "litert-w8a8", "--threads", "1", "--size", "48x32"]
    args = make_parser(["latency"]).parse_args(
        ["latency", *words, "--launches", "1", "--rounds", "2", "--sustain", "0.01"]
    )
    found: list[Row] = list(latency.SUITE.measure(args))
    timed = [row for row in found if row["table"] == "latency"]
    assert [row["target"] for row in timed] == ["onnx-fp32", "litert-w8a8"]
    for row in timed:
        assert row["size"] == "48x32"
        assert row["warm_up"] == 3
        assert int(row["samples"]) >= 2
        assert all(float(row[key]) > 0 for key in ("median_ms", "first_ms", "load_ms", "peak_mb", "gflops"))
        assert float(row["relative_low"]) <= float(row["relative"]) <= float(row["relative_high"])
        assert "drift" in row
    assert [row["threads"] for row in found if row["table"] == "peak"] == [1]
    assert "Conv" in {str(row["operation"]) for row in found if row["table"] == "operations"}
    assert markdown(latency.SUITE, found).count("|---|") >= 3
