"""Downscaling networks and what they train on: grids, filters, receivers, what bits are worth."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from nitido.sharing.grid import grid_of, resize
from nitido.sharing.wish import Wish, weights_of
from nitido_train import checkpoint, codecs, data, picture_losses, sharing, sharing_cases
from nitido_train.loop import LoopConfig, Progress
from nitido_train.nets.codec_proxy import CodecProxy, IdentityProxy, ProxyConfig
from nitido_train.nets.downscale import DownscaleConfig, DownscaleNet, Kind
from nitido_train.nets.sr import SrConfig, SrNet
from nitido_train.recipes import downscale

WISH = Wish(weights_of(0.5), "jpeg", 75, 0.5)
TINY_SR = SrConfig(2, width=4, depth=1)


def images(count: int = 2) -> torch.Tensor:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (count, 48, 48), dtype=np.uint8)
    side = (sharing_cases.SIDE, sharing_cases.SIDE)
    return codecs.planes_to_tensor(
        [np.asarray(Image.fromarray(p).resize(side, Image.Resampling.BICUBIC)) for p in small]
    )


def chain() -> sharing.Chain:
    torch.manual_seed(0)
    return sharing.Chain(
        CodecProxy(ProxyConfig()).requires_grad_(False), SrNet(TINY_SR).requires_grad_(False)
    )


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_makes_any_size_and_keeps_flat_flat(kind: Kind, stride: int) -> None:
    net = DownscaleNet(DownscaleConfig(kind, stride=stride))
    for side in (48, 96, 128, 192):
        flat = sharing.downscaled(net, torch.full((1, 1, 192, 192), 0.5), side, WISH)
        assert flat.shape == (1, 1, side, side)
        assert float((flat[..., 8:-8, 8:-8] - 0.5).abs().max()) < 0.02  # untrained residuals are small


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kind", get_args(Kind))
def test_the_receptive_radius_is_that_of_the_network(kind: Kind, stride: int) -> None:
    net = DownscaleNet(DownscaleConfig(kind, depth=1, stride=stride))
    torch.nn.init.normal_(net.tail.weight)
    grid = torch.rand(1, 6 if kind == "c" else 4, 26, 26, requires_grad=True)
    net(grid, torch.from_numpy(WISH.vector())[None])[0, 0, 12, 12].backward()
    assert grid.grad is not None
    seen = grid.grad.abs().sum((0, 1)).nonzero()
    assert int((seen - 12).abs().max()) <= net.receptive_radius


def test_linear_filters_are_the_same_at_any_stride() -> None:
    found = []
    for stride in (1, 2):
        torch.manual_seed(0)
        net = DownscaleNet(DownscaleConfig(details=3, stride=stride))
        torch.nn.init.zeros_(net.tail.weight)
        torch.nn.init.normal_(net.mix.bias, generator=torch.Generator().manual_seed(0))
        found.append(sharing.downscaled(net, images(), 96, WISH))
    torch.testing.assert_close(found[0], found[1], atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", ["a", "d"])
def test_features_do_not_depend_on_how_bright_a_picture_is(kind: Kind) -> None:
    net = DownscaleNet(DownscaleConfig(kind))
    dark = torch.rand(1, 4, 12, 12) / 2
    inner = slice(3, -3)  # zeros are padded, and those are another level
    torch.testing.assert_close(
        net.look(dark)[..., inner, inner], net.look(dark + 0.5)[..., inner, inner], atol=1e-5, rtol=0
    )


def test_the_wish_changes_the_result() -> None:
    net = DownscaleNet(DownscaleConfig())
    torch.nn.init.normal_(net.tail.weight)
    first = sharing.downscaled(net, images(), 96, WISH)
    second = sharing.downscaled(net, images(), 96, Wish(weights_of(1.0), "h264", 40, 0.5, True))
    assert float((first - second).abs().mean()) > 1e-4


@pytest.mark.parametrize("side", [96, 64, 160])
def test_the_sdk_reads_the_same_grid_as_training(side: int) -> None:
    image = images(1)
    luma = (255 * image[0, 0]).round().byte().numpy()
    found = F.pixel_unshuffle(codecs.planes_to_tensor([grid_of(luma, (side, side))]), 2)
    trained = sharing.quarters_of(image, side).clamp(0, 1)
    assert 255 * float((found - trained).abs().mean()) < 0.5  # Pillow rounds and clips between its passes


@pytest.mark.parametrize("name", sharing_cases.FILTERS)
def test_filters_are_those_of_pillow(name: str) -> None:
    image = images(1)[0, 0].numpy()
    expected = np.asarray(Image.fromarray(image).resize((80, 80), sharing_cases.FILTERS[name]))
    found = sharing.resized(torch.from_numpy(image)[None, None], 80, name)[0, 0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_structure_is_ms_ssim() -> None:
    from pytorch_msssim import ms_ssim

    image = images(3)
    other = (image + 0.05 * torch.randn(image.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    expected = 1 - ms_ssim(image, other, data_range=1, size_average=False)
    assert picture_losses.structure(image, other) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("receiver", [*sharing_cases.FILTERS, "sr"])
def test_slopes_pass_through_codec_and_receiver(receiver: str) -> None:
    small = resize_all(images(), 96).requires_grad_()
    case = sharing_cases.Case("jpeg", 50, 96, receiver)
    chain().figures(small, images(), case)[1:].sum().backward()
    assert small.grad is not None
    assert float(small.grad.abs().mean()) > 0


def test_a_cost_falls_with_fewer_bits_and_with_less_distortion() -> None:
    means = sharing.Means(chain(), images())
    case = sharing_cases.Case("jpeg", 50, 96, "bicubic")
    exchange = means.of(case)
    assert float(exchange.worth.min()) >= 0
    figures = exchange.mean[:, None].repeat(1, 2)
    base = float(sharing.cost(figures, exchange, WISH))
    for place in range(4):
        less = figures.clone()
        less[place] *= 0.9
        assert float(sharing.cost(less, exchange, WISH)) < base


def test_without_a_codec_only_distortions_count() -> None:
    found = sharing.Chain(IdentityProxy(), SrNet(TINY_SR)).figures(
        resize_all(images(), 96), images(), sharing_cases.Case("jpeg", 50, 96, "bicubic")
    )
    assert float(found[0].abs().max()) == 0
    assert float(found[1:].min()) > 0


def test_flicker_is_what_frames_change_by_and_should_not() -> None:
    true = images(3)
    assert float(sharing.flicker(true + 0.1, true)) == pytest.approx(0, abs=1e-9)  # a wrong level is steady
    steps = torch.tensor([0.0, 0.1, 0.0])[:, None, None, None]
    assert float(sharing.flicker(true + steps, true)) == pytest.approx(0.01, rel=1e-4)


def test_flicker_counts_in_clips_alone() -> None:
    own, net = chain(), DownscaleNet(DownscaleConfig())
    means = sharing.Means(own, images())
    case = sharing_cases.Case("h264", 28, 96, "bicubic")
    still, moving = (sharing_cases.Sample(images(3), case, WISH, clip) for clip in (False, True))
    costs = [float(sharing.objective(net, own, means, sample, 0.5)) for sample in (still, moving)]
    assert costs[0] == pytest.approx(float(sharing.objective(net, own, means, moving, 0.0)))
    assert costs[0] != pytest.approx(costs[1])


def test_cases_draw_the_ends_of_the_slider_and_clips() -> None:
    rng = np.random.default_rng(0)
    drawn = [sharing_cases.draw_weights(rng) for _ in range(200)]
    assert min(drawn.count(weights_of(detail)) for detail in (0.0, 0.5, 1.0)) >= 5
    photos = [np.random.default_rng(1).integers(0, 256, (256, 256), dtype=np.uint8)]
    source = sharing_cases.batches(photos, 3, 0, clips=0.5)
    samples = [next(source) for _ in range(20)]
    assert {sample.clip for sample in samples} == {True, False}
    assert all(sample.case.codec == "h264" for sample in samples if sample.clip)


@pytest.fixture
def files(photos: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Checkpoints of a codec's stand-in and of a receiver."""
    proxy, sr = tmp_path / "proxy.safetensors", tmp_path / "sr.safetensors"
    for file, net, network in (
        (proxy, CodecProxy(ProxyConfig()), {"codecs": codecs.CODECS, "width": 16}),
        (sr, SrNet(TINY_SR), {"scale": 2, "width": 4, "depth": 1}),
    ):
        used = data.training_photos(photos)
        checkpoint.save(checkpoint.Trained(net, {}, network, 0, used, Progress(), {}), "x", file)
    return proxy, sr


