"""Where a graph runs: what was asked, what was got and why; and accelerators that compute something else."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nitido import cli
from nitido.bundle import Build, Bundle, read_manifest, write_manifest
from nitido.errors import BuildMissing, GoldenMismatch, InvalidOption, RuntimeUnavailable
from nitido.photo.model import Pixels
from nitido.runtime import open_session, ways
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import RuntimeInfo, Session, Tensors
from nitido.runtime.ways import Way
from nitido.upscaler import Upscaler

Network = Callable[[Pixels, int], Pixels]


class FakeNpu:
    """Computes the tiny network, some of its red channel wrong, and counts its runs."""

    def __init__(self, network: Network) -> None:
        self.network, self.shift, self.runs, self.missing = network, 1.0, 0, ""

    def open(self, path: Path, build: Build, threads: int | None, way: Way, hardware: bool) -> Session:
        if self.missing:
            raise RuntimeUnavailable(self.missing)
        info = RuntimeInfo("fancy", "1.0", "npu (fancy)", build.target, None)
        return FunctionSession(self, build, info=info)

    def __call__(self, inputs: Tensors) -> Tensors:
        self.runs += 1
        pixels = np.rint(inputs["image"][0].transpose(1, 2, 0) * 255).astype(np.uint8)
        result: NDArray[Any] = self.network(pixels, 2).transpose(2, 0, 1)[None].astype(np.float32) / 255
        result[:, 0] *= self.shift
        return {"upscaled": result}


@pytest.fixture
def npu(tiny_network: Network, monkeypatch: pytest.MonkeyPatch) -> FakeNpu:
    """A fancy NPU is the best device, and then there is the CPU."""
    fake = FakeNpu(tiny_network)
    cpu = tuple(way for way in ways.WAYS if way.device == "cpu")
    monkeypatch.setattr(ways, "WAYS", (Way("onnx", "fancy", "npu", "fancy"), *cpu))
    monkeypatch.setitem(ways.BACKENDS, "fancy", fake.open)
    return fake


def test_auto_takes_the_best_device_and_says_so(tiny_bundle: Path, npu: FakeNpu) -> None:
    info = open_session(Bundle.open(tiny_bundle), device="auto").info
    assert info.device == "npu (fancy)"
    assert str(info.placement) == "asked for any runtime on auto; got onnx-fp32 on npu through fancy"


def test_the_golden_check_runs_once_for_each_runtime_and_version(tiny_bundle: Path, npu: FakeNpu) -> None:
    for _ in range(3):
        open_session(Bundle.open(tiny_bundle), device="npu")
    assert npu.runs == 1


def test_an_accelerator_one_channel_of_which_is_shifted_by_3_percent_is_refused(
    tiny_bundle: Path, npu: FakeNpu
) -> None:
    npu.shift = 1.03
    with pytest.raises(
        GoldenMismatch, match=r"npu .fancy.*does not compute what the bundle's golden vectors"
    ):
        open_session(Bundle.open(tiny_bundle), device="npu")
    with pytest.raises(GoldenMismatch):
        open_session(Bundle.open(tiny_bundle), device="auto", mismatch="raise")


def test_auto_passes_a_wrong_accelerator_over_with_a_warning_that_names_both(
    tiny_bundle: Path, npu: FakeNpu
) -> None:
    npu.shift = 1.03
    with pytest.warns(RuntimeWarning, match=r"onnx-fp32 on npu .fancy.*; instead runs onnx-fp32 on cpu"):
        upscaler = Upscaler.open(tiny_bundle, device="auto")
    assert upscaler.info.device == "cpu"
    assert upscaler.info.placement is not None
    refused, taken = upscaler.info.placement.attempts
    assert (refused.device, taken.device, taken.outcome) == ("npu", "cpu", "")
    assert "golden vectors" in refused.outcome


def with_a_spoilt_build_first(folder: Path) -> None:
    """A build ``onnx-fp16`` in front, whose file has one weight changed and the hash of that."""
    onnx: Any = pytest.importorskip("onnx", reason="needs onnx to change a model file")
    model = onnx.load(folder / "main.onnx")
    constant = next(c for c in model.graph.initializer if c.name == "after")
    weights = onnx.numpy_helper.to_array(constant).copy()
    weights[1, 1, 1, 1] *= 0.97
    constant.CopyFrom(onnx.numpy_helper.from_array(weights, "after"))
    content = model.SerializeToString()
    (folder / "spoilt.onnx").write_bytes(content)
    file = folder / "manifest.json"
    manifest = read_manifest(file.read_text())
    sha256 = hashlib.sha256(content).hexdigest()
    spoilt = dataclasses.replace(
        manifest.builds[0], target="onnx-fp16", file="spoilt.onnx", sha256=sha256, bytes=len(content)
    )
    file.write_text(write_manifest(dataclasses.replace(manifest, builds=(spoilt, *manifest.builds))))


def test_a_spoilt_build_is_refused_or_falls_to_the_next_as_the_caller_chose(tiny_bundle: Path) -> None:
    with_a_spoilt_build_first(tiny_bundle)
    with pytest.raises(GoldenMismatch, match="onnx-fp16 on cpu"):
        open_session(Bundle.open(tiny_bundle))
    with pytest.warns(RuntimeWarning, match=r"onnx-fp16 on cpu.*instead runs onnx-fp32 on cpu"):
        session = open_session(Bundle.open(tiny_bundle), mismatch="next")
    assert (session.info.target, session.build.file) == ("onnx-fp32", "main.onnx")


def test_a_missing_accelerator_is_an_error_and_with_auto_a_reason(tiny_bundle: Path, npu: FakeNpu) -> None:
    npu.missing = "expected a fancy NPU, got none; buy one"
    with pytest.raises(RuntimeUnavailable, match="buy one"):
        open_session(Bundle.open(tiny_bundle), device="npu")
    placement = open_session(Bundle.open(tiny_bundle), device="auto").info.placement
    assert placement is not None
    assert placement.got is not None
    assert str(placement).splitlines() == [
        "asked for any runtime on auto; got onnx-fp32 on cpu through cpu",
        "  onnx-fp32 on npu through fancy: expected a fancy NPU, got none; buy one",
    ]


def test_a_provider_that_is_not_here_names_what_it_comes_with(tiny_bundle: Path) -> None:
    import onnxruntime

    if "NnapiExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this is a phone: NNAPI is here")
    with pytest.raises(RuntimeUnavailable, match="it comes with ONNX Runtime's package for Android"):
        open_session(Bundle.open(tiny_bundle), device="nnapi")


def test_every_attempt_is_told_when_nothing_takes_the_graph(tiny_bundle: Path, npu: FakeNpu) -> None:
    npu.missing = "expected a fancy NPU"
    with_a_spoilt_build_first(tiny_bundle)
    with pytest.raises(RuntimeUnavailable, match=r"(?s)onnx-fp16 on npu.*onnx-fp32 on npu.*such as cpu"):
        open_session(Bundle.open(tiny_bundle), device="npu")


def test_a_build_asked_for_by_name_is_the_only_one_tried(tiny_bundle: Path, npu: FakeNpu) -> None:
    with pytest.raises(BuildMissing):
        open_session(Bundle.open(tiny_bundle), runtime="qnn", device="auto")
    info = open_session(Bundle.open(tiny_bundle), runtime="onnx-fp32", device="cpu").info
    assert (info.target, npu.runs) == ("onnx-fp32", 0)


def test_an_unknown_way_to_take_a_mismatch_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(InvalidOption, match="raise or next"):
        open_session(Bundle.open(tiny_bundle), mismatch="ignore")  # type: ignore[arg-type]


def test_doctor_tells_for_each_device_what_runs_or_why_not(
    tiny_bundle: Path, npu: FakeNpu, capsys: pytest.CaptureFixture[str]
) -> None:
    npu.missing = "expected a fancy NPU, got none; buy one"
    assert cli.main(["doctor", "--model", str(tiny_bundle)]) == 0
    printed = capsys.readouterr().out
    assert "\ncpu: onnx-fp32 on cpu" in printed
    assert "\nnpu: none\nexpected a fancy NPU, got none; buy one" in printed
    assert cli.main(["doctor", "--json", "--model", str(tiny_bundle)]) == 0
    assert '"asked": "auto", "got": "onnx-fp32 on cpu' in capsys.readouterr().out


def test_helpers_that_stay_floats_run_on_the_cpu_under_the_npus_target(tiny_bundle: Path) -> None:
    file = tiny_bundle / "manifest.json"
    manifest = read_manifest(file.read_text())
    build = dataclasses.replace(manifest.builds[0], target="qnn-w8a8-v75")
    file.write_text(write_manifest(dataclasses.replace(manifest, builds=(build,))))
    info = open_session(Bundle.open(tiny_bundle), device="npu").info
    assert (info.target, info.device) == ("qnn-w8a8-v75", "cpu")
    assert "on cpu through cpu" in str(info.placement)
