"""The shipped models do what they are for, measured on the committed samples with seeds no training used."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import nitido
from nitido.blur import Blur
from nitido.chroma import luma_of
from nitido.photo.model import Pixels
from nitido_bench import codec_chain as chain
from nitido_bench.testsets import as_rgb
from nitido_train.degrade import Degradation, degrade
from nitido_train.metrics import colourfulness, psnr, psnr_chroma, psnr_y
from nitido_train.resample import bicubic_downscale, bicubic_resize, bicubic_upscale, crop_to_multiple

SAMPLES = Path(__file__).parent.parent / "samples"
SHARP = ("astronaut_sharp.jpg", "coffee_sharp.jpg", "rocket_sharp.png", "camera_sharp_grey.jpg")
DAMAGED = ("coffee_motion.jpg", "chelsea_defocus.jpg", "astronaut_noise.png", "rocket_night.jpg")

RESTORERS = ("restore", "restore-fast")
TRIGGERS = ("trigger", "trigger-lite")
SCORERS = ("scorer",)


def sample(name: str, side: int = 240) -> Pixels:
    """The middle of a sample: enough to measure, quick to process."""
    pixels = nitido.read_photo(SAMPLES / name).pixels
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


@pytest.fixture(scope="module", params=RESTORERS)
def restorer(request: pytest.FixtureRequest) -> nitido.Restorer:
    return nitido.Restorer.open(request.param)


def test_zoo_holds_what_the_readme_lists() -> None:
    judging, enhancing = {*TRIGGERS, *SCORERS}, {*RESTORERS, "faces", "face-x8", "colorize"}
    assert set(nitido.zoo.names()) >= judging | enhancing | {"sr-x2", "sr-x3", "sr-x4"}


@pytest.mark.parametrize(("scale", "gain"), [(2, 1.0), (3, 0.7), (4, 0.5)])
def test_upscaler_beats_bicubic(scale: int, gain: float) -> None:
    upscaler, gains = nitido.Upscaler.open(scale=scale), []
    for name in SHARP[:2]:
        large = crop_to_multiple(sample(name), scale)
        small = bicubic_downscale(large, scale)
        plain = psnr_y(bicubic_upscale(small, scale), large, scale)
        gains.append(psnr_y(upscaler(small), large, scale) - plain)
    assert np.mean(gains) >= gain, gains


@pytest.mark.parametrize("scale", [2, 4])
def test_sharp_upscalers_are_crisper_and_not_far_off(scale: int) -> None:
    plain, sharp = (nitido.Upscaler.open(scale=scale, sharp=sharp) for sharp in (False, True))
    for name in SHARP[:3]:
        large = crop_to_multiple(sample(name), scale)
        small = bicubic_downscale(large, scale)
        flat, crisp = plain(small), sharp(small)
        assert detail(flat) * 1.05 < detail(crisp) < detail(large), name
        assert psnr_y(crisp, large, scale) > psnr_y(flat, large, scale) - 1.5, name


def detail(pixels: Pixels) -> float:
    """Mean difference of neighbours in luma."""
    return float(np.abs(np.diff(luma_of(pixels).astype(float), axis=1)).mean())


def test_the_face_upscaler_draws_a_face_of_twelve_pixels() -> None:
    photo = nitido.read_photo(SAMPLES / "astronaut_sharp.jpg").pixels
    face = nitido.FaceDetector.open()(photo)[0]
    left, top, right, bottom = (round(edge) for edge in face.box)
    side, row, column = round(1.5 * face.side), (top + bottom) // 2, (left + right) // 2
    rows, columns = (slice(max(0, at - side // 2), at + side // 2) for at in (row, column))
    large = bicubic_resize(photo[rows, columns], 144, 144)
    small = bicubic_downscale(large, 8)
    made = psnr_y(nitido.Upscaler.open("face-x8")(small), large, 8)
    assert made > psnr_y(bicubic_upscale(small, 8), large, 8) + 1.0


@pytest.mark.parametrize("name", ["astronaut_sharp.jpg", "coffee_sharp.jpg", "chelsea_defocus.jpg"])
def test_the_colorizer_comes_closer_than_grey(name: str) -> None:
    photo = nitido.read_photo(SAMPLES / name).pixels
    grey = as_rgb(luma_of(photo))
    coloured = nitido.Colorizer.open()(grey)
    assert psnr_chroma(coloured, photo) > psnr_chroma(grey, photo) + 1.0
    assert colourfulness(coloured) > 0.5 * colourfulness(photo)


@pytest.mark.parametrize(
    ("degradation", "gain"),
    [
        (Degradation(read_noise=25), 7.0),
        (Degradation(jpeg_quality=20), 0.4),
        (Degradation(blur=Blur("motion", 9, 0.7)), 1.0),
        (Degradation(blur=Blur("disc", 2)), 1.0),
    ],
    ids=["noise", "jpeg", "motion", "defocus"],
)
def test_restorer_gains(restorer: nitido.Restorer, degradation: Degradation, gain: float) -> None:
    rng, gains = np.random.default_rng(20_000), []
    for name in SHARP[:2]:
        clean = sample(name)
        damaged = degrade(clean, degradation, rng).pixels
        gains.append(psnr(restorer(damaged), clean) - psnr(damaged, clean))
    assert np.mean(gains) >= gain, gains


def test_knobs_of_the_shipped_restorers_are_linear(restorer: nitido.Restorer) -> None:
    damaged = degrade(sample(SHARP[0]), Degradation(read_noise=20), np.random.default_rng(20_001)).pixels
    none, half, full = (restorer(damaged, {"denoise": s}).astype(int) for s in (0.0, 0.5, 1.0))
    assert np.array_equal(none, damaged)
    inside = (full > 0) & (full < 255)  # clipping is not linear
    assert np.abs(half - (none + full) / 2)[inside].max() <= 1  # each result is rounded once


@pytest.mark.parametrize("name", [*RESTORERS, "sr-x2", "sr-x3", "sr-x4"])
def test_runtimes_agree_on_photos_larger_and_smaller_than_a_tile(name: str) -> None:
    kind = nitido.Restorer if name in RESTORERS else nitido.Upscaler
    onnx, litert = (kind.open(name, runtime=runtime) for runtime in ("onnx", "litert"))
    for side in (60, 200):
        pixels = sample(SHARP[0], side)
        assert np.abs(onnx(pixels).astype(int) - litert(pixels)).max() <= 1  # values between two grey levels


@pytest.mark.parametrize("name", TRIGGERS)
def test_triggers_agree_between_runtimes(name: str) -> None:
    onnx, litert = (nitido.Trigger.open(name, runtime=runtime) for runtime in ("onnx", "litert"))
    pixels = sample(SHARP[0])
    assert litert(pixels).score == pytest.approx(onnx(pixels).score, abs=1e-3)


@pytest.mark.parametrize("name", TRIGGERS)
def test_triggers_leave_sharp_samples_alone_and_recommend_damaged_ones(name: str) -> None:
    trigger = nitido.Trigger.open(name)
    scores = {photo: trigger(nitido.read_photo(SAMPLES / photo).pixels) for photo in SHARP + DAMAGED}
    assert [photo for photo in SHARP if scores[photo].recommended] == []
    assert [photo for photo in DAMAGED if not scores[photo].recommended] == []


@pytest.mark.parametrize("name", TRIGGERS)
def test_shipped_triggers_belong_to_the_shipped_restorer(name: str) -> None:
    assert nitido.Trigger.open(name).enhancer_id == nitido.Restorer.open().id


@pytest.mark.parametrize("name", SCORERS)
@pytest.mark.parametrize(
    "degradation",
    [Degradation(read_noise=25), Degradation(jpeg_quality=10), Degradation(blur=Blur("disc", 3))],
    ids=["noise", "jpeg", "defocus"],
)
def test_scorers_rate_a_damaged_photo_below_the_same_photo_unharmed(
    name: str, degradation: Degradation
) -> None:
    scorer, rng = nitido.Scorer.open(name), np.random.default_rng(20_002)
    for photo in SHARP[:3]:
        clean = sample(photo)
        assert scorer(degrade(clean, degradation, rng).pixels).mean < scorer(clean).mean - 0.5, photo


@pytest.mark.parametrize(
    ("degradation", "factor"),
    [
        (Degradation(read_noise=20), "denoise"),
        (Degradation(blur=Blur("motion", 9, 0.7)), "deblur"),
        (Degradation(jpeg_quality=15), "deartifact"),
    ],
    ids=["noise", "blur", "jpeg"],
)
def test_the_trigger_names_the_damage_and_no_other(degradation: Degradation, factor: str) -> None:
    trigger, rng = nitido.Trigger.open(), np.random.default_rng(20_003)
    for photo in SHARP[:3]:
        found = trigger(degrade(sample(photo, 320), degradation, rng).pixels)
        assert [name for name in found.crossed if name != "upscale"] == [factor], photo


@pytest.mark.parametrize(
    ("down", "up", "least"),
    [("share", None, (6.0, 1.0)), ("share", "sr-x2", (3.5, 3.5)), ("share-joint", "share-up", (18.0, 18.0))],
)
def test_downscaled_photos_take_fewer_bits_at_equal_quality(
    down: str, up: str | None, least: tuple[float, float]
) -> None:
    downscaler, told = nitido.Downscaler.open(down), "bicubic" if up is None else "sr"
    usual = chain.received_by(told)
    receive = usual if up is None else chain.enlarged_by(nitido.Upscaler.open(up))
    saved = []
    for photo in map(sample, SHARP[:3]):
        lanczos = chain.curve(photo, 0.5, chain.classic("lanczos"), usual, "jpeg")
        learned = chain.curve(photo, 0.5, chain.learned(downscaler, "jpeg", told, 0.5), receive, "jpeg")
        saved.append([-chain.bd_rate(lanczos, learned, metric) for metric in ("psnr", "ms_ssim")])
    assert (np.mean(saved, axis=0) > least).all(), saved


def test_the_slider_takes_more_bits_for_more_sharpness() -> None:
    downscaler, found = nitido.Downscaler.open("share"), []
    for detail in (0.0, 0.25, 0.5, 0.75, 1.0):
        small = [downscaler(sample(name), 0.5, detail=detail) for name in SHARP[:3]]
        sizes = [len(chain.encoded(image, "jpeg", 75)) for image in small]
        found.append((sum(sizes), sum(map(chain.sharpness, small))))
    for before, after in pairwise(found):
        assert after[0] > before[0], found
        assert after[1] > before[1], found


@pytest.mark.parametrize(("name", "least"), [("share", 3.5), ("share-fast", 4.0)])
def test_downscaled_clips_take_fewer_bits_at_equal_quality(name: str, least: float) -> None:
    pytest.importorskip("av", reason="needs PyAV, of the extra video")
    from nitido.clips import Planes
    from nitido_bench import codec_video

    luma = sample(SHARP[0], 280)[..., 1]
    grey = np.full((120, 120), 128, np.uint8)
    windows = [luma[20:260, start : start + 240] for start in range(0, 40, 10)]  # a pan
    shot = codec_video.Shot("pan", [Planes(np.ascontiguousarray(window), grey, grey) for window in windows])
    enlarge = codec_video.received_by("bicubic")
    make = codec_video.learned(nitido.Downscaler.open(name), 0.0, "classic")
    lanczos, learned = (
        codec_video.curve(shot, way, enlarge) for way in (codec_video.classic("lanczos"), make)
    )
    assert codec_video.bd_rate(lanczos, learned, "psnr") < -least


@pytest.mark.parametrize("name", ["share", "share-joint", "share-fast"])
def test_runtimes_agree_on_downscaled_photos(name: str) -> None:
    onnx, litert = (nitido.Downscaler.open(name, runtime=runtime) for runtime in ("onnx", "litert"))
    photo = sample(SHARP[0])
    assert np.abs(onnx(photo, 0.5).astype(int) - litert(photo, 0.5)).max() <= 1  # between two grey levels