def test_a_receiver_trains_together_with_the_downscaler(
    photos: Path, tmp_path: Path, files: tuple[Path, Path]
) -> None:
    config = downscale.Config(
        network=DownscaleConfig(width=8, depth=1, stride=2),
        half=True,
        batch=2,
        clips=0.5,
        loop=LoopConfig(steps=4, warmup=1, muon_learning_rate=0.01),
    )
    trained, up = downscale.train(config, photos, tmp_path / "run", *files, joint=True)
    assert up is not None
    assert isinstance(trained.net, DownscaleNet)
    before = SrNet(TINY_SR)
    checkpoint.load_weights(before, files[1])
    assert not torch.equal(before.head.weight, up.head.weight)


def test_training_saves_bits_by_its_own_account(
    photos: Path, tmp_path: Path, files: tuple[Path, Path]
) -> None:
    proxy, sr = files
    config = downscale.Config(
        network=DownscaleConfig(width=8, depth=1),
        half=True,
        batch=2,
        loop=LoopConfig(steps=25, warmup=2, learning_rate=5e-3, bf16=False),
    )
    trained, _ = downscale.train(config, photos, tmp_path / "run", proxy, sr)
    assert isinstance(trained.net, DownscaleNet)
    before = DownscaleNet(config.network)
    case_chain = sharing.Chain(downscale.open_proxy(proxy), SrNet(TINY_SR))
    means = sharing.Means(case_chain, images())
    names = [name for name in trained.measured if "bicubic_detail_0.5" in name]
    first = downscale.savings(before, case_chain, means, images())
    last = downscale.savings(trained.net, case_chain, means, images())
    assert sum(last[name] for name in names) < sum(first[name] for name in names)


def resize_all(batch: torch.Tensor, side: int) -> torch.Tensor:
    found = [resize((255 * image[0]).round().byte().numpy(), (side, side)) for image in batch]
    return codecs.planes_to_tensor(found)
