"""Blind upscaling in training: data follow the sdk's convention, both phases learn, gradients search."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch

from nitido.blind import KernelShape
from nitido.blind.known import shrink
from nitido.blind.shape import SIDE
from nitido_train import blind_search, blind_training, checkpoint
from nitido_train.blind_pairs import Draw, bank, batches, rows
from nitido_train.loop import LoopConfig
from nitido_train.nets.blind import BlindConfig, BlindNet, KernelMapping, luma_of_blocks
from nitido_train.nets.sr import parameter_count
from nitido_train.recipes import blind
from nitido_train.resample import bicubic_downscale, crop_to_multiple
from nitido_train.tensors import to_pixels, to_tensor

TINY = BlindConfig(2, latent=6, hidden=16, width=8, depth=2, judge_width=16, judge_depth=2)
SHORT = LoopConfig(
    steps=160, warmup=5, learning_rate=3e-3, ema_decay=0.9, log_every=40, evaluate_every=1000, bf16=False
)
CONFIG = blind.Config(network=TINY, draw=Draw(2, patch=24, batch=4, others=0), loop=SHORT)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_bicubic_kernel_shrinks_as_bicubic_does(scale: int) -> None:
    large = crop_to_multiple(skimage.data.coffee()[:180, :240], scale)
    small = shrink(large, KernelShape.bicubic(scale).kernel(scale), scale)
    # MATLAB rounds between its two passes: half a level there, half here
    assert np.abs(small.astype(int) - bicubic_downscale(large, scale)).max() <= 1


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_training_crops_are_made_as_the_sdk_shrinks(scale: int) -> None:
    photo = skimage.data.coffee()
    batch = next(batches([photo], Draw(scale, patch=20, batch=3, others=2, spoilt=0, seed=4)))
    assert batch.high.shape == (3, 3, 20 * scale, 20 * scale)
    assert batch.others.shape == (6, SIDE * SIDE)
    for low, high, kernel in zip(batch.low, batch.high, batch.kernels, strict=True):
        again = shrink(to_pixels(high), kernel.numpy().reshape(SIDE, SIDE), scale)
        inner = slice(8, 12)  # beyond it, the sdk sees mirrored borders
        apart = again[inner, inner].astype(int) - to_pixels(low)[inner, inner]
        assert np.abs(apart).max() <= 1  # additions in another order, before rounding


def test_noise_and_jpeg_are_added_to_a_share() -> None:
    plain = Draw(2, patch=24, batch=8, others=0, spoilt=0, seed=1)
    lows = [next(batches([skimage.data.coffee()], replace(plain, spoilt=share))).low for share in (0.0, 1.0)]
    assert 0.003 < float((lows[0] - lows[1]).abs().mean()) < 0.05


def test_latents_start_as_principal_components() -> None:
    config = BlindConfig(latent=8, hidden=20)
    mapping, kernels = KernelMapping(config), bank(2, 400)
    mapping.start_at_principal_components(kernels)
    with torch.inference_mode():
        latents = mapping(kernels)
    assert latents.mean(0).abs().max() < 1e-3
    correlations = torch.corrcoef(latents.T) - torch.eye(8)
    assert correlations.abs().max() < 0.01
    deviations = latents.std(0)
    assert deviations[0] == pytest.approx(1, abs=0.01)
    assert (deviations.diff() < 0).all()
    assert deviations[-1] > 0.1  # not as small as the component


def test_the_shipped_sizes_stay_compact() -> None:
    for scale in (2, 4):
        net = BlindNet(BlindConfig(scale))
        assert parameter_count(net.generator) <= 800_000
        assert parameter_count(net.judge) <= 400_000
        assert list(net.mapping.children())[:2] == [net.mapping.first, net.mapping.second]


def test_one_latent_everywhere_is_a_map_of_equal_latents() -> None:
    net = BlindNet(TINY).eval()
    image = to_tensor([skimage.data.coffee()[:20, :24]])
    latent = torch.randn(1, 6, 1, 1)
    with torch.inference_mode():
        for network in (net.generator, net.judged):
            # sums in another order
            assert torch.allclose(
                network(image, latent), network(image, latent.expand(1, 6, 20, 24)), atol=1e-5
            )


def test_luma_of_blocks_is_that_of_the_enlarged_image() -> None:
    residuals = torch.rand(1, 12, 5, 7)
    image = torch.pixel_shuffle(residuals, 2)
    expected = torch.pixel_unshuffle(
        (image * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True), 2
    )
    assert torch.allclose(luma_of_blocks(residuals), expected, atol=1e-5)


@pytest.fixture(scope="module")
def generator(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first phase."""
    folder = tmp_path_factory.mktemp("generator")
    trained = blind.train(CONFIG, photos, folder / "run")
    checkpoint.save(trained, "blind", folder / "blind.safetensors")
    return folder / "blind.safetensors"


def losses(run: Path) -> list[float]:
    found = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in found if "loss" in row]


def test_the_generator_learns_and_leaves_the_judge_alone(generator: Path) -> None:
    found = losses(generator.parent / "run")
    assert found[-1] < 0.9 * found[0]
    measured = checkpoint.load_provenance(generator).measured
    assert measured["psnr_bicubic"] > 20
    assert "spearman" not in measured


def test_the_judge_learns_and_leaves_the_generator_alone(
    generator: Path, photos: Path, tmp_path: Path
) -> None:
    config = replace(CONFIG, phase="judge", draw=replace(CONFIG.draw, others=3))
    trained = blind.train(config, photos, tmp_path / "run", warm_start=generator)
    found = losses(tmp_path / "run")
    assert found[-1] < 0.95 * found[0]
    before = BlindNet(TINY)
    checkpoint.load_weights(before, generator)
    same = {
        name: torch.equal(value, trained.net.state_dict()[name])
        for name, value in before.state_dict().items()
    }
    assert all(equal for name, equal in same.items() if not name.startswith("judge."))
    assert not all(equal for name, equal in same.items() if name.startswith("judge."))
    assert -1 <= trained.measured["spearman"] <= 1
    assert trained.measured["psnr_bicubic"] > 20  # the first phase's, kept
    assert trained.measured["lost_by_chosen_start_db"] >= trained.measured["lost_by_best_start_db"]


def test_a_judge_needs_a_generator(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--warm-start"):
        blind.train(replace(CONFIG, phase="judge"), photos, tmp_path / "run")


def test_true_deltas_are_zero_with_the_true_kernel() -> None:
    net, kernels = BlindNet(TINY).eval(), bank(2, 2)
    low = torch.rand(2, 3, 20, 20)
    others = torch.stack([kernels[0], kernels[1], kernels[1], kernels[0]])
    image, _, delta = blind_training.deltas(net, low, kernels, others)
    assert torch.equal(image, low[[0, 0, 1, 1]])
    assert [float(d.abs().max()) < 1e-6 for d in delta] == [True, False, True, False]


def test_gradients_lower_the_predicted_error() -> None:
    torch.manual_seed(0)
    net = BlindNet(TINY).eval().requires_grad_(False)
    torch.nn.init.normal_(net.judge.tail.weight, std=0.05)
    found = blind_search.descend(net, skimage.data.coffee()[:100, :120], steps=8, crops=2)
    assert found.errors[-1] < found.errors[0]
    assert found.errors == sorted(found.errors, reverse=True)
    assert found.latent.shape == (6,)


def test_rows_are_row_after_row() -> None:
    kernel = np.arange(SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    assert rows([kernel])[0, :22].tolist() == list(range(22))
