"""Suite quality-restore and the contact sheet, with restorers whose result is known beforehand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image

import nitido
from nitido.chroma import luma_of
from nitido.photo.model import Pixels
from nitido_bench import cli, contact_sheet, quality_restore
from nitido_bench.suite import Row, markdown
from nitido_train.metrics import luma, psnr

PHOTOS = 2
PROTOCOLS = len(quality_restore.PROTOCOLS)


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """A folder laid out as the research sets, with two small photos in each."""
    coffee = skimage.data.coffee()
    for name in ("BSD100", "LIVE1"):
        (tmp_path / name).mkdir()
        for index in range(PHOTOS):
            crop = coffee[120 * index : 120 * index + 96, 200:304]
            Image.fromarray(crop).save(tmp_path / name / f"img_00{index + 1}.png")
    return tmp_path


def rows(monkeypatch: pytest.MonkeyPatch, sets: Path, function: Any, *words: str) -> list[Row]:
    """What the suite measures of a restorer that is this function."""

    class Model:
        info = SimpleNamespace(target="function")

        def __call__(self, pixels: Pixels) -> Pixels:
            assert pixels.dtype == np.uint8
            result: Pixels = function(pixels)
            return result

    monkeypatch.setattr(nitido, "Restorer", SimpleNamespace(open=lambda *args, **options: Model()))
    args = cli.make_parser().parse_args(["quality-restore", "--data", str(sets), *words])
    return list(quality_restore.measure(args))


def test_a_restorer_that_does_nothing_gains_nothing(sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    *damaged, clean = rows(monkeypatch, sets, lambda pixels: pixels)[: PROTOCOLS + 1]
    assert [row["gain"] for row in damaged] == [0.0] * PROTOCOLS
    assert [row["worse"] for row in damaged] == [0] * PROTOCOLS
    assert all(10 < float(row["psnr_before"]) < 40 for row in damaged)  # each does damage
    assert clean["psnr"] == quality_restore.EQUAL


def test_a_restorer_that_spoils_photos_is_seen(sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    *damaged, clean = rows(monkeypatch, sets, lambda pixels: 255 - pixels)[: PROTOCOLS + 1]
    assert [row["worse"] for row in damaged] == [PHOTOS] * PROTOCOLS
    assert all(float(row["worst_gain"]) <= float(row["gain"]) < 0 for row in damaged)
    assert float(clean["psnr"]) < 15


def test_the_noise_is_of_sigma_25(sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = rows(monkeypatch, sets, lambda pixels: pixels)[0]
    # 20 log10(255 / 25) = 20.17 dB; clipping at black and white takes a little of the noise away
    assert 20.1 < float(noise["psnr_before"]) < 21.5


def test_jpeg_is_that_of_the_luma_alone(sets: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = rows(monkeypatch, sets, lambda pixels: pixels)[PROTOCOLS + 1 :]
    assert [(row["table"], row["jpeg"]) for row in found] == [("LIVE1", 10), ("LIVE1", 20), ("LIVE1", 40)]
    expected = []
    for file in sorted((sets / "LIVE1").iterdir()):
        y = luma(np.asarray(Image.open(file))).astype(np.uint8)
        Image.fromarray(y).save(tmp_path / "luma.jpg", quality=10)
        expected.append(psnr(np.asarray(Image.open(tmp_path / "luma.jpg")), y))
    assert found[0]["psnr_before"] == pytest.approx(np.mean(expected), abs=1e-3)


def test_colours_that_a_restorer_puts_into_a_grey_photo_do_not_count(
    sets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tint(pixels: Pixels) -> Pixels:
        result = np.clip(pixels, 20, 230)
        before = luma_of(result)
        result[..., 0] += 10
        result[..., 1] -= 5
        result[..., 2] -= 1
        assert np.abs(luma_of(result).astype(int) - before).max() <= 1
        return result

    last = rows(monkeypatch, sets, tint)[-1]
    plain = rows(monkeypatch, sets, lambda pixels: np.clip(pixels, 20, 230))[-1]
    assert float(last["psnr"]) == pytest.approx(float(plain["psnr"]), abs=0.1)


def test_several_models_are_measured_alike_and_told_apart(
    sets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = rows(monkeypatch, sets, lambda pixels: pixels, "--limit", "1", "--bundle", "one", "x/two")
    first, second = found[: len(found) // 2], found[len(found) // 2 :]
    assert {row["model"] for row in first} == {"one"}
    assert {row["model"] for row in second} == {"two"}
    assert [row["psnr_before"] for row in first[:3]] == [row["psnr_before"] for row in second[:3]]
    tables = markdown(quality_restore.SUITE, found).split("\n\n")
    assert [("BSD100 with" in table, "LIVE1, luma" in table) for table in tables] == [
        (True, False),
        (False, True),
    ]


def test_the_contact_sheet_shows_the_part_that_changed_most() -> None:
    before = np.zeros((100, 160, 3), np.uint8)
    after = before.copy()
    after[55:80, 100:130] = 200
    one, other = contact_sheet.most_changed(before, after, 50)
    assert one.shape == other.shape == (50, 50, 3)
    assert not one.any()
    assert np.count_nonzero(other) == 25 * 30 * 3  # all of it: the part that starts at (50, 100)
    small = contact_sheet.most_changed(before[:10, :20], after[:10, :20], 50)
    assert small[0].shape == (10, 20, 3)


def test_the_contact_sheet_has_every_readable_photo_before_and_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = SimpleNamespace(open=lambda *args, **options: lambda pixels: pixels + 100)
    monkeypatch.setattr(nitido, "Restorer", opened)
    (tmp_path / "in").mkdir()
    for index in range(3):
        Image.new("RGB", (40, 30), (20 * index, 30, 40)).save(tmp_path / "in" / f"{index}.png")
    (tmp_path / "in" / "broken.jpg").write_bytes(b"\xff\xd8\xff\0")
    out = tmp_path / "docs" / "sheet.png"
    words = ["contact-sheet", "--photos", str(tmp_path / "in"), "--out", str(out), "--side", "24"]
    assert cli.main([*words, "--columns", "2"]) == 0
    assert "not shown" in capsys.readouterr().out
    picture = np.asarray(Image.open(out))
    gap, line = contact_sheet.GAP, contact_sheet.CAPTION
    assert picture.shape == (2 * (24 + line + gap) + gap, 2 * (48 + 2 * gap) + gap, 3)
    assert tuple(picture[gap, gap]) == (0, 30, 40)
    assert tuple(picture[gap, gap + 24]) == (100, 130, 140)
    assert tuple(picture[gap, gap + 48 + 2 * gap]) == (20, 30, 40)
