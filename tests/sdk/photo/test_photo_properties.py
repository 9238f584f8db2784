"""What holds for all photos and for any bytes whatsoever."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from hypothesis.extra import numpy as some_arrays
from numpy.typing import NDArray
from PIL import Image

from nitido.errors import NitidoError
from nitido.photo import Metadata, Photo, read_photo, write_photo

slowly = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
sides = some.integers(1, 40)


@slowly
@given(
    some.data(), sides, sides, some.sampled_from(["L", "RGB"]), some.booleans(), some.sampled_from([8, 16])
)
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_saving_and_reading_gives_every_sample_back(
    suffix: str, data: some.DataObject, height: int, width: int, mode: str, has_alpha: bool, depth: int
) -> None:
    dtype = np.uint8 if depth == 8 else np.uint16
    colour = data.draw(some_arrays.arrays(dtype, (height, width, 1 if mode == "L" else 3)))
    colour = np.ascontiguousarray(np.broadcast_to(colour, (height, width, 3)))
    alpha = data.draw(some_arrays.arrays(dtype, (height, width))) if has_alpha else None
    photo = Photo(
        pixels=to_8_bits(colour),
        metadata=Metadata("PNG", mode=mode),
        alpha=None if alpha is None else to_8_bits(alpha),
        bit_depth=depth,
        deep=colour if depth == 16 else None,
        deep_alpha=alpha if depth == 16 else None,
    )
    with tempfile.TemporaryDirectory() as folder:
        again = read_photo(write_photo(photo, Path(folder) / f"photo{suffix}"))
    np.testing.assert_array_equal(again.pixels, photo.pixels)
    for name in ("alpha", "deep", "deep_alpha"):
        expected, got = getattr(photo, name), getattr(again, name)
        assert (expected is None) == (got is None), name
        if expected is not None:
            np.testing.assert_array_equal(got, expected)


def to_8_bits(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Divided by 257 and rounded if they are 16 bits."""
    return samples if samples.dtype == np.uint8 else np.rint(samples / 257).astype(np.uint8)


def small_files() -> list[bytes]:
    """One small file of every kind that is read."""
    pixels = np.random.default_rng(0).integers(0, 256, (11, 13, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x927C] = b"maker note"
    files = []
    for name in ("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "GIF", "BMP"):
        file = io.BytesIO()
        image.save(file, name, **({} if name in ("GIF", "BMP") else {"exif": exif.tobytes()}))
        files.append(file.getvalue())
    for options in ({"compression": "tiff_lzw"}, {"compression": "jpeg"}):
        file = io.BytesIO()
        image.save(file, "TIFF", **options)
        files.append(file.getvalue())
    file = io.BytesIO()
    image.save(file, "MPO", save_all=True, append_images=[image])
    files.append(file.getvalue())
    file = io.BytesIO()
    tifffile.imwrite(file, pixels.astype(np.uint16) * 257, photometric="rgb", compression="zlib")
    files.append(file.getvalue())
    return files


FILES = small_files()


@some.composite
def broken_files(draw: some.DrawFn) -> bytes:
    """A sound file in which some bytes were changed, or that was cut, or grew in the middle."""
    content = bytearray(draw(some.sampled_from(FILES)))
    for _ in range(draw(some.integers(1, 4))):
        at = draw(some.integers(0, max(0, len(content) - 1)))
        end = at + draw(some.integers(0, 4))
        content[at:end] = draw(some.binary(max_size=6))
    return bytes(content[: draw(some.integers(len(content) // 2, len(content)))])


@settings(slowly, max_examples=400)
@given(broken_files() | some.binary(max_size=200))
@pytest.mark.filterwarnings("ignore")
def test_any_bytes_are_a_photo_or_a_named_error(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any"
        path.write_bytes(content)
        with contextlib.suppress(NitidoError):
            photo = read_photo(path, max_megapixels=1)
            assert photo.pixels.dtype == np.uint8
            assert photo.pixels.shape == (photo.height, photo.width, 3)
            write_photo(photo, Path(folder) / "again.png")


def test_importing_costs_no_plugin_no_colour_management_and_no_extra() -> None:
    code = "import sys, nitido.photo; print(*sorted(sys.modules))"
    names = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert "PIL.Image" in names
    costly = [name for name in names if name.endswith(("ImagePlugin", "ImageCms"))]
    assert costly == []
    assert {"pillow_heif", "onnxruntime", "torch"}.isdisjoint(names)


def test_reading_a_photo_loads_only_its_own_plugin(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "photo.png")
    code = f"import sys; from nitido.photo import read_photo; read_photo({str(tmp_path / 'photo.png')!r}); "
    code += "print(*sorted(name for name in sys.modules if name.endswith('ImagePlugin')))"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert out.split() == ["PIL.PngImagePlugin"]
