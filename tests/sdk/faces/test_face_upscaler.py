"""Small faces are put into an enlarged photo where they are true to it, and nothing else changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nitido.errors import InvalidOption
from nitido.faces import Face, FaceUpscaler, UpscaledPhoto
from nitido.photo.model import Pixels

BOX = (30.0, 20.0, 46.0, 36.0)


def face(box: tuple[float, float, float, float] = BOX, confidence: float = 0.9) -> Face:
    return Face(box, ((38.0, 28.0),) * 5, confidence)


def smooth(height: int = 60, width: int = 80) -> Pixels:
    """Slopes of three grey levels a pixel, in both directions and each channel another."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([20 + 2.6 * x, 230 - 3 * y, 30 + 1.5 * x + 1.2 * y], axis=2).astype(np.uint8)


def enlarge(pixels: Pixels, height: int, width: int) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


def eight_times(pixels: Pixels) -> Pixels:
    return enlarge(pixels, 8 * pixels.shape[0], 8 * pixels.shape[1])


def upscaler(*faces: Face, network: Any = eight_times, **options: Any) -> FaceUpscaler:
    return FaceUpscaler(network, lambda pixels: faces, **options)


@pytest.mark.parametrize("size", [(120, 160), (162, 216), (240, 320), (600, 800)])
def test_a_face_replaces_the_photo_around_it_and_fades_out(size: tuple[int, int]) -> None:
    pixels = smooth()
    black = np.zeros((*size, 3), np.uint8)
    result = upscaler(face())(pixels, black)
    ratio = size[0] / 60
    inside = np.s_[
        round(20 * ratio) + 1 : round(36 * ratio) - 1, round(30 * ratio) + 1 : round(46 * ratio) - 1
    ]
    whole = enlarge(pixels, *size).astype(int)
    # Bicubic of a whole photo and of a window, and 8 bits on the way: a slope of 3 would show half a pixel.
    assert np.abs(result[inside] - whole[inside]).max() <= 1.5
    changed = np.argwhere(result.any(axis=2))
    assert (changed.min(axis=0) >= np.array([16, 26]) * ratio - 1).all()
    assert (changed.max(axis=0) <= np.array([40, 50]) * ratio + 1).all()
    rim = result[round(28 * ratio), round(26 * ratio) : round(30 * ratio), 1].astype(int)
    assert (np.diff(rim) >= -1).all()  # from black to the face, evenly
    assert rim[0] < 60
    assert not black.any()


def test_sixteen_bits_get_the_same_face() -> None:
    pixels = smooth()
    eight = enlarge(pixels, 120, 160)
    result = upscaler(face(), network=lambda part: eight_times(part) // 2 * 2, tolerance=9)(pixels, eight)
    deep = upscaler(face(), network=lambda part: eight_times(part) // 2 * 2, tolerance=9)(
        pixels, eight.astype(np.uint16) * 257
    )
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - result).max() <= 0.51  # the 8-bit one is rounded


def test_a_face_at_the_photos_edge_does_not_fade_there() -> None:
    pixels = smooth()
    result = upscaler(face((0.0, 0.0, 16.0, 16.0)))(pixels, np.zeros((120, 160, 3), np.uint8))
    assert np.abs(result[:30, :30].astype(int) - enlarge(pixels, 120, 160)[:30, :30]).max() <= 1.5


def test_a_face_that_is_not_true_to_the_photo_is_left_out() -> None:
    seen: list[UpscaledPhoto] = []
    enlarged = enlarge(smooth(), 120, 160)
    for network, applied in (
        (lambda part: eight_times(part) - 9, False),
        (lambda part: eight_times(part) - 2, True),
    ):
        result = upscaler(face(), network=network, on_result=seen.append)(smooth(), enlarged)
        assert (result is enlarged) == (not applied)
        assert seen[-1].faces[0].applied is applied
    assert seen[0].faces[0].error == pytest.approx(9, abs=0.5)  # rounding, twice


def test_large_faces_are_left_alone() -> None:
    enlarged = enlarge(smooth(), 120, 160)
    assert upscaler(face((20.0, 10.0, 60.0, 50.0)))(smooth(), enlarged) is enlarged
    assert upscaler(face(), largest=15)(smooth(), enlarged) is enlarged


@pytest.mark.parametrize("overhang", range(2, 8))
def test_a_face_of_which_a_strip_is_in_the_photo_does_no_harm(overhang: int) -> None:
    left = 80.0 + 4 - overhang  # its window begins four pixels before it
    result = upscaler(face((left, 20.0, left + 16, 36.0)))(smooth(), enlarge(smooth(), 66, 88))
    assert (
        np.abs(result.astype(int) - enlarge(smooth(), 66, 88)).max() <= 3
    )  # a strip's bicubic has no neighbours


def test_a_face_outside_the_photo_is_ignored() -> None:
    enlarged = enlarge(smooth(), 120, 160)
    assert upscaler(face((200.0, 20.0, 216.0, 36.0)))(smooth(), enlarged) is enlarged


def test_of_two_faces_that_overlap_the_surer_is_on_top() -> None:
    def network(part: Pixels) -> NDArray[np.uint8]:
        return np.full((8 * part.shape[0], 8 * part.shape[1], 3), next(shades), np.uint8)

    shades = iter((100, 200))
    faces = face(confidence=0.9), face((38.0, 20.0, 54.0, 36.0), 0.8)
    result = upscaler(*faces, network=network, tolerance=255)(smooth(), np.zeros((120, 160, 3), np.uint8))
    assert (result[56, 84] == 100).all()  # in both boxes; 100 is the first, surer one
    assert (result[56, 104] == 200).all()


def test_the_callback_gets_the_result_and_its_error_surfaces() -> None:
    seen: list[UpscaledPhoto] = []
    enlarged = enlarge(smooth(), 120, 160)
    result = upscaler(face(), on_result=seen.append)(smooth(), enlarged)
    upscaler(on_result=seen.append)(smooth(), enlarged)
    assert seen[0].pixels is result
    assert [len(told.faces) for told in seen] == [1, 0]
    found = seen[0].faces[0]
    assert (found.face, found.window, found.pixels.shape) == (face(), (26, 16, 50, 40), (192, 192, 3))

    def refuse(told: UpscaledPhoto) -> None:
        raise RuntimeError("stranger")

    with pytest.raises(RuntimeError, match="stranger"):
        upscaler(face(), on_result=refuse)(smooth(), enlarged)


@pytest.mark.parametrize("options", [{"largest": 0}, {"tolerance": -1}])
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InvalidOption, match="leave them out for the defaults"):
        upscaler(**options)


def test_a_photo_that_was_not_enlarged_is_refused() -> None:
    with pytest.raises(InvalidOption, match="at least 80 x 60 pixels, got 40 x 30"):
        upscaler()(smooth(), enlarge(smooth(), 30, 40))
