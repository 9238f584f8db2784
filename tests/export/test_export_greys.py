"""Float LiteRT builds that take camera frames as they are: uint8 in and out, floats between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import Quantisation, TensorSpec
from nitido.photo.model import Pixels
from nitido.upscaler import Upscaler
from nitido_export import litert_backend, targets
from nitido_export.bundle_writer import write_bundle
from nitido_export.errors import ConversionFailed
from nitido_export.graphs import Model
from nitido_export.proving import matrix, provers
from nitido_export.proving.matrix import Row

NAMES = ("litert-fp32-u8", "litert-fp16-u8")


@pytest.fixture(scope="module")
def bundle(model: Model, photos: list[Pixels], tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("bundles") / "sr-x2"
    write_bundle(model, folder, targets.find(["litert-fp32", *NAMES]), photos)
    return Bundle.open(folder)


@pytest.fixture(scope="module")
def rows(bundle: Bundle, model: Model, photos: list[Pixels]) -> list[Row]:
    return list(matrix.prove(bundle, model, photos))


@pytest.mark.parametrize("target", NAMES)
def test_frames_go_in_and_come_out_as_grey_levels(target: str, bundle: Bundle) -> None:
    build = bundle.select(runtime=target)
    assert build.file == f"main-{targets.TARGETS[target].dtype}-u8.tflite"
    for spec in (*build.inputs, *build.outputs):
        assert (spec.dtype, spec.layout) == ("uint8", "NHWC")
        assert spec.quantisation == Quantisation(1 / 255, 0)
    assert build.parity["psnr_db"] >= targets.TARGETS[target].min_psnr_db


def test_the_result_is_that_of_the_float_build_rounded(bundle: Bundle, photos: list[Pixels]) -> None:
    exact = Upscaler.open(bundle.folder, runtime="litert-fp32")(photos[1]).astype(int)
    rounded = Upscaler.open(bundle.folder, runtime="litert-fp32-u8")(photos[1]).astype(int)
    assert np.abs(rounded - exact).max() <= 1  # values between two grey levels
    assert np.mean(rounded != exact) < 1e-3


def test_a_runtime_alone_still_means_the_float_build(bundle: Bundle) -> None:
    assert bundle.select(runtime="litert").target == "litert-fp32"


@pytest.mark.parametrize("target", NAMES)
@pytest.mark.parametrize("where", ["xnnpack", "gpu", "legacy"])
def test_the_whole_graph_runs_where_the_float_build_does(rows: list[Row], target: str, where: str) -> None:
    found = next(r for r in rows if r.target == target and r.where == provers.PROVERS[where].what)
    if found.outcome == "not run":
        pytest.skip(found.reason)
    assert (found.outcome, found.reason, found.refused) == ("proved", "", ())
    assert found.delegated in (None, 1.0)
    assert found.partitions in (None, 1)


def test_a_graph_without_images_has_no_such_build(model: Model) -> None:
    graph = model.graphs[0]
    numbers = replace(
        graph,
        net=torch.nn.Linear(4, 2).eval(),
        inputs=(TensorSpec("numbers", (1, 4), layout="NC"),),
        outputs=(TensorSpec("sums", (1, 2), layout="NC"),),
    )
    with pytest.raises(ConversionFailed, match="leave -u8 targets out"):
        litert_backend.convert(numbers, greys=True)
