"""The restorer's knobs, its use of the blur estimate, and its tiles, on stand-in networks."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from nitido.blur import Blur, apply_filter, grid, inverse_filter, noise_sigma
from nitido.bundle.manifest import BlurSpace, Build, Quantisation, RestoreTask, TensorSpec
from nitido.deblock import deblock
from nitido.errors import InvalidOption
from nitido.jpeg_steps import find_steps
from nitido.photo.depth import to_8_bits
from nitido.restorer import Restorer
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors

SPACE = BlurSpace(64, (3.0, 9.0), 4, (2.0, 3.0), (1.0, 2.0))
FACTORS = ("deblur", "denoise", "deartifact", "desaturate")
IMAGE = TensorSpec("image", (1, 3, None, None))
MAIN = Build(
    "main",
    "onnx-fp32",
    "main.onnx",
    "",
    0,
    (
        IMAGE,
        TensorSpec("deblurred", IMAGE.shape),
        TensorSpec("deblocked", IMAGE.shape),
        TensorSpec("strength", (1, 4), layout="NC"),
    ),
    (TensorSpec("restored", IMAGE.shape),),
    {},
)
BLUR = Build(
    "blur",
    "onnx-fp32",
    "blur.onnx",
    "",
    0,
    (TensorSpec("spectrum", (1, 64 * 33), layout="NC"),),
    (TensorSpec("probabilities", (1, len(grid(SPACE))), layout="NC"),),
    {},
)


def restorer(blur: int = 0, sure: float = 1.0, tile: int = 512, shown: str = "deblurred") -> Restorer:
    """Shows one of its inputs, plus 10 grey levels a unit of denoise; ``blur`` counts in the grid."""

    def main(inputs: Tensors) -> Tensors:
        return {"restored": inputs[shown] + inputs["strength"][:, 1, None, None, None] * np.float32(10 / 255)}

    def estimate(inputs: Tensors) -> Tensors:
        probabilities = np.full((1, len(grid(SPACE))), 0, np.float32)
        probabilities[0, blur] = sure
        return {"probabilities": probabilities}

    task = RestoreTask(FACTORS, halo=8, multiple=8, tile=tile, blur=SPACE, blur_confidence=0.5)
    return Restorer(FunctionSession(main, MAIN), FunctionSession(estimate, BLUR), task, "id")


def photo(height: int = 120, width: int = 100) -> np.ndarray:
    return np.random.default_rng(0).integers(30, 220, (height, width, 3), dtype=np.uint8)


def test_strength_zero_returns_the_photo_itself() -> None:
    pixels = photo()
    assert np.array_equal(restorer(9)(pixels, 0.0), pixels)
    assert np.array_equal(restorer(9)(pixels, {}), pixels)


def test_each_factor_has_its_own_knob() -> None:
    pixels = photo()
    half = restorer()(pixels, {"denoise": 0.5})
    assert np.array_equal(half, pixels + 5)
    assert np.array_equal(restorer()(pixels, {"deartifact": 1.0}), pixels)


def test_a_noisy_but_sharp_photo_is_not_deconvolved() -> None:
    pixels = photo()
    index = len(grid(SPACE)) - 2
    assert grid(SPACE)[index].family == "gaussian"
    assert not np.array_equal(restorer(index)(pixels, {"deblur": 1.0}), pixels)
    assert np.array_equal(restorer(index)(pixels, {"denoise": 0.0, "deartifact": 1.0}), pixels)


def test_an_unsure_estimate_leaves_the_photo_undeconvolved() -> None:
    pixels = photo()
    assert restorer(9, sure=0.4).estimate_blur(pixels) == Blur("sharp")
    assert np.array_equal(restorer(9, sure=0.4)(pixels, {"deblur": 1.0}), pixels)


@pytest.mark.parametrize("size", [(120, 100), (64, 333), (8, 8), (1, 1)])
def test_deconvolution_in_tiles_equals_that_of_the_whole_photo(size: tuple[int, int]) -> None:
    pixels = photo(*size)
    index = len(grid(SPACE)) - 4
    whole = apply_filter(pixels, inverse_filter(grid(SPACE)[index].kernel(), noise_sigma(pixels)))
    tiled = restorer(index, tile=48)(pixels, {"deblur": 1.0})
    # FFTs of different lengths round differently: a value on the edge of two grey levels may flip.
    assert np.abs(tiled.astype(int) - whole).max() <= 1
    assert np.mean(tiled != whole) < 0.001


def jpeg(height: int, width: int) -> np.ndarray:
    """A photo with the traces of a JPEG of quality 30."""
    coarse = np.random.default_rng(1).integers(0, 256, (height // 6 + 1, width // 6 + 1, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=30)
    return np.asarray(Image.open(buffer))


@pytest.mark.parametrize("size", [(120, 100), (333, 131)])
def test_deblocking_in_tiles_equals_that_of_the_whole_photo(size: tuple[int, int]) -> None:
    pixels = jpeg(*size)
    steps = find_steps(pixels)
    assert steps is not None
    tiled = restorer(tile=48, shown="deblocked")(pixels, {"deartifact": 1.0})
    assert not np.array_equal(tiled, pixels)
    # Products of matrices of other sizes round differently: a value between two grey levels may flip.
    difference = np.abs(tiled.astype(int) - deblock(pixels, steps))
    assert difference.max() <= 1
    assert np.mean(difference > 0) < 0.001


def test_a_photo_is_not_deblocked_unless_asked() -> None:
    pixels = jpeg(120, 100)
    assert np.array_equal(restorer(shown="deblocked")(pixels, {"denoise": 0.0, "deblur": 1.0}), pixels)


def test_16_bits_go_through_the_network_and_the_deconvolution() -> None:
    deep = np.random.default_rng(0).integers(8000, 56000, (70, 90, 3), dtype=np.uint16)
    plain = restorer(tile=48)(deep, {"denoise": 1.0})
    assert plain.dtype == np.uint16
    np.testing.assert_array_equal(plain, deep + 10 * 257)
    index = len(grid(SPACE)) - 4
    inverse = inverse_filter(grid(SPACE)[index].kernel(), noise_sigma(to_8_bits(deep)))
    tiled = restorer(index, tile=48)(deep, {"deblur": 1.0})
    # FFTs in 32-bit floats round at a millionth of the largest value: a few levels of 65535 at most.
    assert np.abs(tiled.astype(int) - apply_filter(deep, inverse)).max() <= 4


def test_a_build_of_8_bits_gets_the_upper_half_and_the_rest_is_added() -> None:
    levels = Quantisation(1 / 255, 0)
    (*images, knobs), (out,) = MAIN.inputs, MAIN.outputs
    coarse = replace(
        MAIN,
        inputs=(*(replace(spec, dtype="uint8", quantisation=levels) for spec in images), knobs),
        outputs=(replace(out, dtype="uint8", quantisation=levels),),
    )
    darker = FunctionSession(lambda inputs: {"restored": inputs["image"] - 20}, coarse)
    deep = np.random.default_rng(0).integers(8000, 56000, (40, 50, 3), dtype=np.uint16)
    nobody = FunctionSession(lambda inputs: {}, BLUR)  # only deblurring asks for the blur
    result = Restorer(darker, nobody, restorer().task)(deep, {"denoise": 1.0})
    np.testing.assert_array_equal(result, deep - 20 * 257)


@pytest.mark.parametrize("strength", [-0.1, 1.5, {"denoise": 2.0}, {"sharpen": 1.0}, float("nan")])
def test_strengths_out_of_range_or_unknown_are_refused(strength: float | dict[str, float]) -> None:
    with pytest.raises(InvalidOption, match="expected"):
        restorer()(photo(), strength)
