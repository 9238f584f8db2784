"""Sixteen bits a sample: read, enhanced and written without losing one; tifffile and NumPy agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from nitido.errors import CannotWrite, InvalidOption, PhotoUnsupported
from nitido.photo import Metadata, Photo, read_photo, write_photo

Deep = NDArray[np.uint16]


def assert_reads(path: Path, samples: Deep) -> None:
    """The file holds these samples (H, W, 1 to 4), all 16 bits of them."""
    photo = read_photo(path)
    colour = samples[..., :3] if samples.shape[2] > 2 else np.repeat(samples[..., :1], 3, axis=2)
    assert photo.bit_depth == 16
    np.testing.assert_array_equal(photo.deep, colour)
    np.testing.assert_array_equal(photo.pixels, np.rint(colour / 257).astype(np.uint8))
    if samples.shape[2] in (2, 4):
        np.testing.assert_array_equal(photo.deep_alpha, samples[..., -1])
        np.testing.assert_array_equal(photo.alpha, np.rint(samples[..., -1] / 257).astype(np.uint8))
    else:
        assert photo.alpha is None


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("interlaced", [False, True])
def test_png_is_read_with_all_its_bits(
    tmp_path: Path, deep: Deep, make_png: Callable[..., bytes], channels: int, interlaced: bool
) -> None:
    path = tmp_path / "deep.png"
    path.write_bytes(make_png(deep[..., :channels], interlaced=interlaced))
    assert_reads(path, deep[..., :channels])
    assert read_photo(path).metadata.mode == ("L" if channels < 3 else "RGB")


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_tiff_is_read_with_all_its_bits(
    tmp_path: Path, deep: Deep, channels: int, byte_order: Any, compression: str | None
) -> None:
    samples = deep[..., :channels]
    tifffile.imwrite(
        tmp_path / "deep.tif",
        samples[..., 0] if channels == 1 else samples,
        photometric="minisblack" if channels == 1 else "rgb",
        extrasamples=["unassalpha"] if channels == 4 else None,
        compression=compression,
        predictor=compression is not None,
        byteorder=byte_order,
        rowsperstrip=5,
    )
    assert_reads(tmp_path / "deep.tif", samples)


def test_tiled_tiff_is_read_with_all_its_bits(tmp_path: Path, deep: Deep) -> None:
    tifffile.imwrite(
        tmp_path / "tiled.tif", deep[..., :3], photometric="rgb", tile=(16, 16), compression="zlib"
    )
    assert_reads(tmp_path / "tiled.tif", deep[..., :3])


@pytest.mark.parametrize("tag", [(274, 3, 1, 6, True), (700, 1, 24, b'<x tiff:Orientation="6"/>'[:24], True)])
def test_a_turned_tiff_is_read_upright_with_all_its_bits(tmp_path: Path, deep: Deep, tag: Any) -> None:
    tifffile.imwrite(tmp_path / "turned.tif", deep[..., :3], photometric="rgb", extratags=[tag])
    assert_reads(tmp_path / "turned.tif", np.rot90(deep[..., :3], -1))
    assert read_photo(tmp_path / "turned.tif").metadata.orientation == 6


def test_grey_tiff_whose_zero_is_white_is_inverted(tmp_path: Path, deep: Deep) -> None:
    tifffile.imwrite(tmp_path / "negative.tif", deep[..., 0], photometric="miniswhite")
    assert_reads(tmp_path / "negative.tif", 65535 - deep[..., :1])


def test_premultiplied_alpha_is_divided_out(tmp_path: Path) -> None:
    samples = np.array([[[1000, 2000, 30000, 32768], [0, 0, 0, 0]]], np.uint16)
    tifffile.imwrite(tmp_path / "pre.tif", samples, photometric="rgb", extrasamples=["assocalpha"])
    photo = read_photo(tmp_path / "pre.tif")
    assert photo.deep is not None
    assert photo.deep[0, 0].tolist() == [round(value * 65535 / 32768) for value in (1000, 2000, 30000)]
    assert photo.deep_alpha is not None
    assert photo.deep_alpha.tolist() == [[32768, 0]]


def test_separate_colour_planes_are_refused_rather_than_read_wrongly(tmp_path: Path, deep: Deep) -> None:
    planes = np.ascontiguousarray(deep[..., :3].transpose(2, 0, 1))
    tifffile.imwrite(tmp_path / "planes.tif", planes, photometric="rgb", planarconfig="separate")
    with pytest.raises(PhotoUnsupported, match="save it interleaved"):
        read_photo(tmp_path / "planes.tif")


@pytest.mark.parametrize(
    ("dtype", "photometric", "channels"),
    [(np.uint16, "separated", 4), (np.uint32, "minisblack", 1), (np.uint32, "rgb", 3)],
)
def test_deep_samples_that_would_be_cut_are_refused(
    tmp_path: Path, dtype: Any, photometric: Any, channels: int
) -> None:
    samples = np.zeros((4, 4, channels) if channels > 1 else (4, 4), dtype)
    tifffile.imwrite(tmp_path / "odd.tif", samples, photometric=photometric)
    with pytest.raises(PhotoUnsupported, match="save it as"):
        read_photo(tmp_path / "odd.tif")


def test_a_transparent_colour_of_16_bits_becomes_alpha(
    tmp_path: Path, deep: Deep, make_png: Callable[..., bytes]
) -> None:
    key = deep[3, 4, :3]
    (tmp_path / "key.png").write_bytes(make_png(deep[..., :3], tRNS=key.astype(">u2").tobytes()))
    photo = read_photo(tmp_path / "key.png")
    assert photo.alpha is not None
    assert photo.alpha[3, 4] == 0
    assert (photo.alpha == 0).sum() == 1


def deep_photo(samples: Deep, mode: str) -> Photo:
    """A photo as ``read_photo`` makes it of these samples."""
    colour = samples[..., :3] if mode.startswith("RGB") else np.repeat(samples[..., :1], 3, axis=2)
    alpha = samples[..., 3] if mode.endswith("A") else None
    return Photo(
        pixels=np.rint(colour / 257).astype(np.uint8),
        metadata=Metadata("PNG", mode=mode.removesuffix("A")),
        alpha=None if alpha is None else np.rint(alpha / 257).astype(np.uint8),
        bit_depth=16,
        deep=np.ascontiguousarray(colour),
        deep_alpha=alpha,
    )


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_all_bits_survive_a_save(tmp_path: Path, deep: Deep, mode: str, suffix: str) -> None:
    photo = deep_photo(deep, mode)
    again = read_photo(write_photo(photo, tmp_path / f"deep{suffix}"))
    np.testing.assert_array_equal(again.deep, photo.deep)
    np.testing.assert_array_equal(again.deep_alpha, photo.deep_alpha)
    np.testing.assert_array_equal(again.pixels, photo.pixels)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("compressed", [True, False])
def test_another_tiff_reader_gets_the_same_samples(
    tmp_path: Path, deep: Deep, mode: str, compressed: bool
) -> None:
    photo = deep_photo(deep, mode)
    photo = replace(photo, metadata=replace(photo.metadata, encoder={"compressed": compressed}))
    samples = tifffile.imread(write_photo(photo, tmp_path / "deep.tif"))
    np.testing.assert_array_equal(samples, deep[..., 0] if mode == "L" else deep[..., : len(mode)])


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif", ".bmp", ".heic"])
def test_16_bits_are_not_cut_silently(tmp_path: Path, deep: Deep, suffix: str) -> None:
    photo = deep_photo(deep, "RGB")
    with pytest.raises(CannotWrite, match=r"16 bits.*\.png or \.tif"):
        write_photo(photo, tmp_path / f"flat{suffix}")
    assert not list(tmp_path.iterdir())
    flat = replace(photo, bit_depth=8, deep=None, deep_alpha=None)  # the way out that the message names
    if suffix != ".heic":
        assert read_photo(write_photo(flat, tmp_path / f"flat{suffix}")).bit_depth == 8


def test_unchanged_pixels_leave_every_bit_as_it_was(deep: Deep) -> None:
    photo = deep_photo(deep, "RGBA")
    same = photo.with_pixels(photo.pixels.copy())
    np.testing.assert_array_equal(same.deep, photo.deep)
    np.testing.assert_array_equal(same.deep_alpha, photo.deep_alpha)


def test_new_pixels_decide_and_the_low_bits_stay() -> None:
    deep = np.full((2, 2, 3), 100 * 257 + 50, np.uint16)
    photo = deep_photo(deep, "RGB")
    brighter = photo.with_pixels(np.full((2, 2, 3), 200, np.uint8))
    assert brighter.deep is not None
    assert np.unique(brighter.deep).tolist() == [200 * 257 + 50]


@pytest.mark.parametrize("scale", [2, 3])
def test_low_bits_and_alpha_follow_an_upscale(deep: Deep, scale: int) -> None:
    photo = deep_photo(deep, "RGBA")
    big = photo.pixels.repeat(scale, axis=0).repeat(scale, axis=1)
    upscaled = photo.with_pixels(big)
    assert upscaled.deep is not None
    assert upscaled.deep_alpha is not None
    assert upscaled.alpha is not None
    assert upscaled.deep.shape == big.shape
    assert upscaled.alpha.shape == upscaled.deep_alpha.shape == big.shape[:2]
    np.testing.assert_array_equal(np.rint(upscaled.deep / 257).astype(np.uint8), big)


def test_an_upscaled_plain_alpha_keeps_its_values() -> None:
    photo = Photo(np.zeros((4, 4, 3), np.uint8), Metadata("PNG"), alpha=np.full((4, 4), 77, np.uint8))
    upscaled = photo.with_pixels(np.zeros((8, 8, 3), np.uint8))
    assert upscaled.alpha is not None
    assert np.unique(upscaled.alpha).tolist() == [77]


def test_new_samples_of_16_bits_replace_the_old_ones_and_make_a_16_bit_photo(deep: Deep) -> None:
    new = np.ascontiguousarray(deep[::-1, :, :3])
    opacity = np.ascontiguousarray(deep[..., 0])
    for photo in (deep_photo(deep, "RGBA"), Photo(np.zeros((21, 34, 3), np.uint8), Metadata("PNG"))):
        made = photo.with_pixels(new, opacity)
        assert made.bit_depth == 16
        assert made.finest is new
        assert made.finest_alpha is opacity
        np.testing.assert_array_equal(made.pixels, np.rint(new / 257).astype(np.uint8))
        np.testing.assert_array_equal(made.alpha, np.rint(opacity / 257).astype(np.uint8))
    flat = Photo(np.zeros((4, 4, 3), np.uint8), Metadata("PNG"), alpha=np.full((4, 4), 9, np.uint8))
    assert flat.finest is flat.pixels
    assert flat.finest_alpha is flat.alpha


def test_16_bit_samples_that_belong_to_other_pixels_are_not_saved(tmp_path: Path, deep: Deep) -> None:
    stale = replace(deep_photo(deep, "RGB"), pixels=np.zeros((*deep.shape[:2], 3), np.uint8))
    with pytest.raises(CannotWrite, match="with_pixels"):
        write_photo(stale, tmp_path / "stale.png")
    assert not list(tmp_path.iterdir())


def test_arrays_that_do_not_fit_each_other_make_no_photo(deep: Deep) -> None:
    photo = deep_photo(deep, "RGBA")
    with pytest.raises(InvalidOption, match="with_pixels"):
        replace(photo, pixels=np.zeros((5, 5, 3), np.uint8))
    with pytest.raises(InvalidOption, match="bit_depth"):
        replace(photo, deep=None)
    with pytest.raises(InvalidOption, match="uint8"):
        Photo(np.zeros((2, 2, 3), np.float32), Metadata("PNG"))


def test_grey_of_16_bits_is_written_as_grey(tmp_path: Path, deep: Deep) -> None:
    with Image.open(write_photo(deep_photo(deep, "L"), tmp_path / "grey.png")) as image:
        assert image.mode == "I;16"
        np.testing.assert_array_equal(np.asarray(image), deep[..., 0])
