"""Every kind of picture that people have: its pixels come out right, and a save keeps its kind."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from nitido.errors import CannotWrite, DestinationIsSource, PhotoUnsupported
from nitido.photo import Pixels, copy_photo, read_photo, write_photo

LOSSLESS = [".png", ".tif"]


@pytest.mark.parametrize("shape", [(1, 1), (20_000, 3), (3, 20_000)])
@pytest.mark.parametrize("suffix", [*LOSSLESS, ".jpg", ".bmp"])
def test_extreme_shapes_are_read_and_written(tmp_path: Path, shape: tuple[int, int], suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    photo = read_photo(tmp_path / "photo.png")
    np.testing.assert_array_equal(photo.pixels, noise)
    again = read_photo(write_photo(photo, tmp_path / f"again{suffix}"))
    assert (again.height, again.width) == shape
    if suffix != ".jpg":
        np.testing.assert_array_equal(again.pixels, noise)


@pytest.mark.parametrize("suffix", [".webp", ".heic"])
def test_a_photo_longer_than_the_format_allows_is_refused(tmp_path: Path, suffix: str) -> None:
    Image.new("RGB", (3, 20_000)).save(tmp_path / "long.png")
    with pytest.raises(CannotWrite, match=r"pixels a side.*save it as \.png"):
        write_photo(read_photo(tmp_path / "long.png"), tmp_path / f"long{suffix}")


@pytest.mark.parametrize("suffix", [*LOSSLESS, ".jpg"])
def test_greyscale_stays_greyscale(tmp_path: Path, pixels: Pixels, suffix: str) -> None:
    grey = pixels[..., 0]
    Image.fromarray(grey).save(tmp_path / f"grey{suffix}", quality=95)
    photo = read_photo(tmp_path / f"grey{suffix}")
    assert photo.metadata.mode == "L"
    assert photo.pixels.shape == (*grey.shape, 3)
    again = write_photo(photo, tmp_path / f"again{suffix}")
    with Image.open(again) as image:
        assert image.mode == "L"
        if suffix != ".jpg":
            np.testing.assert_array_equal(np.asarray(image), grey)


def test_colour_that_an_enhancer_put_into_a_grey_photo_is_saved_as_luma(tmp_path: Path) -> None:
    Image.new("L", (4, 4), 100).save(tmp_path / "grey.png")
    photo = read_photo(tmp_path / "grey.png")
    tinted = photo.with_pixels(np.full((4, 4, 3), (110, 100, 90), np.uint8))
    with Image.open(write_photo(tinted, tmp_path / "again.png")) as image:
        assert image.mode == "L"
        assert image.getpixel((0, 0)) == round(0.299 * 110 + 0.587 * 100 + 0.114 * 90)


def test_one_bit_becomes_grey(tmp_path: Path) -> None:
    bits = np.random.default_rng(0).integers(0, 2, (9, 17)).astype(bool)
    Image.fromarray(bits).save(tmp_path / "fax.png")
    photo = read_photo(tmp_path / "fax.png")
    assert photo.metadata.mode == "L"
    np.testing.assert_array_equal(photo.pixels[..., 1], bits * np.uint8(255))


def test_a_palette_with_transparency_becomes_colour_and_alpha(tmp_path: Path) -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    image.save(tmp_path / "palette.png", transparency=bytes([255, 128, 0]))
    photo = read_photo(tmp_path / "palette.png")
    assert photo.pixels.tolist() == [[[255, 0, 0], [0, 255, 0], [0, 0, 255]]]
    assert photo.alpha is not None
    assert photo.alpha.tolist() == [[255, 128, 0]]
    again = read_photo(write_photo(photo, tmp_path / "again.png"))
    np.testing.assert_array_equal(again.pixels, photo.pixels)
    np.testing.assert_array_equal(again.alpha, photo.alpha)


@pytest.mark.parametrize(("mode", "key"), [("L", 77), ("RGB", (10, 20, 30))])
def test_a_transparent_colour_becomes_alpha(tmp_path: Path, mode: str, key: int | tuple[int, ...]) -> None:
    image = Image.new(mode, (2, 1), key)
    image.putpixel((1, 0), 78 if mode == "L" else (11, 20, 30))
    image.save(tmp_path / "key.png", transparency=key)
    photo = read_photo(tmp_path / "key.png")
    assert photo.alpha is not None
    assert photo.alpha.tolist() == [[0, 255]]


def test_a_transparent_grey_of_two_bits_becomes_alpha(tmp_path: Path, make_png: Callable[..., bytes]) -> None:
    content = bytearray(make_png(np.array([[[0b00011011]]], np.uint8), tRNS=struct.pack(">H", 2)))
    content[16:25] = struct.pack(">IIB", 4, 1, 2)  # four samples of two bits: 0, 1, 2, 3
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (tmp_path / "bits.png").write_bytes(content)
    photo = read_photo(tmp_path / "bits.png")
    assert photo.pixels[0, :, 0].tolist() == [0, 85, 170, 255]
    assert photo.alpha is not None
    assert photo.alpha.tolist() == [[255, 255, 0, 255]]


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("suffix", LOSSLESS)
def test_alpha_survives_a_save(tmp_path: Path, pixels: Pixels, mode: str, suffix: str) -> None:
    alpha = pixels[::-1, :, 0]
    image = Image.fromarray(pixels).convert("L" if mode == "LA" else "RGB")
    image.putalpha(Image.fromarray(alpha))
    image.save(tmp_path / f"photo{suffix}")
    photo = read_photo(tmp_path / f"photo{suffix}")
    np.testing.assert_array_equal(photo.alpha, alpha)
    again = write_photo(photo, tmp_path / f"again{suffix}")
    with Image.open(again) as saved:
        assert saved.mode == mode
        np.testing.assert_array_equal(np.asarray(saved), np.asarray(image))


@pytest.mark.parametrize("suffix", [".webp", ".avif"])
def test_alpha_survives_lossy_formats(tmp_path: Path, pixels: Pixels, suffix: str) -> None:
    image = Image.fromarray(pixels)
    alpha = np.zeros(pixels.shape[:2], np.uint8)
    alpha[:, 20:] = 255
    image.putalpha(Image.fromarray(alpha))
    image.save(tmp_path / "photo.png")
    again = read_photo(
        write_photo(read_photo(tmp_path / "photo.png"), tmp_path / f"again{suffix}", quality=100)
    )
    assert again.alpha is not None
    # Codec rounding: AVIF codes alpha as a picture.
    assert np.abs(again.alpha.astype(int) - alpha).mean() < 1


def test_an_opaque_alpha_does_not_keep_a_photo_from_jpeg(tmp_path: Path, pixels: Pixels) -> None:
    Image.fromarray(pixels).convert("RGBA").save(tmp_path / "opaque.png")
    with Image.open(write_photo(read_photo(tmp_path / "opaque.png"), tmp_path / "opaque.jpg")) as image:
        assert image.mode == "RGB"


def cmyk_profile() -> bytes:
    """A printer whose cyan ink prints red: conversion through it cannot be mistaken for the plain formula."""
    entries = []
    for corner in range(16):
        cyan, others = corner >> 3, bin(corner & 7).count("1")
        lightness = 255 - 80 * cyan - 58 * others
        entries.append(bytes([max(0, lightness), 128 + 60 * cyan, 128 + 40 * cyan]))
    ramp = bytes([*range(256)])
    matrix = struct.pack(">9i", *(65536 if at in (0, 4, 8) else 0 for at in range(9)))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + b"".join(entries) + ramp * 3
    text = b"text\0\0\0\0red ink\0"
    tags = [(b"A2B0", lut), (b"desc", text), (b"cprt", text)]
    offset = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, body in tags:
        body += b"\0" * (-len(body) % 4)
        table += struct.pack(">4sII", name, offset + len(data), len(body))
        data += body
    header = struct.pack(">I4sI4s4s4s", offset + len(data), b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp").ljust(44, b"\0")
    header += struct.pack(">3I", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + data


def test_a_cmyk_jpeg_is_converted_through_its_profile(tmp_path: Path) -> None:
    profile = cmyk_profile()
    ink = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    ink.save(tmp_path / "print.jpg", icc_profile=profile, quality=100)
    photo = read_photo(tmp_path / "print.jpg")
    expected = ImageCms.profileToProfile(
        ink, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert expected is not None
    wanted = np.asarray(expected)
    assert wanted[0, 0, 0] > wanted[0, 0, 2], "the test's cyan ink prints red"
    assert np.abs(photo.pixels.astype(int) - wanted).max() <= 2  # JPEG rounding
    assert photo.metadata.icc_profile is None, "a CMYK profile would be wrong for RGB pixels"
    with Image.open(write_photo(photo, tmp_path / "screen.jpg")) as image:
        assert image.mode == "RGB"


@pytest.mark.parametrize("profile", [None, b"not a profile"])
def test_a_cmyk_jpeg_without_a_usable_profile_is_converted_plainly(
    tmp_path: Path, profile: bytes | None
) -> None:
    ink = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    ink.save(tmp_path / "print.jpg", quality=100, icc_profile=profile)
    red, green, blue = read_photo(tmp_path / "print.jpg").pixels[8, 8]
    assert red > 250
    assert max(green, blue) < 5


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".tif"])
def test_of_an_animation_the_first_frame_is_read_and_all_are_counted(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "green", "blue")]
    path = tmp_path / f"moving{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    photo = read_photo(path)
    assert photo.metadata.frames == 3
    assert photo.pixels[8, 8].tolist() == [255, 0, 0]
    with pytest.raises(CannotWrite):
        write_photo(photo, tmp_path / f"still{suffix}")
    with pytest.raises(CannotWrite):
        write_photo(photo, path, overwrite=True)
    assert read_photo(write_photo(photo, tmp_path / "still.jpg")).metadata.frames == 1
    assert read_photo(copy_photo(path, tmp_path / f"copy{suffix}")).metadata.frames == 3


def test_of_a_multi_picture_file_the_primary_is_read_and_saved_as_jpeg(
    tmp_path: Path, pixels: Pixels
) -> None:
    path = tmp_path / "stereo.jpg"
    Image.fromarray(pixels).save(
        path, "MPO", save_all=True, append_images=[Image.fromarray(pixels[::-1].copy())], quality=95
    )
    photo = read_photo(path)
    assert (photo.metadata.format, photo.metadata.frames) == ("MPO", 2)
    assert np.abs(photo.pixels.astype(int) - pixels).mean() < 4
    again = read_photo(write_photo(photo, tmp_path / "mono.jpg"))
    assert (again.metadata.format, again.metadata.frames) == ("JPEG", 1)
    with pytest.raises(DestinationIsSource):
        write_photo(photo, path)
    with pytest.raises(CannotWrite, match="2 pictures"):
        write_photo(photo, path, overwrite=True)


def test_a_motion_photo_is_not_overwritten_by_its_picture_alone(
    tmp_path: Path, pixels: Pixels, make_jpeg: Callable[..., bytes]
) -> None:
    path = tmp_path / "motion.jpg"
    path.write_bytes(make_jpeg(pixels, xmp=b'<rdf GCamera:MotionPhoto="1"/>') + b"ftypmp42 and a video")
    photo = read_photo(path)
    assert photo.metadata.frames == 2
    with pytest.raises(CannotWrite):
        write_photo(photo, path, overwrite=True)


def test_avif_of_ten_bits_is_refused_rather_than_cut_to_eight(tmp_path: Path, pixels: Pixels) -> None:
    path = tmp_path / "photo.avif"
    Image.fromarray(pixels).save(path)
    assert read_photo(path).bit_depth == 8
    content = bytearray(path.read_bytes())
    content[content.index(b"av1C") + 6] |= 0x40  # what ten bits look like: here,
    samples = content.index(b"pixi") + 9
    content[samples : samples + 3] = bytes([10, 10, 10])  # and here
    path.write_bytes(content)
    with pytest.raises(PhotoUnsupported, match="convert it to 16-bit PNG"):
        read_photo(path)


def test_a_lossless_webp_stays_lossless(tmp_path: Path, pixels: Pixels) -> None:
    Image.fromarray(pixels).save(tmp_path / "photo.webp", lossless=True, icc_profile=b"profile")
    photo = read_photo(tmp_path / "photo.webp")
    np.testing.assert_array_equal(photo.pixels, pixels)
    np.testing.assert_array_equal(read_photo(write_photo(photo, tmp_path / "again.webp")).pixels, pixels)
