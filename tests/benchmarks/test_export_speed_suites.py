"""Suites int8-speed and depth-to-space: what takes turns, what it is compared with; no time is tested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nitido
from nitido.errors import WrongTask
from nitido.runtime import open_session
from nitido_bench import depth_to_space, int8_speed
from nitido_bench.suite import Row, markdown
from nitido_bench.timing import yardstick
from nitido_bench.timing.cases import Case, cases
from nitido_export.families import open_model
from nitido_export.proving import operations

ROOT = Path(__file__).parents[2]
CHECKPOINTS = ROOT / "training" / "checkpoints"


def turns(*seconds: float) -> dict[str, Any]:
    """One launch of two rounds each, by number, with the yardsticks."""
    times = dict(enumerate(seconds))
    named = {str(number): value for number, value in times.items()}
    named |= dict.fromkeys((yardstick.MATMUL, yardstick.CONVOLUTION), 0.01)
    return {name: [[[value]] * 2] * 2 for name, value in named.items()}


def test_eight_bits_are_compared_with_floats_of_their_own_runtime() -> None:
    chosen = list(cases(["sr-x2"], int8_speed.TARGETS, ["cpu"], [1], [(32, 32)]))
    assert [case.target for case in chosen] == ["litert-fp16", "litert-w8a8", "onnx-fp32", "onnx-w8a8"]
    rows: list[Row] = list(int8_speed.rows(chosen, turns(0.04, 0.01, 0.02, 0.03)))
    assert [row.get("against") for row in rows] == [None, 0.25, None, 1.5]
    assert "| sr-x2 | onnx-w8a8 | 1 | 32x32 |" in markdown(int8_speed.SUITE, rows)


def test_all_upscalers_with_eight_bits_are_compared() -> None:
    assert set(int8_speed.with_eight_bits()) >= {"sr-x2", "sr-x3", "sr-x4"}
    assert not set(int8_speed.with_eight_bits()) & {"trigger", "restore", "faces"}


def test_convolutions_tell_how_much_they_compute_in_a_second() -> None:
    case = Case("sr-x2", "main", "onnx-w8a8", "cpu", 1, 32, 32)
    events: list[Row] = [
        {"table": "operations", "operation": "QLinearConv", "ms_per_run": 2.0},
        {"table": "operations", "operation": "QuantizeLinear", "ms_per_run": 1.0},
    ]
    convolution, other = int8_speed.with_speed(case, iter(events))
    graph = open_model(CHECKPOINTS / "sr-x2.safetensors").graphs[0]
    kernels = [value for name, value in graph.net.state_dict().items() if value.dim() == 4]
    per_pixel = 2 * sum(kernel.numel() for kernel in kernels)
    assert convolution["gflops"] == pytest.approx(per_pixel * 32 * 32 / 2e6, rel=1e-3)
    assert "gflops" not in other


def test_all_ways_to_write_the_last_step_compute_the_same(tmp_path: Path) -> None:
    model = open_model(CHECKPOINTS / "sr-x2.safetensors")
    places = depth_to_space.bundles(model, (64, 48), tmp_path, ROOT / "samples")
    kinds, results = {}, []
    image = np.random.default_rng(0).random((1, 64, 48, 3), np.float32)
    for name, place in places.items():
        bundle = nitido.Bundle.open(place)
        build = bundle.select("main", depth_to_space.TARGET)
        kinds[name] = operations.count(build, bundle.path(build))
        results.append(open_session(bundle, runtime=build.target).run({"image": image})["upscaled"])
    one, torchs, last = kinds.values()
    assert one["DEPTH_TO_SPACE"] == 1
    assert "TRANSPOSE" not in one
    assert torchs["TRANSPOSE"] > last["TRANSPOSE"] == 1
    assert "DEPTH_TO_SPACE" not in torchs | last
    for result in results:
        np.testing.assert_allclose(result, results[0], atol=1e-5)  # the order of additions
    named = {name: Case(str(p), "main", "litert-fp32", "cpu", 1, 64, 48) for name, p in places.items()}
    rows: list[Row] = list(depth_to_space.rows(named, turns(0.02, 0.03, 0.02)))
    assert [row["against"] for row in rows] == [1, 1.5, 1]
    assert "| sr-x2 | torch's chain |" in markdown(depth_to_space.SUITE, rows)


def test_only_upscalers_have_a_last_step_to_write(tmp_path: Path) -> None:
    model = open_model(CHECKPOINTS / "faces.safetensors")
    with pytest.raises(WrongTask, match="choose another --checkpoint"):
        depth_to_space.bundles(model, (64, 64), tmp_path, ROOT / "samples")
