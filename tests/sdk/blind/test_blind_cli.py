"""``nitido upscale --blind``: sizes, what it says of kernels, files that it reads and writes, bad usage."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from nitido.blind import BlindEnlarger, KernelShape, Stroke, write_strokes
from nitido.cli import main, opening
from nitido.photo.read import read_photo

TRUTH = KernelShape("gaussian", 1.9, 0.8, 0.9)


@pytest.fixture
def upscaler(blind):
    return blind(TRUTH)


@pytest.fixture
def upscale(upscaler, monkeypatch, capsys):
    """``nitido upscale SRC -o DST --blind OPTION...``: its exit status, its JSON objects, its complaints."""

    def opened(args, kernel, strokes, varying):
        return BlindEnlarger({2: lambda: upscaler}, "b", kernel=kernel, strokes=strokes, varying=varying)

    monkeypatch.setattr(opening, "open_blind_enlarger", opened)

    def run(source, destination, *options):
        status = main(
            ["upscale", str(source), "-o", str(destination), "--blind", *map(str, options), "--json"]
        )
        told = capsys.readouterr()
        return status, [json.loads(line) for line in told.out.splitlines()], told.err

    return run


@pytest.fixture
def photo(waves, tmp_path):
    Image.fromarray(waves(100, 120)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_the_kernel_that_was_found_is_told_and_drawn(upscale, upscaler, photo, tmp_path):
    status, (entry,), _ = upscale(photo, tmp_path / "big.png", "--scale", 2, "--show-kernel")
    assert status == 0
    assert (entry["width"], entry["height"]) == (240, 200)
    assert entry["kernel"]["long"] == pytest.approx(1.9, rel=0.15)
    assert entry["kernel"]["after"] < entry["kernel"]["before"]
    assert "confidence" in entry["reason"]
    pixels = read_photo(photo).pixels
    assert np.array_equal(read_photo(tmp_path / "big.png").pixels, upscaler(pixels))
    with Image.open(tmp_path / "big.kernel.png") as image:
        drawn = np.asarray(image)
    assert drawn.shape == (252, 252)
    assert drawn.max() == 255
    assert drawn[120:132].mean() > 3 * drawn[:12].mean() + 3  # bright in the middle, dark at the edge


def test_other_sizes_are_resampled_and_sizes_for_two_networks_are_refused(upscale, photo, tmp_path):
    _, (entry,), _ = upscale(photo, tmp_path / "big.png", "--scale", 1.5)
    assert (entry["width"], entry["height"]) == (180, 150)
    status, (entry,), _ = upscale(photo, tmp_path / "huge.png", "--scale", 3)
    assert status == 1
    assert "at most 2 times" in entry["reason"]


def test_transparency_is_enlarged_by_the_kernel_of_the_photo(upscale, waves, tmp_path):
    alpha = np.tile(np.linspace(0, 255, 120).astype(np.uint8), (100, 1))
    Image.fromarray(np.dstack([waves(100, 120), alpha])).save(tmp_path / "clear.png")
    _, (entry,), _ = upscale(tmp_path / "clear.png", tmp_path / "big.png", "--scale", 2)
    with Image.open(tmp_path / "big.png") as image:
        assert image.mode == "RGBA"
        assert image.size == (240, 200)
    assert entry["kernel"]["note"] == ""  # one estimate, of the photo: opacity alone would tell nothing


def test_a_known_kernel_and_strokes_arrive(upscale, upscaler, photo, tmp_path):
    pixels = read_photo(photo).pixels
    np.save(tmp_path / "k.npy", KernelShape("gaussian", 2.2, 2.2).kernel(2))
    upscale(photo, tmp_path / "known.png", "--scale", 2, "--kernel", tmp_path / "k.npy")
    known = read_photo(tmp_path / "known.png").pixels
    assert np.array_equal(known, upscaler(pixels, KernelShape("gaussian", 2.2, 2.2)))
    (tmp_path / "s.json").write_text(write_strokes([Stroke(-0.6, circle=(60, 50, 20))]))
    upscale(photo, tmp_path / "painted.png", "--scale", 2, "--brush", tmp_path / "s.json")
    painted = read_photo(tmp_path / "painted.png").pixels
    plain = upscaler(pixels)
    assert (painted[100, 120] != plain[100, 120]).any()
    assert np.array_equal(painted[:20], plain[:20])


def test_regions_are_estimated_when_asked(upscale, upscaler, photo, tmp_path):
    upscale(photo, tmp_path / "big.png", "--scale", 2, "--varying")
    pixels = read_photo(photo).pixels
    expected = upscaler(pixels, map=upscaler.estimate_map(pixels))
    assert np.array_equal(read_photo(tmp_path / "big.png").pixels, expected)


def test_a_photo_that_tells_nothing_says_so(upscale, tmp_path):
    Image.new("RGB", (90, 80), (90, 90, 90)).save(tmp_path / "flat.png")
    _, (entry,), _ = upscale(tmp_path / "flat.png", tmp_path / "big.png", "--scale", 2)
    assert entry["status"] == "enhanced"
    assert "bicubic is assumed" in entry["reason"]


def test_a_second_run_skips_what_is_done_unless_the_kernel_changed(upscale, photo, tmp_path):
    (tmp_path / "in").mkdir()
    photo.rename(tmp_path / "in" / "photo.png")
    words = (tmp_path / "in", tmp_path / "out", "--scale", 2)
    assert [entry["status"] for entry in upscale(*words)[1]] == ["enhanced"]
    assert [entry["status"] for entry in upscale(*words)[1]] == ["skipped"]
    np.save(tmp_path / "k.npy", TRUTH.kernel(2))
    changed = upscale(*words, "--kernel", tmp_path / "k.npy", "--overwrite")[1]
    assert [entry["status"] for entry in changed] == ["enhanced"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--faces"], "without --faces"),
        (["--tier", "fast"], "without --faces, --sharp and --tier"),
        (["--kernel", "missing.npy"], "saved by numpy.save"),
        (["--kernel", "k.npy", "--varying"], "leave one out"),
        (["--kernel", "k.npy", "--show-kernel"], "leave one out"),
        (["--brush", "missing.json"], "expected brush strokes"),
    ],
)
def test_options_that_make_no_sense_are_bad_usage(upscale, photo, tmp_path, monkeypatch, options, told):
    monkeypatch.chdir(tmp_path)
    np.save("k.npy", TRUTH.kernel(2))
    status, _, complaint = upscale(photo, tmp_path / "big.png", "--scale", "2", *options)
    assert status == 2
    assert told in complaint


@pytest.mark.parametrize("options", [["--kernel", "k.npy"], ["--varying"], ["--show-kernel"]])
def test_options_of_blind_need_blind(photo, tmp_path, capsys, options):
    assert main(["upscale", str(photo), "-o", str(tmp_path / "b.png"), "--scale", "2", *options]) == 2
    assert "add --blind" in capsys.readouterr().err


def test_a_kernel_that_cannot_be_is_bad_usage(upscale, photo, tmp_path):
    np.save(tmp_path / "even.npy", np.ones((8, 8)))
    status, _, complaint = upscale(photo, tmp_path / "b.png", "--scale", 2, "--kernel", tmp_path / "even.npy")
    assert status == 2
    assert "two odd sides" in complaint
