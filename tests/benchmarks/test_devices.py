"""What phones' tools print is read, and a phone that goes away loses no row that was finished.

No phone is here: the outputs in ``recorded/`` were posted by people who had one (TensorFlow issues 42507 and
53138, XNNPACK issue 999, ComputeLibrary issue 850, ONNX Runtime issue 17313), and adb is a script.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nitido.errors import BuildMissing
from nitido_bench import devices
from nitido_bench.cli import main, make_parser
from nitido_bench.errors import OutputUnknown, PhoneGone, ToolFailed
from nitido_bench.phones import benchmark_model, coreml, perf_test
from nitido_bench.phones.shells import FOLDER, Adb, Here, battery_celsius, describe

RECORDED = Path(__file__).parent / "recorded"
ADB = """#!{python}
import pathlib, sys
words = sys.argv[1:]
state = pathlib.Path({state!r})
if words[0] == "push":
    print(words[1] + ": 1 file pushed, 0 skipped.")
    sys.exit()
command = words[-1]
if "getprop" in command:
    known = {{"ro.product.model": "Pixel 4", "ro.soc.model": "", "ro.build.version.release": "13"}}
    print(known[command.split()[-1]])
elif "dumpsys" in command:
    print("  level: 80\\n  temperature: 305\\n  technology: Li-ion")
elif "--graph" in command:
    state.write_text(state.read_text() + command + "\\n")
    if len(state.read_text().splitlines()) > {lasts}:
        sys.stderr.write("error: device 'abc' not found\\n")
        sys.exit(1)
    print(pathlib.Path({output!r}).read_text())
"""


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.txt").read_text()


@pytest.fixture
def phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts an ``adb`` on the path whose phone lasts for so many runs; returns what it was asked to run."""
    state = tmp_path / "commands"

    def make(lasts: int) -> Path:
        state.write_text("")
        folder = tmp_path / "bin"
        folder.mkdir()
        output = str(RECORDED / "benchmark_model_phone.txt")
        adb = folder / "adb"
        adb.write_text(ADB.format(python=sys.executable, state=str(state), lasts=lasts, output=output))
        adb.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        return state

    return make


def words(tmp_path: Path, *more: str) -> list[str]:
    tool = tmp_path / "benchmark_model"
    tool.write_text("a program")
    return ["devices", "--device", "adb", "--benchmark-model", str(tool), "--pause", "0", *more]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "benchmark_model_phone",
            {"runs": 50, "load_ms": 0.855, "first_ms": 49.06, "mean_ms": 33.2094, "memory_mb": 12.8672},
        ),
        (
            "benchmark_model_board",
            {"runs": 50, "load_ms": 18.777, "first_ms": 64.791, "mean_ms": 55.0432, "memory_mb": 18.7227},
        ),
    ],
)
def test_figures_of_benchmark_model_are_read(name: str, expected: dict[str, float]) -> None:
    row = benchmark_model.read(recorded(name))
    assert {key: row[key] for key in expected} == pytest.approx(expected)
    assert float(row["min_ms"]) <= float(row["mean_ms"]) <= float(row["max_ms"])


def test_medians_of_later_versions_of_benchmark_model_are_read() -> None:
    text = recorded("benchmark_model_phone").replace(
        "avg=33209.4 std=450", "avg=3.3e+04 std=450 p5=1 median=33100 p95=34000"
    )
    row = benchmark_model.read(text)
    assert (row["median_ms"], row["p95_ms"]) == (33.1, 34.0)


def test_the_operations_of_a_profiled_run_are_read() -> None:
    rows = benchmark_model.operations(recorded("benchmark_model_operations"))
    assert [row["operation"] for row in rows][:2] == ["CONV_2D", "DEPTHWISE_CONV_2D"]
    assert rows[0] == {"operation": "CONV_2D", "calls": 34, "ms_per_run": 266.475, "share": 0.75118}
    assert len(rows) == 4
    assert benchmark_model.operations(recorded("benchmark_model_phone")) == []


def test_figures_of_onnxruntime_perf_test_are_read() -> None:
    board = perf_test.read(recorded("perf_test_board"))
    assert board == {"runs": 10, "load_ms": 127.918, "mean_ms": 144.871, "memory_mb": 158.1711}
    statistics = perf_test.read(recorded("perf_test_statistics"))
    assert (statistics["runs"], statistics["median_ms"], statistics["p99_ms"]) == (1000, 58.7108, 61.9517)


@pytest.mark.parametrize("read", [benchmark_model.read, perf_test.read])
def test_output_of_another_form_is_a_named_error(read: Any) -> None:
    with pytest.raises(OutputUnknown, match="Segmentation fault"):
        read("Segmentation fault")


def test_free_sides_are_fixed_for_perf_test() -> None:
    command = perf_test.command("./tool", "a.onnx", "xnnpack", 2, 30, {"height": 64, "width": 96})
    assert " ".join(command) == "./tool -e xnnpack -m times -r 30 -x 2 -s -I -f height:64 -f width:96 a.onnx"


