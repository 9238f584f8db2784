"""Pixels and vectors survive the way into tensors and back, in every layout and number type."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nitido.bundle.manifest import DType, Layout, Quantisation, TensorSpec
from nitido.errors import InvalidOption
from nitido.photo.model import Pixels
from nitido.tensors import (
    fixed_size,
    is_coarse,
    is_image,
    pixels_to_tensor,
    storable,
    tensor_to_deep,
    tensor_to_pixels,
    tensor_to_vector,
    vector_to_tensor,
)

TYPES: list[tuple[DType, Quantisation | None]] = [
    ("float32", None),
    ("float16", None),
    ("uint8", Quantisation(1 / 255, 0)),
    ("int8", Quantisation(1 / 255, -128)),
    ("int16", Quantisation(1 / 255, 0)),
    ("int16", Quantisation(1 / 32767, 0)),
    ("uint8", Quantisation(1 / 255, 3)),
    ("int8", Quantisation(0.0042, -120)),
]
LAYOUTS: list[Layout] = ["NCHW", "NHWC"]
FREE: dict[Layout, tuple[int | None, ...]] = {"NCHW": (1, 3, None, None), "NHWC": (1, None, None, 3)}


def photo(height: int, width: int) -> Pixels:
    return np.random.default_rng([height, width]).integers(0, 256, (height, width, 3), dtype=np.uint8)


def image(layout: Layout, dtype: DType = "float32", quantisation: Quantisation | None = None) -> TensorSpec:
    return TensorSpec("image", FREE[layout], dtype, layout, quantisation)


def real_values(tensor: NDArray[Any], spec: TensorSpec) -> NDArray[np.float64]:
    """(H, W, C) real values of a tensor, by the definition in the manifest."""
    q = spec.quantisation or Quantisation(1, 0)
    real: NDArray[np.float64] = q.scale * (tensor[0].astype(np.float64) - q.zero_point)
    return real.transpose(1, 2, 0) if spec.layout == "NCHW" else real


@settings(deadline=None)
@given(
    st.sampled_from(LAYOUTS),
    st.sampled_from(TYPES),
    st.tuples(st.integers(1, 70), st.integers(1, 700)),
    st.booleans(),
)
def test_pixels_survive_the_way_there_and_back(
    layout: Layout, kind: tuple[DType, Quantisation | None], size: tuple[int, int], cut: bool
) -> None:
    """Within one level where the stored numbers are coarser than grey levels or do not reach all."""
    spec = image(layout, *kind)
    pixels = photo(*size)[::2, 1:] if cut and min(size) > 2 else photo(*size)
    tensor = pixels_to_tensor(pixels, spec)
    back = tensor_to_pixels(tensor, spec)
    assert tensor.dtype == spec.dtype
    assert tensor.shape[0] == 1
    assert back.flags.c_contiguous
    if spec.quantisation in (Quantisation(1 / 255, 3), Quantisation(0.0042, -120)):
        lowest, highest = (0, 252) if spec.dtype == "uint8" else (0, 255)
        assert np.abs(back.astype(int) - np.clip(pixels, lowest, highest)).max() <= 1
    else:
        np.testing.assert_array_equal(back, pixels)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("dtype", "quantisation"), TYPES)
def test_stored_numbers_mean_pixels_divided_by_255(
    layout: Layout, dtype: DType, quantisation: Quantisation | None
) -> None:
    spec = image(layout, dtype, quantisation)
    pixels = photo(16, 16)
    tensor = pixels_to_tensor(pixels, spec)
    step = {"float32": 1e-7, "float16": 1e-3}[dtype] if quantisation is None else quantisation.scale
    limits = np.iinfo(dtype) if quantisation is not None else None
    highest = (
        1.0
        if limits is None or quantisation is None
        else quantisation.scale * (limits.max - quantisation.zero_point)
    )
    error = np.abs(real_values(tensor, spec) - np.minimum(pixels / 255, highest)).max()
    assert error <= step / 2 + 1e-6


def deep_photo(height: int, width: int) -> NDArray[np.uint16]:
    return np.random.default_rng([height, width]).integers(0, 65536, (height, width, 3), dtype=np.uint16)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("dtype", "quantisation"), TYPES)
def test_16_bits_go_in_and_out_as_far_as_the_stored_numbers_tell_them_apart(
    layout: Layout, dtype: DType, quantisation: Quantisation | None
) -> None:
    spec = image(layout, dtype, quantisation)
    samples = deep_photo(16, 20)
    tensor = pixels_to_tensor(samples, spec)
    # Half a step of the stored numbers: of float32 below one, of float16 below one, of whole numbers.
    step = {"float32": 2**-24, "float16": 2**-11}[dtype] if quantisation is None else quantisation.scale
    low, high = 0.0, 1.0
    if quantisation is not None:
        limits = np.iinfo(dtype)
        low, high = (quantisation.scale * (v - quantisation.zero_point) for v in (limits.min, limits.max))
    real = np.clip(samples / 65535, low, min(high, 1))
    assert np.abs(real_values(tensor, spec) - real).max() <= step / 2 + 1e-6
    back = tensor_to_deep(tensor, spec)
    assert back.dtype == np.uint16
    assert back.flags.c_contiguous
    assert np.abs(back - 65535 * real).max() <= 65535 * step / 2 + 0.6
    if dtype == "float32":
        np.testing.assert_array_equal(back, samples)
    assert tensor_to_deep(tensor, spec, back) is back
    assert is_coarse(spec) == (step > 0.003)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_floats_become_16_bits_rounded_half_up_and_clipped(layout: Layout) -> None:
    values = np.array([-1e9, -0.1, 0, 0.5, 1, 1.2, 1e9, 100.4 / 65535, 100.6 / 65535], np.float32)
    hwc = values.reshape(1, -1, 1).repeat(3, 2)
    tensor = np.ascontiguousarray((hwc.transpose(2, 0, 1) if layout == "NCHW" else hwc)[None])
    assert tensor_to_deep(tensor, image(layout))[0, :, 1].tolist() == [
        *(0, 0, 0, 32768, 65535, 65535, 65535, 100, 101)
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_floats_are_rounded_half_up_and_clipped(layout: Layout) -> None:
    values = np.array([-1e9, -0.1, 0, 0.5, 0.498, 1, 1.2, 1e9, 127.49 / 255, 127.51 / 255], np.float32)
    expected = [0, 0, 0, 128, 127, 255, 255, 255, 127, 128]  # 0.5 is 127.5
    hwc = values.reshape(1, -1, 1).repeat(3, 2)
    tensor = (hwc.transpose(2, 0, 1) if layout == "NCHW" else hwc)[None]
    assert tensor_to_pixels(np.ascontiguousarray(tensor), image(layout))[0, :, 1].tolist() == expected


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("dtype", "quantisation"), TYPES)
def test_buffers_are_used_again_when_they_fit(
    layout: Layout, dtype: DType, quantisation: Quantisation | None
) -> None:
    spec = image(layout, dtype, quantisation)
    first, second, other = photo(16, 20), photo(16, 20)[::-1], photo(8, 20)
    fresh = pixels_to_tensor(second, spec).copy()
    tensor = pixels_to_tensor(first, spec)
    again = pixels_to_tensor(second, spec, tensor)
    np.testing.assert_array_equal(again, fresh)
    assert pixels_to_tensor(other, spec, again).size == other.size
    pixels = tensor_to_pixels(fresh, spec)
    assert tensor_to_pixels(fresh, spec, pixels) is pixels
    assert tensor_to_pixels(
        fresh[..., :5, :5, :] if layout == "NHWC" else fresh[..., :5, :5], spec, pixels
    ).shape == (5, 5, 3)


def test_the_photo_is_never_written_through_a_tensor_that_shares_its_memory() -> None:
    spec = image("NHWC", "uint8", Quantisation(1 / 255, 0))
    pixels, other = photo(8, 8), 255 - photo(8, 8)
    before = pixels.copy()
    tensor = pixels_to_tensor(pixels, spec)
    assert np.shares_memory(tensor, pixels)  # else there is nothing to protect
    pixels_to_tensor(other, spec, tensor)
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize(
    "spec",
    [
        TensorSpec("strength", (1, 4), layout="NC"),
        TensorSpec("strength", (1, None), layout="NC"),
        TensorSpec("strength", (1, 4), "int16", "NC", Quantisation(1 / 8192, 0)),
        TensorSpec("strength", (1, 4), "int8", "NC", Quantisation(1 / 64, -60)),
    ],
)
def test_vectors_survive(spec: TensorSpec) -> None:
    values = [0.0, 0.25, 1.0, 0.5]
    tensor = vector_to_tensor(values, spec)
    assert tensor.shape == (1, 4)
    assert tensor.dtype == spec.dtype
    assert tensor_to_vector(tensor, spec).tolist() == values


def test_quantised_vectors_are_clipped_to_what_can_be_stored() -> None:
    spec = TensorSpec("gains", (1, 2), "int8", "NC", Quantisation(0.5, 0))
    assert tensor_to_vector(vector_to_tensor([1000, -1000], spec), spec).tolist() == [63.5, -64]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("channels", [1, 2])
def test_maps_of_numbers_are_height_width_channels_in_any_layout(layout: Layout, channels: int) -> None:
    shape = (1, channels, 5, 7) if layout == "NCHW" else (1, 5, 7, channels)
    spec = TensorSpec("spectrum", shape, layout=layout)
    values = np.random.default_rng(0).random((5, 7, channels), np.float32)
    tensor = vector_to_tensor(values, spec)
    assert tensor.shape == shape
    assert tensor.flat[channels if layout == "NHWC" else 1] == values[0, 1, 0]
    np.testing.assert_array_equal(tensor_to_vector(tensor, spec), values)


@pytest.mark.parametrize("values", [[1, 2, 3], [], [[1, 2], [3, 4], [5, 6]]])
def test_a_vector_of_another_length_is_refused(values: Any) -> None:
    with pytest.raises(InvalidOption, match=r"'strength' of shape .* to get 4 values"):
        vector_to_tensor(values, TensorSpec("strength", (1, 4), layout="NC"))


def test_images_are_told_from_numbers_and_fixed_from_free() -> None:
    assert is_image(image("NCHW"))
    assert is_image(image("NHWC"))
    assert not is_image(TensorSpec("gains", (1, 3), layout="NC"))
    assert not is_image(TensorSpec("spectrum", (1, 1, 8, 8)))
    assert fixed_size(image("NHWC")) is None
    assert fixed_size(TensorSpec("image", (1, 128, 256, 3), layout="NHWC")) == (128, 256)
    assert fixed_size(TensorSpec("image", (1, 3, 128, 256))) == (128, 256)


def test_what_lies_beyond_the_steps_of_a_tensor_is_clipped() -> None:
    values = np.array([-0.5, 0.25, 1.5], np.float32)
    floats = TensorSpec("luma", (1, 1, None, None))
    assert np.array_equal(storable(values, floats), values)
    grey = replace(floats, dtype="uint8", quantisation=Quantisation(1 / 255, 0))
    assert storable(values, grey).tolist() == pytest.approx([0, 0.25, 1])
    signed = replace(floats, dtype="int8", quantisation=Quantisation(1 / 255, -128))
    assert storable(values, signed).tolist() == pytest.approx([0, 0.25, 1])


def test_stored_grey_levels_are_copied() -> None:
    spec = TensorSpec("luma", (1, 1, None, None), "uint8", "NCHW", Quantisation(1 / 255, 0))
    tensor = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    pixels = tensor_to_pixels(tensor, spec)
    assert np.array_equal(pixels[..., 0], tensor[0, 0])
    assert not np.shares_memory(pixels, tensor)
