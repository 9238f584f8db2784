"""Suite ``codec``: curves of real encoders, and a downscaler whose gain is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nitido
from nitido_bench import codec
from nitido_bench import codec_chain as chain
from nitido_bench.cli import make_parser
from nitido_bench.suite import Row
from nitido_bench.suites import open_suite
from nitido_train import data


def photo(side: int = 192, seed: int = 0) -> data.Pixels:
    coarse = np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """One held-out photo, and one that is none."""
    held = next(f"{n}.png" for n in range(100) if data.is_held_out(Path(f"{n}.png")))
    other = next(f"{n}.png" for n in range(100) if not data.is_held_out(Path(f"{n}.png")))
    Image.fromarray(photo()).save(tmp_path / held)
    Image.fromarray(photo(64)).save(tmp_path / other)
    return tmp_path


@pytest.fixture
def measured(
    monkeypatch: pytest.MonkeyPatch, photos: Path, halving_downscaler: Callable[[], nitido.Downscaler]
) -> Callable[..., list[Row]]:
    """Runs the suite with a network that is the mean of four pixels."""
    monkeypatch.setattr(nitido.Downscaler, "open", lambda *args, **kwargs: halving_downscaler())

    def measure(*words: str) -> list[Row]:
        args = make_parser().parse_args(["codec", "--data", str(photos), *words])
        return list(open_suite("codec").measure(args))

    return measure


def test_rate_and_quality_rise_with_the_qualities() -> None:
    points = chain.curve(photo(), 0.5, chain.classic("lanczos"), chain.received_by("bicubic"), "jpeg")
    assert [point.bits for point in points] == sorted(point.bits for point in points)
    for place in range(len(chain.METRICS)):
        scores = [point.scores[place] for point in points]
        assert scores == sorted(scores)


def test_photos_without_a_common_quality_are_counted_and_left_out_of_the_means() -> None:
    rates = [[-5.0, float("nan")], [-7.0, 3.0]]
    assert chain.mean_rates(rates, ("a", "b")) == {"bd_a": -6.0, "bd_b": 3.0, "apart": 1}
    assert chain.mean_rates([[1.0, 2.0]], ("a", "b")) == {"bd_a": 1.0, "bd_b": 2.0}


def test_more_bits_that_bring_nothing_are_no_part_of_a_curve() -> None:
    assert chain.rising([(30.0, 10), (29.0, 20), (31.0, 30)]) == [(30.0, 10), (31.0, 30)]
    falling = [chain.Point(100 * n, (30.0 - n, 1.0, 1.0)) for n in range(1, 7)]
    assert np.isnan(chain.bd_rate(falling, falling, "psnr"))


@pytest.mark.parametrize("name", chain.QUALITIES)
def test_every_codec_decodes_to_the_same_size(name: str) -> None:
    points = chain.curve(photo(), 0.5, chain.classic("lanczos"), chain.received_by("bicubic"), name)
    assert len(points) == len(chain.QUALITIES[name])
    assert points[-1].bits > 1.5 * points[0].bits
    assert points[-1].scores[0] > points[0].scores[0]


@pytest.mark.parametrize("metric", chain.METRICS)
def test_a_tenth_fewer_bits_is_minus_ten_percent(metric: str) -> None:
    points = [chain.Point(1000 * 2**n, (30 + n, 10 + 2 * n, 5 + n)) for n in range(6)]
    fewer = [chain.Point(round(0.9 * point.bits), point.scores) for point in points]
    assert chain.bd_rate(points, points, metric) == pytest.approx(0)
    assert chain.bd_rate(points, fewer, metric) == pytest.approx(-10, abs=0.1)


def test_photos_are_compared_at_every_factor_and_receiver(measured: Callable[..., list[Row]]) -> None:
    rows = measured(*["--tables", "photos", "--factor", "0.5", "--receiver", "bicubic", "--detail", "0.5"])
    names = [row["downscaler"] for row in rows]
    assert names == ["nearest", "bilinear", "box", "bicubic", "learned, detail 0.5"]
    found = {row["downscaler"]: row for row in rows}
    assert found["learned, detail 0.5"]["bd_psnr"] == pytest.approx(found["box"]["bd_psnr"], abs=3)
    nearest = found["nearest"]
    assert nearest.get("bd_ms_ssim", 0) > 0 or nearest["apart"] == 1  # so bad that no quality is common


def test_the_slider_and_the_cost_are_measured(
    monkeypatch: pytest.MonkeyPatch, measured: Callable[..., list[Row]]
) -> None:
    monkeypatch.setattr(codec, "_ROUNDS", 4)
    rows = measured("--tables", "slider", "cost")
    slider = [row for row in rows if row["table"] == "slider"]
    assert [row["detail"] for row in slider] == ["Lanczos", "0", "0.25", "0.5", "0.75", "1"]
    kbytes = [row["kbytes"] for row in slider[1:]]
    assert kbytes == sorted(kbytes)
    assert kbytes[2] < kbytes[3] < kbytes[4]  # beside the network, the slider itself sharpens
    assert all(row["photo_ms"] > 0 for row in rows if row["table"] == "cost")


def test_clips_are_compared_and_their_flicker_too(photos: Path, measured: Callable[..., list[Row]]) -> None:
    av = pytest.importorskip("av", reason="needs PyAV, of the extra video")
    texture = photo(480)
    with av.open(str(photos / "clip.mp4"), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = 352, 352, "yuv420p"
        video.codec_context.options = {"crf": "10"}
        for number in range(6):
            part = np.ascontiguousarray(texture[:352, 3 * number : 3 * number + 352])
            frame = av.VideoFrame.from_ndarray(part, format="rgb24")
            frame.pts = number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    words = ["--tables", "video", "--frames", "5", "--detail", "0.5", "--receiver", "bicubic", "--clips"]
    rows = measured(*words, str(photos))
    names = ["box", "bicubic", "learned, detail 0.5", "fast, detail 0.5"]
    assert [row["downscaler"] for row in rows] == names
    assert {row["folder"] for row in rows} == {photos.name}
    assert rows[2]["bd_flicker"] == pytest.approx(rows[0]["bd_flicker"], abs=5)
