"""The colorizer around its network: what goes in, where colours go, how strength fades them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nitido.bundle.manifest import Build, ColorizeTask, TensorSpec
from nitido.chroma import chroma_of, luma_of
from nitido.colorizer import Colorizer
from nitido.errors import BundleInvalid, InvalidOption, NotGreyscale, WrongTask
from nitido.photo.model import Pixels
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors

SIDE, CELLS, UNSURE = 64, 16, 0.1
SPECS = {
    "NCHW": [(1, 1, SIDE, SIDE), (1, 2, CELLS, CELLS), (1, 1, CELLS, CELLS)],
    "NHWC": [(1, SIDE, SIDE, 1), (1, CELLS, CELLS, 2), (1, CELLS, CELLS, 1)],
}


def session(layout: Any = "NCHW", variance: float = 0.0, right: float = 0.1) -> FunctionSession:
    """Paints Cr ``right`` on the right half of what it sees, and Cb 0.1 below its middle."""
    names = ("luma", "chroma", "variance")
    luma, *outputs = (TensorSpec(n, s, layout=layout) for n, s in zip(names, SPECS[layout], strict=True))

    def run(inputs: Tensors) -> Tensors:
        assert inputs["luma"].shape == luma.shape
        assert inputs["luma"].max() <= 1
        chroma = np.zeros((1, 2, CELLS, CELLS), np.float32)
        chroma[:, 1, :, CELLS // 2 :] = right
        chroma[:, 0, CELLS // 2 :] = 0.1
        found = {"chroma": chroma, "variance": np.full((1, 1, CELLS, CELLS), variance, np.float32)}
        return {k: v if layout == "NCHW" else v.transpose(0, 2, 3, 1) for k, v in found.items()}

    build = Build("main", "onnx-fp32", "x", "0" * 64, 1, (luma,), tuple(outputs), {})
    return FunctionSession(run, build)


def colorizer(**options: Any) -> Colorizer:
    return Colorizer(session(**options), ColorizeTask(SIDE, UNSURE))


def photo(height: int = 90, width: int = 90) -> Pixels:
    levels = np.random.default_rng(0).integers(90, 160, (height, width, 1), dtype=np.uint8)
    return levels.repeat(3, axis=2)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("size", [(90, 90), (1, 1), (3, 200), (300, 7)])
def test_every_size_keeps_its_luma(layout: str, size: tuple[int, int]) -> None:
    result = colorizer(layout=layout)(photo(*size))
    assert result.shape == (*size, 3)
    assert np.array_equal(luma_of(result), luma_of(photo(*size)))


def test_colours_are_where_the_network_saw_them() -> None:
    cb, cr = np.moveaxis(chroma_of(colorizer()(photo())), 2, 0)
    assert cr[:30, 60:].mean() == pytest.approx(0.1, abs=0.01)
    assert cr[:30, :30].mean() == pytest.approx(0.0, abs=0.01)
    assert cb[60:, :30].mean() == pytest.approx(0.1, abs=0.01)


def test_a_wide_photo_takes_the_upper_part_of_the_square() -> None:
    chroma = chroma_of(colorizer()(photo(45, 90)))  # the square's lower half is its mirror image
    assert chroma[2:15, 60:, 1].mean() == pytest.approx(0.1, abs=0.01)
    assert chroma[2:15, :30, 1].mean() == pytest.approx(0.0, abs=0.01)
    assert abs(chroma[:20, :, 0].mean()) < 0.01


def test_strength_scales_sure_colours_and_fades_unsure_ones_first() -> None:
    def red(strength: float, variance: float) -> float:
        return float(chroma_of(colorizer(variance=variance)(photo(), strength))[:30, 60:, 1].mean())

    unsure = (10 * UNSURE) ** 2
    assert red(1, unsure) == pytest.approx(red(1, 0), abs=1e-6)
    assert red(0.5, 0) == pytest.approx(0.05, abs=0.005)
    assert red(0.5, UNSURE**2) == pytest.approx(0.025, abs=0.005)
    assert red(0.5, unsure) == pytest.approx(0.0125, abs=0.005)


def test_strength_zero_gives_the_photo_back() -> None:
    assert np.array_equal(colorizer()(photo(), 0.0), photo())


def test_a_photo_in_colour_is_refused_unless_forced() -> None:
    pixels = photo()
    pixels[..., 0] //= 2
    with pytest.raises(NotGreyscale, match=r"force=True \(--force\)"):
        colorizer()(pixels)
    assert np.array_equal(luma_of(colorizer()(pixels, force=True)), luma_of(pixels))


@pytest.mark.parametrize("strength", [-0.1, 1.5, float("nan")])
def test_a_strength_out_of_range_is_refused(strength: float) -> None:
    with pytest.raises(InvalidOption, match="from 0 to 1"):
        colorizer()(photo(), strength)


def test_what_is_not_pixels_is_refused() -> None:
    with pytest.raises(InvalidOption, match="expected pixels"):
        colorizer()(np.zeros((8, 8), np.uint8))


def test_another_bundle_is_no_colorizer(tiny_bundle: Path) -> None:
    with pytest.raises(WrongTask, match="whose task is colorize, got tiny, whose task is upscale"):
        Colorizer.open(tiny_bundle)


def test_a_graph_of_another_shape_is_refused() -> None:
    with pytest.raises(BundleInvalid, match="expected a colorizer's graph to turn luma of 32 x 32"):
        Colorizer(session(), ColorizeTask(32, UNSURE))
