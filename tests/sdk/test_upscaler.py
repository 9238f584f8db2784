"""The upscaler: any photo through any session of the right task, tiled as if in one piece."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nitido import zoo
from nitido.bundle import Build, Bundle, Quantisation, TensorSpec, UpscaleTask, read_manifest, write_manifest
from nitido.bundle.manifest import TriggerTask, View
from nitido.errors import BundleInvalid, BundleNotFound, InvalidOption, WrongTask
from nitido.photo.depth import to_8_bits
from nitido.photo.model import Pixels
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors
from nitido.upscaler import Upscaler


def photo(height: int, width: int) -> Pixels:
    return np.random.default_rng([height, width]).integers(0, 256, (height, width, 3), dtype=np.uint8)


FREE = TensorSpec("image", (1, 3, None, None))


def nearest(scale: int, spec: TensorSpec = FREE, out: TensorSpec | None = None) -> FunctionSession:
    """A session that repeats pixels and insists on the size that its input has."""
    axes = (2, 3) if spec.layout == "NCHW" else (1, 2)

    def run(inputs: Tensors) -> Tensors:
        image = inputs["image"]
        assert all(size in (None, got) for size, got in zip(spec.shape, image.shape, strict=True))
        return {"upscaled": image.repeat(scale, axes[0]).repeat(scale, axes[1])}

    out = out or dataclasses.replace(
        spec,
        name="upscaled",
        shape=tuple(n and n * scale if i in axes else n for i, n in enumerate(spec.shape)),
    )
    return FunctionSession(run, Build("main", "onnx-fp32", "x", "0" * 64, 1, (spec,), (out,), {}))


SPECS = [
    FREE,
    TensorSpec("image", (1, 3, 32, 32)),
    TensorSpec("image", (1, 24, 40, 3), layout="NHWC"),
    TensorSpec("image", (1, 32, 32, 3), "uint8", "NHWC", Quantisation(1 / 255, 0)),
    TensorSpec("image", (1, 32, 32, 3), "int8", "NHWC", Quantisation(1 / 255, -128)),
]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (3, 200), (32, 32), (70, 45)])
def test_any_photo_goes_through_free_and_fixed_graphs(
    spec: TensorSpec, scale: int, size: tuple[int, int]
) -> None:
    pixels = photo(*size)
    upscaler = Upscaler(nearest(scale, spec), UpscaleTask(scale, halo=2, tile=32))
    np.testing.assert_array_equal(upscaler(pixels), pixels.repeat(scale, 0).repeat(scale, 1))
    assert (upscaler.scale, upscaler.info.runtime) == (scale, "function")


@pytest.mark.parametrize("size", [(64, 64), (100, 61), (150, 200), (1, 1), (3, 500)])
def test_a_real_network_gives_the_same_tiled_and_whole(tiny_bundle: Path, size: tuple[int, int]) -> None:
    """Up to one grey level: convolution kernels add in an order that depends on the size of their input."""
    tiled = Upscaler.open(tiny_bundle, threads=1)
    whole = Upscaler(tiled._session, UpscaleTask(2, halo=2, tile=1000))
    difference = np.abs(tiled(photo(*size)).astype(int) - whole(photo(*size)))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


def test_it_opens_from_a_folder_with_or_without_its_scale(
    tiny_bundle: Path, tiny_network: Callable[[Pixels, int], Pixels]
) -> None:
    for upscaler in (
        Upscaler.open(tiny_bundle),
        Upscaler.open(str(tiny_bundle), scale=2, runtime="onnx-fp32"),
    ):
        difference = upscaler(photo(20, 30)).astype(int) - tiny_network(photo(20, 30), 2)
        assert np.abs(difference).max() <= 1
        assert upscaler.info.target == "onnx-fp32"


def test_another_scale_than_the_bundles_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(WrongTask, match="expected tiny to upscale by 3, got a bundle for 2"):
        Upscaler.open(tiny_bundle, scale=3)


def test_a_scale_opens_its_bundle_of_the_zoo(
    tmp_path: Path, make_bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoo, "_ROOT", tmp_path)
    make_bundle(tmp_path / "sr-x2")
    make_bundle(tmp_path / "sr-x3", scale=3)
    assert [Upscaler.open().scale, Upscaler.open(scale=2).scale, Upscaler.open(scale=3).scale] == [2, 2, 3]
    with pytest.raises(BundleNotFound, match="sr-x4 in the zoo; for upscaling the zoo has: sr-x2, sr-x3"):
        Upscaler.open(scale=4)


def test_a_tier_opens_its_bundle_of_the_zoo_or_tells_what_is_there(
    tmp_path: Path, make_bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoo, "_ROOT", tmp_path)
    for name, scale in {"sr-x2": 2, "sr-x2-fast": 2, "sr-x4-quality-sharp": 4}.items():
        make_bundle(tmp_path / name, scale=scale, name=name)
    assert Upscaler.open(tier="fast").scale == 2
    assert Upscaler.open(scale=4, tier="quality", sharp=True).scale == 4
    with pytest.raises(BundleNotFound, match=r"sr-x4-fast .* has: sr-x2, sr-x2-fast, sr-x4-quality-sharp"):
        Upscaler.open(scale=4, tier="fast")
    with pytest.raises(InvalidOption, match="tier among fast, base, quality, got 'best'"):
        Upscaler.open(tier="best")
    with pytest.raises(InvalidOption, match="either a bundle or a tier"):
        Upscaler.open("sr-x2-fast", tier="fast")


def deep_photo(height: int, width: int) -> NDArray[np.uint16]:
    return np.random.default_rng([height, width]).integers(0, 65536, (height, width, 3), dtype=np.uint16)


@pytest.mark.parametrize("scale", [2, 3])
def test_16_bits_go_through_the_network_and_come_out(scale: int) -> None:
    deep = deep_photo(70, 45)
    result = Upscaler(nearest(scale), UpscaleTask(scale, halo=2, tile=32))(deep)
    assert result.dtype == np.uint16
    np.testing.assert_array_equal(result, deep.repeat(scale, 0).repeat(scale, 1))


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec.quantisation])
def test_a_build_of_8_bits_gets_the_upper_half_and_the_rest_is_carried_over(spec: TensorSpec) -> None:
    rows, columns = np.indices((70, 45))
    deep = (rows * 601 + columns * 407)[..., None].repeat(3, 2).astype(np.uint16)
    upscaler = Upscaler(nearest(2, spec), UpscaleTask(2, halo=2, tile=32))
    result, upper = upscaler(deep), upscaler(to_8_bits(deep))
    np.testing.assert_array_equal(to_8_bits(result), upper)
    assert (result % 257 != 0).mean() > 0.9


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("spec", SPECS)
def test_grey_stays_grey_whatever_the_network_makes_of_it(dtype: Any, spec: TensorSpec) -> None:
    session = nearest(2, spec)

    def tinted(inputs: Tensors) -> Tensors:
        out = session.run(inputs)["upscaled"].copy()
        channel = out[:, 0] if spec.layout == "NCHW" else out[..., 0]
        channel //= 2
        return {"upscaled": out}

    upscaler = Upscaler(FunctionSession(tinted, session.build), UpscaleTask(2, halo=2, tile=32))
    grey = deep_photo(40, 50)[..., :1].repeat(3, 2)
    pixels = grey if dtype == np.uint16 else to_8_bits(grey)
    result = upscaler(pixels)
    assert result.dtype == dtype
    assert (result[..., 0] == result[..., 1]).all()
    assert (result[..., 0] == result[..., 2]).all()
    pixels = pixels.copy()
    pixels[20, 20, 0] ^= 64
    assert (upscaler(pixels)[..., 0] != upscaler(pixels)[..., 1]).mean() > 0.5


def test_bands_join_to_the_result(tiny_bundle: Path) -> None:
    upscaler = Upscaler.open(tiny_bundle, threads=1)
    np.testing.assert_array_equal(
        np.concatenate(list(upscaler.bands(photo(150, 90)))), upscaler(photo(150, 90))
    )


@pytest.mark.parametrize("scale", [0, 1, 5, -2, 2.5])
def test_scales_without_a_network_are_refused(scale: Any) -> None:
    with pytest.raises(InvalidOption, match="expected a scale of 2, 3 or 4"):
        Upscaler.open(scale=scale)


def test_a_trigger_is_no_upscaler(tiny_bundle: Path) -> None:
    file = tiny_bundle / "manifest.json"
    task = TriggerTask(("deblur",), View(448, 112, 16), 0.25, {"deblur": 0.3}, 0.9, "0123456789abcdef", 1600)
    file.write_text(write_manifest(dataclasses.replace(read_manifest(file.read_text()), task=task)))
    with pytest.raises(WrongTask, match="whose task is upscale, got tiny, whose task is trigger"):
        Upscaler.open(tiny_bundle)


def test_a_graph_that_gives_no_image_is_refused(tiny_bundle: Path) -> None:
    session = nearest(2, out=TensorSpec("upscaled", (1, 3), layout="NC"))
    with pytest.raises(BundleInvalid, match="one RGB image into one, got the tensors image, upscaled"):
        Upscaler(session, Bundle.open(tiny_bundle).task(UpscaleTask))


@pytest.mark.parametrize(
    "pixels", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32), photo(8, 8)[:0]]
)
def test_what_is_not_pixels_is_refused(pixels: Any) -> None:
    with pytest.raises(InvalidOption, match="expected pixels"):
        Upscaler(nearest(2), UpscaleTask(2, halo=2, tile=32))(pixels)


def test_several_threads_may_share_it(tiny_bundle: Path) -> None:
    upscaler = Upscaler.open(tiny_bundle, threads=1)
    photos = [photo(90, 100 + index) for index in range(4)]
    alone = [upscaler(pixels) for pixels in photos]
    together: dict[int, list[Pixels]] = {}

    def work(index: int) -> None:
        together[index] = [upscaler(photos[index]) for _ in range(5)]

    workers = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for index, expected in enumerate(alone):
        assert all(np.array_equal(result, expected) for result in together[index])
