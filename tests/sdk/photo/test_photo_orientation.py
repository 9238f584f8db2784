"""All eight EXIF orientations: pixels upright, and nothing in the metadata that would turn them again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from nitido.photo import Pixels, read_photo, write_photo

ORIENTATIONS = range(1, 9)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_pixels_are_upright_as_pillow_turns_them(
    tmp_path: Path, pixels: Pixels, make_exif: Callable[[int], bytes], orientation: int, suffix: str
) -> None:
    path = tmp_path / f"turned{suffix}"
    Image.fromarray(pixels).save(path, exif=make_exif(orientation))
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    photo = read_photo(path)
    np.testing.assert_array_equal(photo.pixels, upright)
    assert photo.metadata.orientation == orientation
    assert photo.pixels.flags.c_contiguous


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_saved_photo_is_shown_upright_by_others(
    tmp_path: Path, pixels: Pixels, make_exif: Callable[[int], bytes], orientation: int
) -> None:
    path = tmp_path / "turned.png"
    Image.fromarray(pixels).save(path, exif=make_exif(orientation))
    photo = read_photo(path)
    with Image.open(write_photo(photo, tmp_path / "again.png")) as image:
        np.testing.assert_array_equal(np.asarray(ImageOps.exif_transpose(image)), photo.pixels)
    again = read_photo(tmp_path / "again.png")
    assert again.metadata.orientation == 1
    np.testing.assert_array_equal(again.pixels, photo.pixels)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_alpha_and_sixteen_bits_turn_with_the_pixels(
    tmp_path: Path,
    deep: NDArray[np.uint16],
    make_png: Callable[..., bytes],
    make_exif: Callable[[int], bytes],
    orientation: int,
) -> None:
    path = tmp_path / "deep.png"
    path.write_bytes(make_png(deep, eXIf=make_exif(orientation)[6:]))
    photo = read_photo(path)
    stored = [ImageOps.exif_transpose(turned(deep[..., channel], orientation)) for channel in range(4)]
    assert photo.deep is not None
    for channel in range(3):
        np.testing.assert_array_equal(photo.deep[..., channel], np.asarray(stored[channel]))
    np.testing.assert_array_equal(photo.deep_alpha, np.asarray(stored[3]))


def turned(channel: NDArray[np.uint16], orientation: int) -> Image.Image:
    """A channel as a 32-bit image that says how it is turned."""
    image = Image.fromarray(channel.astype(np.int32))
    image.getexif()[0x0112] = orientation
    return image


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_only_the_orientation_value_changes_in_exif(
    tmp_path: Path,
    pixels: Pixels,
    make_jpeg: Callable[..., bytes],
    make_exif: Callable[[int], bytes],
    orientation: int,
) -> None:
    path = tmp_path / "photo.jpg"
    block = make_exif(orientation)
    path.write_bytes(make_jpeg(pixels, exif=block))
    exif = read_photo(path).metadata.exif
    assert exif is not None
    assert len(exif) == len(block)
    changed = [at for at in range(len(block)) if exif[at] != block[at]]
    assert len(changed) == (0 if orientation == 1 else 1)
    assert exif == make_exif(1)


def test_orientation_in_xmp_alone_is_obeyed_and_set_to_upright(
    tmp_path: Path, pixels: Pixels, make_jpeg: Callable[..., bytes], xmp: Callable[[int], bytes]
) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(make_jpeg(pixels, xmp=xmp(6)))
    photo = read_photo(path)
    assert photo.pixels.shape == (pixels.shape[1], pixels.shape[0], 3)
    assert photo.metadata.xmp == xmp(1)


def test_exif_decides_when_xmp_says_otherwise(
    tmp_path: Path,
    pixels: Pixels,
    make_jpeg: Callable[..., bytes],
    make_exif: Callable[[int], bytes],
    xmp: Callable[[int], bytes],
) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(make_jpeg(pixels, exif=make_exif(1), xmp=xmp(6)))
    photo = read_photo(path)
    assert photo.pixels.shape == pixels.shape
    assert photo.metadata.xmp == xmp(1)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_counts_as_upright(
    tmp_path: Path,
    pixels: Pixels,
    make_png: Callable[..., bytes],
    make_exif: Callable[[int], bytes],
    value: int,
) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(make_png(pixels, eXIf=make_exif(value)[6:]))
    photo = read_photo(path)
    np.testing.assert_array_equal(photo.pixels, pixels)
    assert photo.metadata.orientation == 1


def test_a_quarter_turn_does_not_halve_the_colour_twice(
    tmp_path: Path, pixels: Pixels, make_jpeg: Callable[..., bytes], make_exif: Callable[[int], bytes]
) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(make_jpeg(pixels, subsampling="4:2:2", exif=make_exif(6)))
    assert read_photo(path).metadata.encoder["subsampling"] == 0  # 4:4:4
    path.write_bytes(make_jpeg(pixels, subsampling="4:2:2", exif=make_exif(3)))
    assert read_photo(path).metadata.encoder["subsampling"] == 1  # 4:2:2
