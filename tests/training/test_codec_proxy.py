"""Stand-ins of codecs: JPEG's is JPEG, all have slopes, and training makes the others alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nitido_train import codecs, data
from nitido_train.loop import LoopConfig
from nitido_train.nets.codec_proxy import STEEP, CodecProxy, IdentityProxy, ProxyConfig, cosines, stairs
from nitido_train.recipes import codec_proxy

SIDE = 64


def plane(seed: int = 0) -> codecs.Plane:
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 6, (SIDE, SIDE)).cumsum(0).cumsum(1) / 8
    return np.clip(128 + steps, 0, 255).astype(np.uint8)


def through_proxy(net: torch.nn.Module, codec: codecs.Codec, quality: int) -> tuple[codecs.Plane, float]:
    net.eval()
    code, q = torch.tensor([codecs.CODECS.index(codec)]), torch.tensor([float(quality)])
    with torch.inference_mode():
        coded = net(codecs.planes_to_tensor([plane()]), code, q)
    return (255 * coded.decoded[0, 0]).round().clamp(0, 255).byte().numpy(), float(coded.bits)


def test_cosines_are_orthonormal() -> None:
    wave = cosines()
    assert torch.allclose(wave @ wave.T, torch.eye(64), atol=1e-5)


@pytest.mark.parametrize("quality", [15, 50, 75, 95])
def test_the_picture_of_jpeg_is_that_of_the_real_codec(quality: int) -> None:
    real = codecs.through(plane(), "jpeg", quality)
    found, _ = through_proxy(CodecProxy(ProxyConfig()), "jpeg", quality)
    # Integer transforms round here and there by a level; a coefficient on an edge flips in few blocks.
    assert np.abs(found.astype(int) - real.decoded).mean() < 0.2


@pytest.mark.parametrize("codec", codecs.CODECS)
def test_better_quality_costs_more_bits_and_is_closer(codec: codecs.Codec) -> None:
    coarse, fine = codecs.QUALITIES[codec]
    net = CodecProxy(ProxyConfig())
    first, second = codecs.through(plane(), codec, coarse), codecs.through(plane(), codec, fine)
    assert second.bits > first.bits
    assert _error(second.decoded) < _error(first.decoded)
    (worse, few), (better, many) = through_proxy(net, codec, coarse), through_proxy(net, codec, fine)
    assert many > few
    assert _error(better) < _error(worse)


def test_slopes_reach_the_picture_from_rate_and_distortion() -> None:
    net = CodecProxy(ProxyConfig())
    image = codecs.planes_to_tensor([plane(), plane(1)]).requires_grad_()
    coded = net(image, torch.tensor([0, 2]), torch.tensor([50.0, 30.0]))
    (coded.bits.sum() + coded.decoded.square().sum()).backward()
    assert image.grad is not None
    assert float(image.grad.abs().amin((1, 2, 3)).min()) >= 0
    assert float(image.grad.abs().mean()) > 0


def test_stairs_are_rounding_and_slopes_are_where_they_rise() -> None:
    values = torch.linspace(-3, 3, 6001).requires_grad_()
    made = stairs(values, STEEP)
    assert torch.equal(made, values.round())
    made.sum().backward()
    assert values.grad is not None
    level = (values.detach() - values.detach().floor() - 0.5).abs() > 0.1
    assert float(values.grad[level].abs().max()) < 0.03
    assert float(values.grad.mean()) == pytest.approx(1, rel=0.01)  # a step for each step


def test_slopes_of_training_mode_say_what_the_codec_does() -> None:
    """Along the way from a sharp picture to a smooth one, of a loss that punishes what rounding adds."""
    net = CodecProxy(ProxyConfig())
    sharp = codecs.planes_to_tensor([plane(seed) for seed in range(8)])
    way = torch.nn.functional.avg_pool2d(sharp, 3, 1, 1, count_include_pad=False) - sharp
    code, quality = torch.zeros(8, dtype=torch.long), torch.full((8,), 40.0)

    def roughness(share: float | torch.Tensor) -> torch.Tensor:
        decoded = net(sharp + share * way, code, quality).decoded
        return decoded.diff(dim=3).square().sum()

    share = torch.tensor(0.25, requires_grad=True)
    net.train()
    net.steepness = STEEP
    roughness(share).backward()
    net.eval()
    with torch.no_grad():
        found = (roughness(0.45) - roughness(0.05)) / 0.4
    assert share.grad is not None
    assert float(share.grad) == pytest.approx(float(found), rel=0.25)


def test_no_codec_changes_nothing_and_costs_nothing() -> None:
    found, bits = through_proxy(IdentityProxy(), "jpeg", 50)
    assert np.array_equal(found, plane())
    assert bits == 0


def test_pairs_come_in_twos_of_one_codec_and_quality() -> None:
    batch = next(codecs.pairs([plane(), plane(1)], 48, 6))
    assert batch.planes.shape == batch.decoded.shape == (6, 1, 48, 48)
    assert torch.equal(batch.codec[::2], batch.codec[1::2])
    assert torch.equal(batch.quality[::2], batch.quality[1::2])
    assert not torch.equal(batch.planes[::2], batch.planes[1::2])


def test_training_brings_the_stand_ins_closer(photos: Path, tmp_path: Path) -> None:
    files = data.training_photos(photos)
    config = codec_proxy.Config(
        side=SIDE, batch=6, pool=6, loop=LoopConfig(steps=60, warmup=5, learning_rate=1e-2, bf16=False)
    )
    batch = next(codecs.pairs(codec_proxy.planes(files), SIDE, 12, seed=1))
    before = codec_proxy.proxy_loss(CodecProxy(config.network), batch).item()
    trained = codec_proxy.train(config, photos, tmp_path / "run")
    assert isinstance(trained.net, CodecProxy)
    assert codec_proxy.proxy_loss(trained.net, batch).item() < 0.7 * before
    assert trained.measured["jpeg_psnr_apart"] < 0.2


def _error(decoded: codecs.Plane) -> float:
    return float(np.mean((decoded.astype(float) - plane()) ** 2))
