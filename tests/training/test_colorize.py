"""The colorization network and its recipe: bins whose mean is the colour, a loss that falls."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from nitido_train import data
from nitido_train.colour_views import aged, cells, pairs, small, view
from nitido_train.loop import LoopConfig
from nitido_train.metrics import colourfulness, psnr_chroma
from nitido_train.nets import mobilenet
from nitido_train.nets.colorize import BINS, LEVELS, ColorizeConfig, ColorizeNet, load_imagenet, soft_bins
from nitido_train.nets.mobilenet import MobileNetV2
from nitido_train.nets.sr import parameter_count
from nitido_train.recipes import colorize

TINY = ColorizeConfig(width=0.1, context=8, eighth=8, quarter=8)


def test_the_network_keeps_within_its_budget() -> None:
    assert parameter_count(ColorizeNet(ColorizeConfig())) <= 1_000_000


def test_the_mean_of_a_colours_bins_is_the_colour() -> None:
    chroma = (torch.rand(2, 2, 5, 4, generator=torch.Generator().manual_seed(0)) - 0.5) * 2 * LEVELS[-1]
    shares = soft_bins(chroma)
    net = ColorizeNet(TINY)
    assert shares.shape == (2, BINS, 5, 4)
    assert shares.sum(1) == pytest.approx(torch.ones(2, 5, 4), abs=1e-5)
    assert int((shares > 0).sum(1).max()) <= 4
    assert torch.allclose(torch.nn.functional.conv2d(shares, net.get_buffer("centres")), chroma, atol=1e-6)


def test_colours_beyond_the_bins_count_as_the_outermost() -> None:
    corner = soft_bins(torch.full((1, 2, 1, 1), 0.5)).flatten()
    assert float(corner[-1]) == pytest.approx(1)


def test_a_sure_network_answers_its_colour_and_an_unsure_one_the_spread(monkeypatch) -> None:
    net = ColorizeNet(TINY)
    chosen = torch.zeros(1, BINS, 1, 1)
    monkeypatch.setattr(net, "logits", lambda luma: chosen)
    chosen[0, 7] = 100
    chroma, variance = net(torch.zeros(1, 1, 32, 32))
    assert chroma.flatten() == pytest.approx(torch.tensor([LEVELS[0], LEVELS[7]]), abs=1e-6)
    assert float(variance) == pytest.approx(0, abs=1e-6)
    chosen[0, 7], chosen[0, 0] = 100, 100  # two colours, half each, whose Cr are 0.435 apart
    assert float(net(torch.zeros(1, 1, 32, 32))[1]) == pytest.approx(
        (LEVELS[7] - LEVELS[0]) ** 2 / 4, abs=1e-5
    )


def test_cells_are_four_pixels_and_sides_need_not_be_equal() -> None:
    chroma, variance = ColorizeNet(TINY)(torch.rand(2, 1, 64, 96))
    assert chroma.shape == (2, 2, 16, 24)
    assert variance.shape == (2, 1, 16, 24)


def test_imagenet_weights_see_luma_as_a_grey_photo(tmp_path: Path) -> None:
    plain = MobileNetV2(mobilenet.LAYER_16)
    layers = [plain.stem, *(m for m in plain.blocks.modules() if isinstance(m, torch.nn.Conv2d))]
    arrays = {}
    for index, layer in enumerate(layers):
        arrays[f"{index:02}.weight"] = layer.weight.detach().numpy()
        arrays[f"{index:02}.bias"] = layer.bias.detach().numpy()
    np.savez(tmp_path / "weights.npz", **arrays)
    net, cut = ColorizeNet(ColorizeConfig()), MobileNetV2(mobilenet.LAYER_16[:5])
    load_imagenet(net, tmp_path / "weights.npz")
    mobilenet.load_imagenet(cut, tmp_path / "weights.npz")
    luma = torch.rand(1, 1, 64, 64)
    with torch.inference_mode():
        seen, expected = net.encoder(luma), cut(luma.expand(-1, 3, -1, -1))
    assert torch.allclose(seen, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bright things are orange and dark ones blue; some names fall into the held-out tenth; one is grey."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(14):
        coarse = rng.integers(0, 256, (6, 8), np.uint8)
        grey = np.asarray(Image.fromarray(coarse).resize((80, 60), Image.Resampling.BICUBIC)).astype(float)
        shift = (grey - 128) / 4
        rgb = np.stack([grey + shift, grey, grey - 2 * shift], 2)
        Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8)).save(folder / f"{number:02}.png")
    Image.fromarray(coarse).save(folder / "grey.png")
    assert not data.is_held_out(Path("grey.png"))
    assert 0 < len(data.held_out_photos(folder)) < 14
    return folder


def test_the_recipe_learns_what_luma_tells_of_colours(photos: Path, tmp_path: Path) -> None:
    loop = LoopConfig(
        steps=60, warmup=5, learning_rate=1e-2, ema_decay=0.9, log_every=10, evaluate_every=60, bf16=False
    )
    config = colorize.Config(TINY, side=64, batch=4, loop=loop)
    trained = colorize.train(config, photos, None, tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert losses[-1] < 0.8 * losses[0]
    figures = trained.measured
    assert figures["held_out_psnr_chroma"] > figures["held_out_psnr_chroma_of_grey"]
    assert figures["unsure"] > 0
    assert len(trained.files) == len(data.training_photos(photos)) - 1
    assert trained.config["side"] == 64


def test_rare_colours_weigh_more_and_the_average_weight_is_one() -> None:
    photo = np.full((40, 40, 3), 120, np.uint8)
    photo[:8, :8] = (200, 60, 60)
    weights = colorize.bin_weights([photo], 0.5)
    share = soft_bins(torch.from_numpy(cells(photo)).permute(2, 0, 1)[None]).mean((0, 2, 3))
    assert float((weights * share).sum()) == pytest.approx(1, abs=1e-4)
    red, grey = soft_bins(torch.tensor(cells(photo)[[0, -1], 0]).view(2, 2, 1, 1)).flatten(1)
    assert float(red @ weights) > 5 * float(grey @ weights)
    assert colorize.bin_weights([photo], 0.0) == pytest.approx(torch.ones(BINS))


def test_a_pair_shows_the_same_things_in_luma_and_chroma() -> None:
    photo = np.full((80, 120, 3), 60, np.uint8)
    photo[:, 60:] = (250, 190, 190)
    luma, chroma = next(pairs([photo], 64, 3, 0))
    assert luma.shape == (3, 1, 64, 64)
    assert chroma.shape == (3, 2, 16, 16)
    bright = torch.nn.functional.avg_pool2d(luma, 4)[:, 0] > float(luma.mean())
    assert bool(bright.any())
    assert float(chroma[:, 1][bright].mean()) > 0.05
    assert abs(float(chroma[:, 1][~bright].mean())) < 0.03  # cells across the edge have some


def test_views_have_the_side_and_large_photos_are_made_small() -> None:
    rng = np.random.default_rng(0)
    photo = small(np.zeros((600, 900, 3), np.uint8), 64)
    assert photo.shape == (96, 144, 3)
    assert {view(photo, 64, rng).shape for _ in range(8)} == {(64, 64, 3)}
    assert small(np.zeros((50, 70, 3), np.uint8), 64).shape == (50, 70, 3)


def test_aged_luma_stays_within_black_and_white() -> None:
    rng = np.random.default_rng(0)
    made = [aged(np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20), rng) for _ in range(20)]
    assert all(values.min() >= 0 and values.max() <= 1 and values.dtype == np.float32 for values in made)


def test_grey_has_no_colourfulness_and_its_chroma_is_as_far_as_the_colour_is_strong() -> None:
    grey = np.full((8, 8, 3), 100, np.uint8)
    red = grey.copy()
    red[..., 0] += 40
    assert colourfulness(grey) == 0
    assert colourfulness(red) == pytest.approx(0.3 * np.hypot(40, 20))  # one colour: no deviation
    assert psnr_chroma(grey, grey) == float("inf")
    apart = np.array([-0.299 * 40 / 1.772, 0.701 * 40 / 1.402])
    assert psnr_chroma(red, grey) == pytest.approx(
        20 * np.log10(255) - 10 * np.log10(np.mean(apart**2)), abs=1e-3
    )
