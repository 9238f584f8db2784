"""The face network and its recipe: shapes, reach, pairs that fit, and that it learns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from nitido_train import checkpoint
from nitido_train.errors import TrainingDataError
from nitido_train.face_crops import HELD_OUT, TRAIN
from nitido_train.loop import LoopConfig
from nitido_train.losses import LossWeights
from nitido_train.nets.face import SCALE, FaceConfig, FaceNet
from nitido_train.nets.sr import parameter_count
from nitido_train.recipes import face
from nitido_train.resample import bicubic_downscale

TINY = FaceConfig(width=8, middle=8, fine=8, depth=2)
CONFIG = face.Config(
    TINY,
    batch=2,
    loop=LoopConfig(
        steps=50, warmup=5, learning_rate=6e-3, log_every=10, evaluate_every=50, ema_decay=0.9, bf16=False
    ),
)


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Blobs; squares of 140 to 180 pixels."""
    folder = tmp_path_factory.mktemp("crops")
    for group, count in ((TRAIN, 5), (HELD_OUT, 2)):
        (folder / group).mkdir()
        for number in range(count):
            coarse = np.random.default_rng([count, number]).integers(0, 256, (9, 9, 3), dtype=np.uint8)
            side = 140 + 10 * number
            Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC).save(
                folder / group / f"{number}.png"
            )
    return folder


def test_the_network_is_compact_and_starts_as_the_nearest_pixel() -> None:
    net = FaceNet(FaceConfig())
    assert parameter_count(net) <= 600_000
    image = torch.rand(1, 3, 12, 13)
    with torch.inference_mode():
        found = net(image)
    assert found.shape == (1, 3, 96, 104)
    nearest = image.repeat_interleave(SCALE, 2).repeat_interleave(SCALE, 3)
    assert (found - nearest).abs().max() < 0.1  # the tail starts at weights of 0.0002


def test_variations_keep_size_and_face_and_half_of_the_crops() -> None:
    y, x = np.mgrid[:128, :128]
    crop = np.repeat((255 * np.exp(-((x - 64) ** 2 + (y - 64) ** 2) / 900))[..., None], 3, 2).astype(np.uint8)
    rng = np.random.default_rng(0)
    found = [face.varied(crop, rng) for _ in range(40)]
    assert {made.shape for made in found} == {crop.shape}
    assert {made.dtype for made in found} == {np.dtype(np.uint8)}
    assert 10 <= sum(made is crop for made in found) <= 30
    for made in found:  # a round light in the middle stays there, however lit
        assert np.unravel_index(made[..., 0].astype(int).argmax(), (128, 128))[0] in range(54, 75)
        assert np.corrcoef(made[..., 1].ravel(), crop[..., 1].ravel())[0, 1] > 0.95


def test_nothing_beyond_the_receptive_radius_matters() -> None:
    torch.manual_seed(0)
    net = FaceNet(TINY).double()
    torch.nn.init.normal_(net.tail.weight)
    radius, middle = net.receptive_radius, 20
    image = torch.rand(1, 3, 41, 41, dtype=torch.float64, requires_grad=True)
    block = slice(middle * SCALE, (middle + 1) * SCALE)
    (slope,) = torch.autograd.grad(net(image)[..., block, block].square().sum(), image)
    rows = torch.nonzero(slope.abs().sum((0, 1, 3))).flatten()
    assert middle - radius <= rows.min()
    assert rows.max() <= middle + radius
    assert rows.max() - rows.min() >= 2 * radius - 2  # the radius is no idle upper bound


def test_pairs_are_faces_and_the_same_made_small(crops: Path) -> None:
    photos = [np.asarray(Image.open(file)) for file in sorted((crops / TRAIN).iterdir())]
    low, high = next(face.pairs(photos, CONFIG))
    assert (tuple(low.shape), tuple(high.shape)) == ((2, 3, 16, 16), (2, 3, 128, 128))
    pixels = (high[0].permute(1, 2, 0) * 255).round().byte().numpy()
    assert np.array_equal(
        (low[0].permute(1, 2, 0) * 255).round().byte().numpy(), bicubic_downscale(pixels, SCALE)
    )


def test_crops_that_are_too_small_are_refused() -> None:
    with pytest.raises(TrainingDataError, match=r"collect larger faces \(face_crops --smallest 85\)"):
        next(face.pairs([np.zeros((100, 100, 3), np.uint8)], CONFIG))


def losses(run: Path) -> list[float]:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


def test_the_face_network_learns_and_is_saved(crops: Path, tmp_path: Path) -> None:
    trained = face.train(CONFIG, crops, tmp_path / "run")
    found = losses(tmp_path / "run")
    assert found[-1] < 0.9 * found[0]
    assert {"held_out_psnr_y", "held_out_gradient_error", "parameters"} == trained.measured.keys()
    file = tmp_path / "face-x8.safetensors"
    checkpoint.save(trained, "face", file)
    provenance = checkpoint.load_provenance(file)
    checkpoint.load_weights(FaceNet(FaceConfig(**provenance.network)), file)
    assert provenance.config["loss"]["alpha"] == face.LOSS.alpha


def test_an_alpha_of_zero_leaves_the_gradients_out(crops: Path, tmp_path: Path) -> None:
    for alpha in (0.0, 100.0):
        loss = LossWeights(alpha=alpha, beta=1.0, decibel=0.0)
        short = replace(CONFIG, loss=loss, loop=replace(CONFIG.loop, steps=10))
        face.train(short, crops, tmp_path / str(alpha))
    plain, full = losses(tmp_path / "0.0")[0], losses(tmp_path / "100.0")[0]
    assert 0 < plain < 0.9 * full  # the same start and the same batches
