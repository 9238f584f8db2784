"""Builds run in processes of their own compute the same, and what goes wrong there is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nitido.bundle.bundle import Bundle
from nitido.runtime import open_session
from nitido_export import targets
from nitido_export.apart import ApartSession
from nitido_export.bundle_writer import write_bundle
from nitido_export.errors import ParityError
from nitido_export.families import open_model


@pytest.fixture
def bundle(sr_checkpoint: Path, tmp_path: Path) -> Bundle:
    photo = np.random.default_rng(0).integers(0, 256, (130, 130, 3), dtype=np.uint8)
    write_bundle(open_model(sr_checkpoint), tmp_path / "bundle", targets.find(["onnx-fp32"]), [photo])
    return Bundle.open(tmp_path / "bundle")


def test_a_process_of_its_own_computes_the_same(bundle: Bundle) -> None:
    apart, here = ApartSession(bundle, bundle.builds()[0], "cpu", "a process"), open_session(bundle, "main")
    for side in (16, 24):
        image = np.random.default_rng(side).random((1, 3, side, side), dtype=np.float32)
        made, expected = (session.run({"image": image}) for session in (apart, here))
        assert list(made) == list(expected) == ["upscaled"]
        assert np.array_equal(made["upscaled"], expected["upscaled"])


def test_what_fails_there_is_told_with_its_reason(bundle: Bundle) -> None:
    apart = ApartSession(bundle, bundle.builds()[0], "abacus", "a process")
    with pytest.raises(ParityError, match=r"onnx-fp32 of the graph main did not run in a process: .*abacus"):
        apart.run({"image": np.zeros((1, 3, 16, 16), np.float32)})
