"""Crops of faces: which are taken, how they are cut, and that a file's crops stay together."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido.faces import Face
from nitido_train import data
from nitido_train.clips import frames, list_clips
from nitido_train.face_crops import HELD_OUT, TRAIN, Rules, collect, crop_of, detail

RULES = Rules(smallest=40, largest=64)
HELD_OUT_NAME = next(name for n in range(100) if data.is_held_out(Path(name := f"{n}.png")))
TRAINED_NAME = next(name for n in range(100) if not data.is_held_out(Path(name := f"{n}.png")))


def face(left: float, top: float, side: float, *, confidence: float = 0.9, tilt: float = 0.0) -> Face:
    box = (left, top, left + side, top + side)
    x, y = left + side / 2, top + side / 2
    across = np.array([np.cos(np.radians(tilt)), np.sin(np.radians(tilt))]) * side / 4
    eyes = ((x - across[0], y - across[1]), (x + across[0], y + across[1]))
    return Face(box, (*eyes, (x, y), (x, y), (x, y)), confidence)


def textured(seed: int = 0, size: int = 160) -> data.Pixels:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def test_a_crop_is_a_square_of_one_and_a_half_faces_around_its_middle() -> None:
    pixels = textured()
    found = crop_of(face(50, 40, 48), pixels, RULES)
    assert found is not None
    np.testing.assert_array_equal(found, pixels[28:100, 38:110])


def test_large_faces_are_shrunk_and_edges_mirrored() -> None:
    found = crop_of(face(20, 0, 100), textured(), RULES)
    assert found is not None
    assert found.shape == (96, 96, 3)


@pytest.mark.parametrize(
    "refused",
    [
        face(50, 40, 39),
        face(50, 40, 48, confidence=0.7),
        face(50, 40, 48, tilt=40),
        face(-3, 40, 48),
        face(130, 40, 48),
    ],
    ids=["small", "unsure", "tilted", "cut left", "cut right"],
)
def test_faces_that_teach_nothing_are_refused(refused: Face) -> None:
    assert crop_of(refused, textured(), RULES) is None


def test_blurred_faces_are_refused() -> None:
    coarse = Image.fromarray(textured(size=10)).resize((160, 160), Image.Resampling.BICUBIC)
    blurred = np.asarray(coarse)
    assert detail(blurred) < RULES.detail < detail(textured())
    assert crop_of(face(50, 40, 48), blurred, RULES) is None


def test_all_crops_of_a_file_are_trained_on_or_held_out(tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "crops"
    photos.mkdir()
    for number, name in enumerate((HELD_OUT_NAME, TRAINED_NAME)):
        Image.fromarray(textured(number)).save(photos / name)
    sources = [(photos, file) for file in data.list_photos(photos)]

    def detect(pixels: data.Pixels) -> tuple[Face, ...]:
        return face(10, 10, 48), face(90, 90, 48)

    counts = {file.name: count for file, count in collect(sources, out, detect, RULES)}
    assert counts == {HELD_OUT_NAME: 2, TRAINED_NAME: 2}
    names = {group: sorted(file.name for file in (out / group).iterdir()) for group in (TRAIN, HELD_OUT)}
    assert all(name.startswith(Path(TRAINED_NAME).stem) for name in names[TRAIN])
    assert all(name.startswith(Path(HELD_OUT_NAME).stem) for name in names[HELD_OUT])
    list(collect(sources, out, detect, RULES))
    assert sorted(file.name for file in (out / TRAIN).iterdir()) == names[TRAIN]


def test_a_face_that_stays_on_in_a_clip_is_one_crop(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="needs PyAV, of the extra video")
    clip = tmp_path / "clip.mp4"
    coarse = [
        Image.fromarray(textured(n, 20)).resize((160, 160), Image.Resampling.BILINEAR) for n in range(2)
    ]
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 160
        stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
        for number in range(60):  # the picture changes after three of six seconds
            frame = av.VideoFrame.from_ndarray(np.asarray(coarse[number // 30]), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    looked: list[data.Pixels] = []

    def detect(pixels: data.Pixels) -> tuple[Face, ...]:
        looked.append(pixels)
        return (face(50, 40, 60),)

    assert list_clips(tmp_path) == [clip]
    rules = dataclasses.replace(RULES, detail=0)
    ((_, count),) = collect([(tmp_path, clip)], tmp_path / "crops", detect, rules)
    assert len(looked) == 6
    assert looked[0].shape == (160, 160, 3)
    assert count == 2


def test_a_folder_of_pictures_is_a_clip(tmp_path: Path) -> None:
    folder = tmp_path / "walk"
    folder.mkdir()
    for number in range(30):
        Image.new("RGB", (16, 8), (number, 0, 0)).save(folder / f"{number:03d}.png")
    assert list_clips(tmp_path) == [folder]
    found = list(frames(folder, 1.0))
    assert [number for number, _ in found] == [0, 25]
    assert found[1][1].shape == (8, 16, 3)
    assert found[1][1][0, 0, 0] == 25
    (tmp_path / "clip.mp4").touch()
    (folder / "000.png").rename(tmp_path / "cover.png")
    assert list_clips(tmp_path) == [tmp_path / "clip.mp4", folder]


def test_a_folder_without_clips_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected clips below"):
        list_clips(tmp_path)
