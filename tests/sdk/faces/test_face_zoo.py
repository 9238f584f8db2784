"""The shipped face detector, on the photos in samples, and on those of the research data if they are here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nitido
from nitido.photo.model import Pixels

ROOT = Path(__file__).parents[3]
FACES = ROOT.parent / "shared" / "data" / "faces"


@pytest.fixture(scope="module")
def detector() -> nitido.FaceDetector:
    return nitido.FaceDetector.open()


def shrunk(pixels: Pixels, side: float, wanted: float) -> Pixels:
    height, width = (round(length * wanted / side) for length in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


def check(
    faces: tuple[nitido.Face, ...], pixels: Pixels, detector: nitido.FaceDetector, smallest: int
) -> None:
    """The landmarks are where a face has them, and the face is found again when it is small."""
    (right_eye, left_eye, nose, *mouth) = faces[0].landmarks
    assert right_eye[0] < left_eye[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(y for _, y in mouth)
    for wanted in (smallest, 24, 64):
        small = shrunk(pixels, faces[0].side, wanted)
        found = detector(small)[0]
        ratio = small.shape[0] / pixels.shape[0]
        # A detector's boxes are no measurement: a fifth of a face, and a pixel where faces are small.
        assert np.allclose(np.array(faces[0].box) * ratio, found.box, atol=1.5 + 0.2 * wanted)


def test_the_astronauts_face_is_found_large_and_small(detector: nitido.FaceDetector) -> None:
    pixels = nitido.read_photo(ROOT / "samples" / "astronaut_sharp.jpg").pixels
    faces = detector(pixels)
    assert len(faces) == 1
    check(faces, pixels, detector, smallest=14)


@pytest.mark.parametrize("name", ["coffee_sharp.jpg", "chelsea_defocus.jpg", "rocket_sharp.png"])
def test_cups_and_cats_and_rockets_have_no_face(detector: nitido.FaceDetector, name: str) -> None:
    assert detector(nitido.read_photo(ROOT / "samples" / name).pixels) == ()


def test_runtimes_find_the_same_faces() -> None:
    pixels = nitido.read_photo(ROOT / "samples" / "astronaut_sharp.jpg").pixels
    small = shrunk(pixels, 4, 1)  # one window of either runtime would do; LiteRT's are smaller
    onnx, litert = (nitido.FaceDetector.open(runtime=runtime)(small) for runtime in ("onnx", "litert"))
    assert len(onnx) == len(litert) == 1
    assert np.allclose(onnx[0].box, litert[0].box, atol=1.0)  # other windows, other rounding of their pixels


@pytest.mark.skipif(not FACES.is_dir(), reason="needs the photos in ../shared/data/faces")
@pytest.mark.parametrize(("name", "count"), [("face.jpg", 4), ("grace_hopper.bmp", 1)])
def test_photos_of_people(detector: nitido.FaceDetector, name: str, count: int) -> None:
    pixels = nitido.read_photo(FACES / name).pixels
    faces = detector(pixels)
    assert len(faces) == count
    if count == 1:
        check(faces, pixels, detector, smallest=12)
