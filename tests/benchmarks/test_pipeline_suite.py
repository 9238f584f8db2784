"""What suite ``pipeline`` compares with what; how long anything takes is not tested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nitido
import nitido.trigger
from nitido_bench import pipeline
from nitido_bench.cli import make_parser
from nitido_bench.memory_probe import large_photo
from nitido_bench.suite import Row, markdown
from nitido_bench.timing import pipeline_probe
from nitido_bench.timing.spread import Ratio


def test_a_goal_is_met_or_missed_only_where_the_interval_tells() -> None:
    assert pipeline.verdict(Ratio(1.02, 1.0, 1.05)) == "met"
    assert pipeline.verdict(Ratio(1.04, 1.0, 1.08)) == "unclear"
    assert pipeline.verdict(Ratio(1.10, 1.06, 1.14)) == "missed"


def test_the_steps_of_a_photo_are_measured_though_its_trigger_would_leave_it() -> None:
    rows = list(pipeline.steps_of_a_photo(0.02, 1, "onnx", 1))
    assert [row["step"] for row in rows] == ["decode", "trigger", "enhance", "encode", "all"]
    assert sum(float(row["share"]) for row in rows[:-1]) == pytest.approx(1, abs=1e-3)


def test_sdk_and_bare_session_get_pixels_of_one_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bare call of an upscaler or restorer sees one tile, so that the sdk cuts nothing either."""
    runs: list[dict[str, tuple[int, ...]]] = []

    class Session:
        def __init__(self, real: Any) -> None:
            self.real, self.build, self.info, self.resizable = real, real.build, real.info, real.resizable

        def run(self, inputs: dict[str, Any]) -> Any:
            runs.append({name: tensor.shape for name, tensor in inputs.items()})
            return self.real.run(inputs)

    real_open = pipeline_probe.open_session
    monkeypatch.setattr(pipeline_probe, "open_session", lambda *a, **k: Session(real_open(*a, **k)))
    job = {
        "table": "overhead",
        "bundles": ["trigger", "sr-x2"],
        "megapixels": 0.2,
        "runtime": "onnx",
        "threads": 1,
    }
    for step in pipeline_probe.steps(job).values():
        step()
    assert len(runs) == 6
    assert runs[::2] == runs[1::2]


def test_the_bare_trigger_measures_the_same_cues_and_once_none(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    for module in (pipeline_probe, nitido.trigger):
        real = module.look
        monkeypatch.setattr(
            module, "look", lambda *a, m=module, r=real, **k: looks.append(m.__name__) or r(*a, **k)
        )
    job = {"table": "overhead", "bundles": ["trigger"], "megapixels": 0.2, "runtime": "onnx", "threads": 1}
    for step in pipeline_probe.steps(job).values():
        step()
    assert looks == ["nitido.trigger", pipeline_probe.__name__, "nitido.trigger"]


def test_restoring_is_compared_with_and_without_its_closed_forms() -> None:
    job = {"table": "overhead", "bundles": ["restore"], "megapixels": 0.2, "runtime": "onnx", "threads": 1}
    names = list(pipeline_probe.steps(job))
    assert [name.split("|")[1] for name in names] == ["sdk", "bare"] * 2
    assert names[0] == "restore|sdk"


def test_the_largest_tile_holds_the_photo_whole() -> None:
    assert max(large_photo(pipeline_probe.TILED_MEGAPIXELS).shape) <= pipeline.SIDES[0]
    steps = pipeline_probe.steps({"table": "tiles", "bundle": "sr-x2", "sides": (64, 40), "runtime": "onnx"})
    assert list(steps) == ["64", "40"]


def test_a_part_of_a_photo_has_its_size() -> None:
    assert pipeline_probe.photo_of(512, 512).shape == (512, 512, 3)
    assert pipeline_probe.photo_of(64, 64).std() > 5


def test_overheads_are_ratios_to_the_bare_session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def launch(module: str, job: dict[str, Any], effort: Any) -> dict[str, Any]:
        if job["table"] == "tiles":
            return {str(side): [[[0.1]] * 2] * 2 for side in pipeline.SIDES}
        names = {"sr-x2": 1.03, "restore, blur and JPEG undone first": 1.4}
        return {
            f"{what}|{side}": [[[0.1 * (share if side == "sdk" else 1)]] * 2] * 2
            for what, share in names.items()
            for side in ("sdk", "bare")
        }

    monkeypatch.setattr(pipeline, "launch", launch)
    monkeypatch.setattr(pipeline, "steps_of_a_photo", lambda *args: iter(()))
    args = make_parser(["pipeline"]).parse_args(["pipeline", "--bundle", "sr-x2", "--quick"])
    rows: list[Row] = list(pipeline.SUITE.measure(args))
    found = {str(row["call"]): row for row in rows if row["table"] == "overhead"}
    assert found["sr-x2"]["overhead"] == pytest.approx(0.03)
    assert found["sr-x2"]["goal"] == "met"
    assert "goal" not in found["restore, blur and JPEG undone first"]  # it computes more than the network
    assert [row["tile"] for row in rows if row["table"] == "tiles"] == list(pipeline.SIDES)
    assert "goal: at most 5 %" in markdown(pipeline.SUITE, rows)
    assert np.isfinite([float(row["ratio"]) for row in rows]).all()
    assert nitido.zoo.names()