def test_every_build_of_a_phone_is_a_row(tmp_path: Path, phone: Any) -> None:
    commands = phone(lasts=9)
    args = make_parser(["devices"]).parse_args(words(tmp_path, "--accelerator", "cpu", "gpu"))
    rows = list(devices.SUITE.measure(args))
    assert [(row["target"], row["accelerator"]) for row in rows] == [
        ("litert-fp16", "cpu"),
        ("litert-fp16", "gpu"),
        ("litert-w8a8", "cpu"),
        ("litert-w8a8", "gpu"),
    ]
    assert {row["device"] for row in rows} == {"Pixel 4 (unknown chip, Android 13)"}
    assert {row["battery_celsius"] for row in rows} == {30.5}
    first, second = commands.read_text().splitlines()[:2]
    assert f"--graph={FOLDER}/sr-x2-main-fp16.tflite" in first
    assert "--use_gpu=true" in second
    assert "--use_gpu" not in first


def test_a_phone_that_goes_away_keeps_the_rows_before(
    tmp_path: Path, phone: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    phone(lasts=1)
    out = tmp_path / "results"
    assert main(words(tmp_path, "--out", str(out))) == 1
    said = capsys.readouterr().err
    assert "lost the phone" in said
    assert "connect it and run this again" in said
    (file,) = out.iterdir()
    assert file.name == "devices.partial.json"
    assert [row["target"] for row in json.loads(file.read_text())["rows"]] == ["litert-fp16"]


def test_a_build_that_the_bundle_has_not_is_refused_before_the_phone_is_asked(
    tmp_path: Path, phone: Any
) -> None:
    commands = phone(lasts=9)
    args = make_parser(["devices"]).parse_args(words(tmp_path, "--target", "litert-w4a4"))
    with pytest.raises(BuildMissing, match="litert-fp16"):
        list(devices.SUITE.measure(args))
    assert commands.read_text() == ""


def test_a_build_without_a_tool_is_refused(tmp_path: Path, phone: Any) -> None:
    phone(lasts=9)
    args = make_parser(["devices"]).parse_args(words(tmp_path, "--target", "onnx-fp32"))
    with pytest.raises(ToolFailed, match="--perf-test FILE"):
        list(devices.SUITE.measure(args))


def test_no_adb_no_phone_and_no_answer_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(ToolFailed, match="platform-tools"):
            Adb().run(["true"])
    with pytest.raises(PhoneGone, match=r"within 0\.2 s"):
        Here(seconds=0.2).run([sys.executable, "-c", "import time; time.sleep(9)"])
    code = "import sys; print('error: no devices/emulators found'); sys.exit(1)"
    with pytest.raises(PhoneGone, match="no devices"):
        Here().run([sys.executable, "-c", code])
    with pytest.raises(ToolFailed, match="ended with 3 and said: nothing"):
        Here().run([sys.executable, "-c", "raise SystemExit(3)"])


def test_a_phone_says_who_it_is_as_far_as_it_knows() -> None:
    shell: Any = SimpleNamespace(run=lambda words: "SM8550\n" if "ro.soc.model" in words else "\n")
    assert describe(shell) == "a phone (SM8550, Android ?)"
    assert battery_celsius(shell) is None


def test_core_ml_is_measured_by_the_inputs_that_a_package_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a stand-in for coremltools, which runs models on macOS alone: checks how it is used."""
    seen: list[dict[str, Any]] = []

    class Model:
        def __init__(self, place: str, compute_units: str) -> None:
            assert Path(place).name == "graph.mlpackage"
            assert compute_units == "neural engine"

        def get_spec(self) -> Any:
            image = SimpleNamespace(height=24, width=40)
            inputs = [
                SimpleNamespace(
                    name="image", type=SimpleNamespace(WhichOneof=lambda _: "imageType", imageType=image)
                ),
                SimpleNamespace(
                    name="strength",
                    type=SimpleNamespace(
                        WhichOneof=lambda _: "multiArrayType", multiArrayType=SimpleNamespace(shape=[1, 4])
                    ),
                ),
            ]
            return SimpleNamespace(description=SimpleNamespace(input=inputs))

        def predict(self, inputs: dict[str, Any]) -> None:
            seen.append(inputs)

    package = tmp_path / "main.mlpackage.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("graph.mlpackage/Manifest.json", "{}")
    units = SimpleNamespace(CPU_AND_NE="neural engine")
    fake = SimpleNamespace(ComputeUnit=units, models=SimpleNamespace(MLModel=Model))
    monkeypatch.setitem(sys.modules, "coremltools", fake)
    monkeypatch.setattr(sys, "platform", "darwin")
    row = coreml.measure(package, "npu", runs=4)
    assert row["runs"] == 4
    assert {"load_ms", "first_ms", "mean_ms", "median_ms", "p99_ms"} <= row.keys()
    assert seen[0]["image"].size == (40, 24)
    assert seen[0]["strength"].shape == (1, 4)
    assert seen[0]["strength"].dtype == np.float32


def test_core_ml_elsewhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(ToolFailed, match="run this on a Mac"):
        coreml.measure(tmp_path / "a.mlpackage", "cpu", runs=1)
