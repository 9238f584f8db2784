"""Both scorers learn what a toy can teach, from people's ratings and from degraded photos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nitido.bundle.manifest import View
from nitido_train import checkpoint
from nitido_train.data import is_held_out, training_photos
from nitido_train.errors import TrainingDataError
from nitido_train.loop import LoopConfig
from nitido_train.losses import emd_loss, rank_loss
from nitido_train.nets.nima import NimaConfig, NimaNet
from nitido_train.nets.ranker import RankConfig, RankNet
from nitido_train.recipes import scorer_nima, scorer_rank

VIEW = View(size=64, crop=32, count=4)


def schedule(steps: int, rate: float) -> LoopConfig:
    return LoopConfig(
        steps=steps,
        learning_rate=rate,
        warmup=5,
        ema_decay=0.9,
        log_every=10,
        evaluate_every=1000,
        bf16=False,
    )


NIMA: dict[str, Any] = {"network": NimaConfig(width=0.25, dropout=0.0), "view": VIEW, "batch": 8}
RANK: dict[str, Any] = {"network": RankConfig(width=8, hidden=16), "view": VIEW, "batch": 8}


@pytest.fixture(scope="module")
def opinions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(folder, CSV): the brighter of 60 flat photos with some grain, the better rated."""
    folder = tmp_path_factory.mktemp("rated")
    rng = np.random.default_rng(0)
    lines = ["image_name,MOS,SD"]
    for n in range(60):
        grey = rng.uniform(20, 235)
        pixels = np.clip(rng.normal(grey, 5, (70, 80, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{n}.png")
        lines.append(f"{n}.png,{1 + 4 * (grey - 20) / 215:.3f},0.5")
    table = folder / "ratings.csv"
    table.write_text("\n".join(lines) + "\n")
    return folder, table


def losses(run: Path) -> list[float]:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


def test_distribution_scorer_learns_from_peoples_ratings(opinions: tuple[Path, Path], tmp_path: Path) -> None:
    folder, table = opinions
    config = scorer_nima.Config(**NIMA, loop=schedule(80, 3e-3))
    trained = scorer_nima.train(config, folder, tmp_path, table)
    history = losses(tmp_path)
    assert history[-1] < 0.5 * history[0]
    assert trained.measured["spearman"] > 0.8
    assert trained.config["opinions"] == "ratings"
    assert trained.config["view"] == {"size": 64, "crop": 32, "count": 4, "whole": 0}


def test_rank_scorer_learns_order_and_is_put_on_the_scale(
    opinions: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, table = opinions
    config = scorer_rank.Config(**RANK, loop=schedule(240, 3e-3))
    trained = scorer_rank.train(config, folder, tmp_path / "run", table)
    history = losses(tmp_path / "run")
    assert history[-1] < 0.5 * history[0]
    assert trained.measured["spearman"] > 0.8
    assert trained.measured["mean_error"] < 1.5  # guessing the middle of these ratings misses them by 2.2
    file = tmp_path / "scorer.safetensors"
    checkpoint.save(trained, "scorer_rank", file)
    again = RankNet(config.network).eval().requires_grad_(False)
    checkpoint.load_weights(again, file)  # the line is part of the checkpoint
    assert float(again.get_buffer("slope")) != 1
    bright, dark = (torch.full((1, 3, 64, 64), grey) for grey in (0.8, 0.2))
    assert 1 < float(again(dark)) < float(again(bright)) < 12


def test_one_file_rated_by_all_alike_teaches_nothing(opinions: tuple[Path, Path], tmp_path: Path) -> None:
    folder, _ = opinions
    table = tmp_path / "alike.csv"
    table.write_text("image_name,MOS,SD\n" + "".join(f"{n}.png,3,1\n" for n in range(60)))
    for recipe in (scorer_nima, scorer_rank):
        with pytest.raises(TrainingDataError, match="all rated alike"):
            recipe.train(recipe.Config(), folder, tmp_path / "run", table)
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def clean_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photos to train on and one that is held out, with detail at every scale."""
    folder = tmp_path_factory.mktemp("clean")
    held_out = [f"{n}.png" for n in range(99) if is_held_out(Path(f"{n}.png"))]
    known = [f"{n}.png" for n in range(99) if not is_held_out(Path(f"{n}.png"))]
    for name in (*known[:2], held_out[0]):
        rng = np.random.default_rng(int(name.removesuffix(".png")))
        noise = sum(
            np.kron(rng.normal(0, 12, (200 // n, 200 // n, 3)), np.ones((n, n, 1))) for n in (1, 2, 4, 8, 20)
        )
        Image.fromarray(np.clip(128 + noise, 0, 255).astype(np.uint8)).save(folder / name)
    return folder


def test_without_opinions_degraded_photos_teach_a_distribution(clean_photos: Path, tmp_path: Path) -> None:
    view = View(size=192, crop=96, count=4)
    config = scorer_nima.Config(
        **(NIMA | {"view": view}), crops=12, held_out=8, side=176, loop=schedule(2, 1e-3)
    )
    trained = scorer_nima.train(config, clean_photos, tmp_path)
    assert set(trained.measured) == {"spearman", "pearson", "emd"}
    assert trained.config["opinions"] is None
    assert trained.files == training_photos(clean_photos)
    assert len(trained.files) == 2


def test_without_opinions_pairs_of_degraded_photos_teach_order(clean_photos: Path, tmp_path: Path) -> None:
    config = scorer_rank.Config(**RANK, pairs=20, side=164)
    pairs = scorer_rank.degraded_pairs(clean_photos, config)
    crops = next(scorer_rank.batches(pairs, config))
    assert crops.shape == (16, 3, 32, 32)
    net = RankNet(config.network)
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3)
    history = []
    for _ in range(120):
        loss = scorer_rank.pair_loss(net, next(scorer_rank.batches(pairs, config)))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        history.append(float(loss.detach()))
    assert np.mean(history[-20:]) < 0.8 * np.mean(history[:5])


def test_shares_of_the_ratings_sum_to_one() -> None:
    shares = NimaNet(NimaConfig(width=0.25))(torch.rand(2, 3, 64, 64))
    assert shares.shape == (2, 10)
    assert torch.allclose(shares.sum(1), torch.ones(2), atol=1e-6)  # float32 rounding


def test_scores_that_fall_with_the_ratings_cannot_be_put_on_the_scale() -> None:
    net = RankNet(RankConfig(width=4, hidden=8)).requires_grad_(False)
    with pytest.raises(ValueError, match="expected scores that rise with the ratings"):
        net.fit_scale(np.array([3.0, 2.0, 1.0]), np.array([4.0, 5.0, 6.0]))
    with pytest.raises(ValueError, match="got a slope of 0;"):
        net.fit_scale(np.array([1.0, 1.0]), np.array([4.0, 6.0]))
    image = torch.rand(1, 3, 32, 32)
    raw = float(net(image))
    net.fit_scale(np.array([0.0, 1.0]), np.array([4.0, 6.0]))
    net.fit_scale(np.array([4.0, 6.0]), np.array([1.0, 10.0]))
    assert float(net(image)) == pytest.approx(1 + 4.5 * (2 * raw), abs=1e-5)  # float32


def test_distance_loss_weighs_how_far_off_a_rating_is() -> None:
    shares = torch.eye(10)
    near, far = emd_loss(shares[:1], shares[1:2]), emd_loss(shares[:1], shares[9:])
    assert float(near) == pytest.approx(0.1)
    assert float(far) == pytest.approx(0.9)
    assert float(emd_loss(shares, shares)) == 0


def test_order_loss_falls_as_the_better_one_rises() -> None:
    worse = torch.zeros(1, 1)
    values = [float(rank_loss(torch.full((1, 1), score), worse)) for score in (-5.0, 0.0, 5.0)]
    assert values[0] > values[1] > values[2] > 0
    assert values[1] == pytest.approx(np.log(2))
