"""One photo through the enhancer."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nitido.enhancer import Enhancer
from nitido.errors import DestinationExists, DestinationIsSource, InvalidOption, NotAPhoto, PairMismatch
from nitido.photo.depth import to_8_bits
from nitido.photo.model import Metadata, Photo, Pixels
from nitido.photo.read import read_photo
from nitido.photo.write import write_photo
from nitido.trigger import Improvability

DARK = np.full((6, 8, 3), 20, np.uint8)
BRIGHT = np.full((6, 8, 3), 240, np.uint8)


class Part(SimpleNamespace):
    """A trigger or restorer with an id and runtime, as those from bundles have."""

    def __call__(self, *args: object) -> object:
        return self.does(*args)


def never(*args: object) -> Pixels:
    raise AssertionError("worked in vain")


def test_a_photo_worth_it_is_enhanced(enhancer):
    outcome = enhancer(DARK)
    assert outcome.applied
    assert (outcome.pixels == 250).all()
    assert outcome.timings.keys() == {"trigger", "enhance"}


def test_a_photo_below_the_threshold_is_returned_as_it_is(enhancer):
    outcome = enhancer(BRIGHT)
    assert not outcome.applied
    assert outcome.pixels is BRIGHT
    assert outcome.timings.keys() == {"trigger"}


def test_own_threshold_replaces_the_recommendation(trigger):
    def halve(pixels: Pixels, strength: object) -> Pixels:
        return pixels // 2

    assert not Enhancer(trigger, halve, threshold=0.99)(DARK).applied
    assert Enhancer(trigger, halve, threshold=-1.0)(BRIGHT).applied
    assert "below the threshold 0.99" in Enhancer(trigger, halve, threshold=0.99)(DARK).reason


def test_a_16_bit_file_is_enhanced_with_all_its_bits_by_a_restorer_that_takes_them(trigger, tmp_path):
    deep = (np.arange(48 * 3, dtype=np.uint16) * 101).reshape(6, 8, 3)
    source = tmp_path / "deep.png"
    write_photo(Photo(to_8_bits(deep), Metadata("PNG"), bit_depth=16, deep=deep), source)

    def invert(pixels: NDArray[Any], strength: object) -> NDArray[Any]:
        return np.iinfo(pixels.dtype).max - pixels

    invert.takes_16_bits = True  # type: ignore[attr-defined]
    outcome = Enhancer(trigger, invert).file(source, tmp_path / "out.png")
    np.testing.assert_array_equal(outcome.deep, 65535 - deep)
    np.testing.assert_array_equal(outcome.pixels, to_8_bits(65535 - deep))
    np.testing.assert_array_equal(read_photo(tmp_path / "out.png").deep, 65535 - deep)
    assert Enhancer(trigger, invert)(DARK).deep is None


@pytest.mark.parametrize("threshold", [float("nan"), float("inf")])
def test_threshold_must_be_finite(trigger, threshold):
    with pytest.raises(InvalidOption, match="finite"):
        Enhancer(trigger, lambda pixels, strength: pixels, threshold=threshold)


def test_strength_reaches_the_restorer(trigger):
    seen = []

    def restore(pixels: Pixels, strength: object) -> Pixels:
        seen.append(strength)
        return pixels

    Enhancer(trigger, restore)(DARK, {"denoise": 0.5})
    assert seen == [{"denoise": 0.5}]


def told_to(trigger, pixels: Pixels, strength: object) -> list[object]:
    """What the restorer is told, and what the outcome says that it was told."""
    seen: list[object] = []

    def restore(pixels: Pixels, strength: object) -> Pixels:
        seen.append(strength)
        return pixels

    outcome = Enhancer(trigger, restore, threshold=-1.0)(pixels, strength)
    assert outcome.applied == bool(seen)
    assert outcome.strength == (seen[0] if seen else None)
    return seen


def test_a_noisy_but_sharp_photo_is_denoised_and_not_deblurred(trigger_by_factor):
    outcome = Enhancer(trigger_by_factor, lambda pixels, strength: pixels)(DARK)
    assert outcome.strength == {"denoise": 1.0, "deblur": 0.0}
    assert outcome.reason.endswith(": denoise")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (0.5, {"denoise": 0.5, "deblur": 0.0}),
        ({"denoise": 0.5}, {"denoise": 0.5, "deblur": 0.0}),
        ({"denoise": 0.5, "deblur": 1.0}, {"denoise": 0.5, "deblur": 0.0}),
    ],
)
def test_the_callers_strength_scales_what_the_trigger_found(trigger_by_factor, asked, told):
    assert told_to(trigger_by_factor, DARK, asked) == [told]


@pytest.mark.parametrize("asked", [1.0, 0.5, {"denoise": 0.5}])
def test_all_factors_apply_where_no_single_one_is_worth_it(trigger, trigger_by_factor, asked):
    assert told_to(trigger_by_factor, BRIGHT, asked) == [asked]  # recommended by the threshold of -1 only
    assert told_to(trigger, DARK, asked) == [asked]  # a trigger that tells of no strengths


@pytest.mark.parametrize("asked", [0, 0.0, {}, {"deblur": 1.0}, {"denoise": 0.0}])
def test_nothing_to_remove_leaves_the_photo_alone(trigger_by_factor, asked):
    assert told_to(trigger_by_factor, DARK, asked) == []
    assert "nothing to remove" in Enhancer(trigger_by_factor, never)(DARK, asked).reason


@pytest.mark.parametrize("asked", [1.5, -0.1, float("nan"), {"deblur": 2.0, "denoise": 1.0}])
def test_a_strength_out_of_range_is_refused_even_for_what_is_not_removed(trigger_by_factor, asked):
    with pytest.raises(InvalidOption, match="from 0 to 1"):
        Enhancer(trigger_by_factor, never)(DARK, asked)


def test_a_name_that_the_trigger_does_not_know_reaches_the_restorer_which_refuses_it(trigger_by_factor):
    assert told_to(trigger_by_factor, DARK, {"denoise": 1.0, "colour": 1.0}) == [
        {"denoise": 1.0, "deblur": 0.0, "colour": 0.0}
    ]


def test_trigger_of_another_enhancer_is_refused(trigger):
    restore = Part(id="bbbb", does=lambda pixels, strength: pixels)
    with pytest.raises(PairMismatch, match=r"aaaa.*bbbb"):
        Enhancer(Part(enhancer_id="aaaa", does=trigger), restore)
    assert Enhancer(Part(enhancer_id="bbbb", does=trigger), restore)(DARK).applied


def test_outcome_names_only_runtimes_that_ran(trigger):
    parts = Part(does=trigger, info="A"), Part(does=lambda pixels, strength: pixels, info="B")
    assert Enhancer(*parts)(DARK).runtime == "A; B"
    assert Enhancer(*parts)(BRIGHT).runtime == "A"


def test_file_is_enhanced_into_a_folder_that_it_makes(enhancer, make_photo, tmp_path):
    source = make_photo(tmp_path / "a.png", 20)
    before = source.read_bytes()
    outcome = enhancer.file(source, tmp_path / "new" / "deep" / "a.png")
    assert outcome.applied
    assert (read_photo(tmp_path / "new" / "deep" / "a.png").pixels == 250).all()
    assert source.read_bytes() == before
    assert list(outcome.timings) == ["decode", "trigger", "enhance", "encode"]


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_photo_left_alone_is_copied_byte_for_byte_with_its_times(enhancer, make_photo, tmp_path, suffix):
    source = make_photo(tmp_path / f"a.{suffix}", 240)
    os.utime(source, ns=(1_000_000_000, 2_000_000_000))
    outcome = enhancer.file(source, tmp_path / f"b.{suffix}")
    assert not outcome.applied
    assert (tmp_path / f"b.{suffix}").read_bytes() == source.read_bytes()
    assert (tmp_path / f"b.{suffix}").stat().st_mtime_ns == 2_000_000_000


def test_photo_left_alone_is_converted_when_another_format_was_asked_for(enhancer, make_photo, tmp_path):
    enhancer.file(make_photo(tmp_path / "a.png", 240), tmp_path / "b.jpg")
    with Image.open(tmp_path / "b.jpg") as image:
        assert image.format == "JPEG"


def test_nothing_is_overwritten_unasked(enhancer, make_photo, tmp_path):
    source, there = make_photo(tmp_path / "a.png", 20), make_photo(tmp_path / "b.png", 99)
    with pytest.raises(DestinationExists, match="--overwrite"):
        enhancer.file(source, there)
    assert (read_photo(there).pixels == 99).all()
    assert enhancer.file(source, there, overwrite=True).applied
    assert (read_photo(there).pixels == 250).all()


def test_source_as_destination_is_refused_also_through_a_link(enhancer, make_photo, tmp_path):
    source = make_photo(tmp_path / "a.png", 20)
    (tmp_path / "link.png").symlink_to(source)
    for destination in (source, tmp_path / "link.png"):
        with pytest.raises(DestinationIsSource):
            enhancer.file(source, destination)


def test_refusal_comes_before_the_work(make_photo, tmp_path):
    def never(*args: object) -> Improvability:
        raise AssertionError("assessed in vain")

    source = make_photo(tmp_path / "a.png", 20)
    with pytest.raises(DestinationIsSource):
        Enhancer(never, never).file(source, source)


def test_overwriting_in_place_works_for_both_decisions(enhancer, make_photo, tmp_path):
    dark, bright = make_photo(tmp_path / "dark.png", 20), make_photo(tmp_path / "bright.png", 240)
    before = bright.read_bytes()
    enhancer.file(dark, dark, overwrite=True)
    enhancer.file(bright, bright, overwrite=True)
    assert (read_photo(dark).pixels == 250).all()
    assert bright.read_bytes() == before


@pytest.mark.parametrize("suffix", ["gif", "webp", "tif"])
def test_file_of_several_pictures_is_copied_whatever_its_score(enhancer, tmp_path, suffix):
    frames = [Image.new("RGB", (8, 6), (level, 0, 0)) for level in (10, 20, 30)]
    source = tmp_path / f"a.{suffix}"
    frames[0].save(source, save_all=True, append_images=frames[1:], lossless=True)
    outcome = enhancer.file(source, tmp_path / "out" / f"a.{suffix}")
    assert not outcome.applied
    assert "3 pictures" in outcome.reason
    assert (tmp_path / "out" / f"a.{suffix}").read_bytes() == source.read_bytes()


def test_multi_picture_jpeg_of_a_camera_is_enhanced(enhancer, tmp_path):
    frames = [Image.new("RGB", (8, 6), (level, level, level)) for level in (10, 12)]
    frames[0].save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=frames[1:])
    outcome = enhancer.file(tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert outcome.applied
    assert outcome.reason.endswith("only the first of its 2 pictures (or a video) is kept")


def test_multi_picture_jpeg_never_replaces_itself(enhancer, tmp_path):
    frames = [Image.new("RGB", (8, 6), (level, level, level)) for level in (10, 12)]
    frames[0].save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=frames[1:])
    before = (tmp_path / "a.jpg").read_bytes()
    assert not enhancer.file(tmp_path / "a.jpg", tmp_path / "a.jpg", overwrite=True).applied
    assert (tmp_path / "a.jpg").read_bytes() == before


def test_a_file_that_is_no_photo_leaves_nothing_behind(enhancer, tmp_path: Path):
    (tmp_path / "a.jpg").write_text("hello")
    with pytest.raises(NotAPhoto):
        enhancer.file(tmp_path / "a.jpg", tmp_path / "out" / "a.jpg")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]
