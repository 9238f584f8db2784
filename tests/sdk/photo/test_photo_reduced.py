"""JPEGs decoded only as large as they are looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido.bundle.manifest import Build, TensorSpec, TriggerTask, View
from nitido.cues import CUES
from nitido.errors import InvalidOption, PhotoDamaged, PhotoTooLarge
from nitido.photo import Pixels, read_photo
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors
from nitido.trigger import Trigger


def smooth(width: int, height: int) -> Pixels:
    """No detail that a reduced decoding could lose, and another colour in every corner."""
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return (255 * np.stack([across, down, (across + down) / 2], axis=2)).astype(np.uint8)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_reduced_photo_is_the_full_one_upright_and_smaller(
    tmp_path: Path, make_exif: Callable[[int], bytes], orientation: int
) -> None:
    file = tmp_path / "a.jpg"
    Image.fromarray(smooth(640, 480)).save(file, exif=make_exif(orientation), quality=95)
    full, reduced = read_photo(file), read_photo(file, at_least=(160, 120))
    assert replace(reduced.metadata, times=full.metadata.times) == full.metadata  # reading it is an access
    height, width = full.pixels.shape[:2]
    assert reduced.pixels.shape == (height // 4, width // 4, 3)
    shrunk = Image.fromarray(full.pixels).reduce(4)
    difference = np.abs(reduced.pixels.astype(int) - np.asarray(shrunk))
    # Rounding in libjpeg and in the averaging, two levels each at most, on smooth colour.
    assert difference.max() <= 4, f"max {difference.max()}, mean {difference.mean():.2f}"


@pytest.mark.parametrize(
    ("at_least", "width"),
    [
        ((640, 1), 640),
        ((320, 1), 320),
        ((321, 1), 640),
        ((1, 240), 320),
        ((1, 241), 640),
        ((1, 1), 80),
        ((9999, 1), 640),
    ],
)
def test_both_sides_stay_as_long_as_asked_for(tmp_path: Path, at_least: tuple[int, int], width: int) -> None:
    lying, standing = tmp_path / "lying.jpg", tmp_path / "standing.jpg"
    Image.new("RGB", (640, 480)).save(lying)
    Image.new("RGB", (480, 640)).save(standing)
    assert read_photo(lying, at_least=at_least).pixels.shape == (width * 3 // 4, width, 3)
    assert read_photo(standing, at_least=at_least).pixels.shape == (width, width * 3 // 4, 3)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_are_reduced_too(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (64, 48)).save(tmp_path / "a.jpg")
    assert read_photo(tmp_path / "a.jpg", at_least=(16, 8)).pixels.shape == (12, 16, 3)


def test_other_formats_come_at_full_size(tmp_path: Path) -> None:
    for suffix in ("png", "webp", "tif"):
        Image.new("RGB", (64, 48)).save(tmp_path / f"a.{suffix}")
        assert read_photo(tmp_path / f"a.{suffix}", at_least=(8, 8)).pixels.shape == (48, 64, 3)


def test_errors_are_those_of_full_size(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    Image.fromarray(smooth(640, 480)).save(file)
    with pytest.raises(PhotoTooLarge):
        read_photo(file, at_least=(8, 8), max_megapixels=0.1)
    with pytest.raises(InvalidOption, match="at_least"):
        read_photo(file, at_least=(8, 0))
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(PhotoDamaged):
        read_photo(file, at_least=(8, 8))


def trigger(view: View) -> Trigger:
    """Its score is the mean colour of what it looks at."""

    def run(inputs: Tensors) -> Tensors:
        return {"gains": np.array([[inputs["image"].mean(), 0.5]], np.float32)}

    spec = TensorSpec("image", (1, 3, view.size, view.size))
    cues, gains = TensorSpec("cues", (1, len(CUES)), layout="NC"), TensorSpec("gains", (1, 2), layout="NC")
    build = Build("main", "onnx-fp32", "", "", 0, (spec, cues), (gains,), {})
    task = TriggerTask(("upscale",), view, 0.1, {"upscale": 0.1}, 0.9, "abc", upscale_below=300)
    return Trigger(FunctionSession(run, build), task)


def test_a_trigger_asks_for_native_size_if_it_takes_native_crops() -> None:
    whole = View(size=64, crop=64, count=0, whole=1)
    assert trigger(View(size=64, crop=32, count=4)).at_least is None
    assert trigger(View(size=64, crop=32, count=3, whole=1)).at_least is None
    assert trigger(whole).at_least == (301, 128)
    assert trigger(replace(whole, size=512, crop=512)).at_least == (1024, 1024)


@pytest.mark.parametrize("size", [(2000, 1500), (1500, 2000), (2400, 300), (299, 200)])
def test_a_trigger_says_the_same_of_a_photo_decoded_as_small_as_it_asks(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    looks = trigger(View(size=64, crop=64, count=0, whole=1))
    Image.fromarray(smooth(*size)).save(tmp_path / "a.jpg", quality=95)
    full = looks(read_photo(tmp_path / "a.jpg").pixels)
    reduced = looks(read_photo(tmp_path / "a.jpg", at_least=looks.at_least).pixels)
    assert reduced.factors == full.factors  # a large photo is still known as one
    assert abs(reduced.score - full.score) < 1 / 255  # one grey level: the two ways of shrinking round apart
