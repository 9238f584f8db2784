"""The suite ``blind`` on an upscaler whose results are known: its generator heeds no kernel."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

import nitido
from nitido.blind import BlindUpscaler, KernelShape
from nitido.blind.known import known, shrink
from nitido.bundle.manifest import BlindTask, Build, TensorSpec
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors
from nitido_bench import blind, blind_cases, blind_search
from nitido_bench.cli import make_parser
from nitido_bench.suite import markdown
from nitido_train.resample import bicubic_upscale

FREE = (1, 3, None, None)
MAP = TensorSpec("degradation", (1, 2, None, None))


@pytest.fixture
def upscaler(monkeypatch: pytest.MonkeyPatch) -> BlindUpscaler:
    """Bicubic whatever the kernel; its judge likes latents near zero, those of kernels 1.5 pixels wide."""

    def bicubic(inputs: Tensors) -> Tensors:
        pixels = np.round(inputs["image"][0].transpose(1, 2, 0) * 255).astype(np.uint8)
        return {"upscaled": bicubic_upscale(pixels, 2).transpose(2, 0, 1)[None] / np.float32(255)}

    def latent(inputs: Tensors) -> Tensors:
        offset = np.arange(21) - 10.5
        spread = (inputs["kernel"].reshape(21, 21).sum(0) * offset**2).sum()
        return {"latent": np.array([[spread - 1.5**2, 0]], np.float32)}

    def judge(inputs: Tensors) -> Tensors:
        return {"delta": np.repeat(0.1 * inputs["degradation"][:, :1], 4, axis=1)}

    def session(run: object, inputs: object, output: TensorSpec) -> FunctionSession:
        return FunctionSession(
            run, Build("main", "onnx-fp32", "x", "0" * 64, 1, inputs, (output,), parity={})
        )

    image = TensorSpec("image", FREE)
    made = BlindUpscaler(
        session(bicubic, (image, MAP), TensorSpec("upscaled", FREE)),
        session(
            latent, (TensorSpec("kernel", (1, 441), layout="NC"),), TensorSpec("latent", (1, 2), layout="NC")
        ),
        session(judge, (image, MAP), TensorSpec("delta", (1, 4, None, None))),
        BlindTask(scale=2, halo=2, tile=256, latent=2, cell=64),
    )
    plain = lambda scale: lambda pixels: bicubic_upscale(pixels, scale)  # noqa: E731
    monkeypatch.setattr(nitido.Upscaler, "open", staticmethod(plain))
    monkeypatch.setattr(blind.BlindUpscaler, "open", staticmethod(lambda name, runtime: made))
    return made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("Set5", "Set14", "BSD100"):
        (tmp_path / name).mkdir()
        Image.fromarray(skimage.data.coffee()[:160, :200]).save(tmp_path / name / "img_001.png")
    return tmp_path


def arguments(data: Path, *more: str) -> Namespace:
    return make_parser().parse_args(["blind", "--data", str(data), "--bundle", "one", *more])


def test_equal_ways_get_equal_figures(upscaler: BlindUpscaler, data: Path) -> None:
    rows = list(blind.measure(arguments(data, "--tables", "gaussian", "bicubic", "anisotropic")))
    assert [row["kernel"] for row in rows] == [
        *(f"sigma {sigma:g}" for sigma in (0.8, 1.6, 2.4)),
        *["bicubic"] * 3,
        "random",
    ]
    for row in rows:
        assert row["psnr_bicubic"] == row["psnr_plain"] == row["psnr_blind"] == row["psnr_known"]
        assert row["gain"] == row["short"] == 0
    assert rows[0]["psnr_bicubic"] > rows[1]["psnr_bicubic"] > rows[2]["psnr_bicubic"]
    assert "| one | 2 | Set5 | sigma 0.8 |" in markdown(blind.SUITE, rows)


def test_searches_are_scored_by_kernel_and_by_the_photo_made_small_again(
    upscaler: BlindUpscaler, data: Path
) -> None:
    rows = list(blind.measure(arguments(data, "--tables", "estimate")))
    named = {str(row["search"]): row for row in rows}
    assert named["bicubic, no search"]["judged"] == 1
    assert named["best of 60 samples"]["judged"] == 60
    assert 22 <= named["best of the starts"]["judged"] < named["starts, refined"]["judged"]
    assert "latents, without derivatives" in named
    assert len({row["psnr"] for row in rows}) == 1  # a generator that heeds no kernel


def test_the_true_kernel_has_the_best_scores(upscaler: BlindUpscaler) -> None:
    (case,) = blind_cases.anisotropic([skimage.data.coffee()[:160, :200]], 2)
    true, (own, again, _) = case.kernel, blind_search._scored(upscaler, case, case.kernel)
    assert own == pytest.approx(120)
    assert again == float("inf")
    other = KernelShape.bicubic(2).kernel(2)
    assert max(blind_search._scored(upscaler, case, other)[:2]) < 60
    assert np.abs(known(true, 2, case.small.shape) - true).max() < 0.02


def test_kernels_of_the_protocol_are_as_it_says() -> None:
    kernels = [blind_cases.random_kernel(np.random.default_rng(seed), 2) for seed in range(40)]
    for kernel in kernels:
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert not kernel[:5].any()
        assert not kernel[:, 16:].any()
    widths = [float((kernel.sum(0) * (np.arange(21) - 9.5) ** 2).sum()) for kernel in kernels]
    assert min(widths) > 0.4
    assert max(widths) < 5.2  # pixels squared; cut at 11 pixels


def test_photos_whose_kernels_vary_are_sharp_at_the_left_and_soft_at_the_right() -> None:
    photo = skimage.data.coffee()[:160, :200]
    sharp, softest = (shrink(photo, blind_cases.soft(share, 2).kernel(2), 2) for share in (0, 1))
    (halves,), (ramps,) = blind_cases.halves([photo], 2), blind_cases.ramps([photo], 2)
    assert np.array_equal(halves.small[:, :50], sharp[:, :50])
    assert np.array_equal(halves.small[:, 50:], softest[:, 50:])
    assert np.abs(ramps.small[:, -2:].astype(int) - softest[:, -2:]).max() <= 3  # nearly at the end
    assert not np.array_equal(ramps.small[:, 40:60], sharp[:, 40:60])


def test_regions_anytime_judge_and_cost_have_their_figures(upscaler: BlindUpscaler, data: Path) -> None:
    plot = data / "plot.png"
    tables = ("--tables", "varying", "judge", "anytime", "cost")
    rows = list(blind.measure(arguments(data, *tables, "--plot", str(plot))))
    by_table = {table: [row for row in rows if row["table"] == table] for table in tables[1:]}
    assert [row["kernel"] for row in by_table["varying"]] == ["halves", "ramps"]
    assert all(row["gain_regions"] == 0 for row in by_table["varying"])
    assert [row["rounds"] for row in by_table["anytime"]] == [0, 1, 2, 3, 4]
    assert by_table["cost"][0]["passes"] > 1
    with Image.open(data / "plot-x2.png") as image:
        assert image.width > 400


def test_an_empty_zoo_is_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nitido.zoo, "names", list)
    with pytest.raises(FileNotFoundError, match="--bundle"):
        list(blind.measure(make_parser().parse_args(["blind", "--data", str(data)])))
