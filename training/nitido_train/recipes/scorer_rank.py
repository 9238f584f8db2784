"""Train the scorer that learns from order alone: which of two photos is better.

    python -m nitido_train.recipes.scorer_rank --data PHOTOS \\
        --out training/checkpoints/scorer-rank.safetensors

With ``--opinions CSV --photos PHOTOS`` instead of ``--data``, the order is that of people's mean ratings.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nitido.bundle.manifest import View
from nitido.photo.model import Pixels
from nitido.view import mosaic
from nitido_train import checkpoint, data, loop
from nitido_train.errors import TrainingDataError
from nitido_train.losses import rank_loss
from nitido_train.nets.ranker import VIEW, RankConfig, RankNet
from nitido_train.nets.standardise import standardise
from nitido_train.opinion.people import divided, read_opinions
from nitido_train.opinion.pseudo import ranked_crops, rated_crops
from nitido_train.opinion.rated import Rated, agreement, crop_at
from nitido_train.tensors import to_tensor

Pair = tuple[Pixels, Pixels]
"""A better and a worse photo."""


@dataclass(frozen=True)
class Config:
    """What to train; ``pairs`` crops of ``side`` pixels are degraded twice, less and more, others once.

    Of ratings, photos count as ordered when their means differ by ``gap``.
    """

    network: RankConfig = field(default_factory=RankConfig)
    view: View = VIEW
    pairs: int = 2_500
    held_out: int = 300
    side: int = 288
    gap: float = 0.5
    batch: int = 16
    seed: int = 6
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


def degraded_pairs(folder: Path, config: Config) -> Iterator[Pair]:
    """Endless pairs of crops of clean photos: by turns one crop degraded less and more, and two different
    ones whose pseudo-opinions differ, since a score must also order photos of different things.
    """
    photos = data.load_all(data.training_photos(folder))
    same = list(islice(ranked_crops(photos, config.side, config.seed), config.pairs))
    different = rated_pairs(list(islice(rated_crops(photos, config.side, config.seed), config.pairs)), config)
    rng = np.random.default_rng(config.seed)
    while True:
        yield same[rng.integers(len(same))]
        yield next(different)


def rated_pairs(rated: Sequence[Rated], config: Config) -> Iterator[Pair]:
    """Endless pairs of photos whose mean ratings differ enough."""
    rng = np.random.default_rng(config.seed)
    ratings = np.array([one.mean for one in rated])
    if np.ptp(ratings) < config.gap:
        raise TrainingDataError(
            f"expected mean ratings that differ by {config.gap} somewhere, got {ratings.min():.2f} to "
            f"{ratings.max():.2f}; there is no order to learn"
        )
    while True:
        worse, better = sorted(rng.integers(len(rated), size=2), key=lambda index: float(ratings[index]))
        if ratings[better] - ratings[worse] >= config.gap:
            yield rated[better].pixels, rated[worse].pixels


def batches(pairs: Iterator[Pair], config: Config) -> Iterator[Tensor]:
    """Endless crops, the better ones first, then the worse ones in the same order."""
    rng = np.random.default_rng(config.seed)
    while True:
        better: list[Pixels] = []
        worse: list[Pixels] = []
        for pair in islice(pairs, config.batch):
            place, code = (rng.random(), rng.random()), int(rng.integers(8))
            for crops, pixels in zip((better, worse), pair, strict=True):
                crops.append(crop_at(pixels, config.view.crop, place, code))
        yield to_tensor(better + worse)


def pair_loss(net: RankNet, crops: Tensor) -> Tensor:
    """Both halves in one pass."""
    better, worse = net(crops).float().chunk(2)
    return rank_loss(better, worse)


def predict(net: RankNet, rated: Sequence[Rated], view: View) -> NDArray[np.float64]:
    """(N,) scores of whole photos, looked at as the runtime does."""
    with torch.inference_mode():
        return np.array([float(net(to_tensor([mosaic(one.pixels, view)]))) for one in rated])


def train(
    config: Config, folder: Path, run: Path, opinions: Path | None = None, resume: bool = False
) -> checkpoint.Trained:
    """Train, fit the scale and measure on held-out photos; ``opinions`` is a CSV that rates ``folder``."""
    torch.manual_seed(config.seed)
    if opinions is None:
        unseen = data.load_all(data.held_out_photos(folder))
        held_out = list(islice(rated_crops(unseen, config.view.size, config.seed + 1), config.held_out))
        files, pairs = data.training_photos(folder), degraded_pairs(folder, config)
    else:
        rated, others = divided(read_opinions(opinions, folder))
        held_out = others[: config.held_out]
        files = [one.photo for one in rated if isinstance(one.photo, Path)]
        pairs = rated_pairs(rated, config)
    truth = np.array([one.mean for one in held_out])
    agreement(truth, truth)  # refuses held-out photos that are all rated alike, before training

    def evaluate(net: RankNet) -> dict[str, float]:
        return agreement(predict(net, held_out, config.view), truth)

    net, made = RankNet(config.network), batches(pairs, config)
    standardise(net, net.layers(), next(made))
    average, progress = loop.fit(net, made, pair_loss, config.loop, run, resume, evaluate)
    average.fit_scale(predict(average, held_out, config.view), truth)
    guess = predict(average, held_out, config.view)
    measured = {**agreement(guess, truth), "mean_error": round(float(np.abs(guess - truth).mean()), 3)}
    history = {**asdict(config), "opinions": opinions.stem if opinions else None}
    network = asdict(config.network)
    return checkpoint.Trained(average, history, network, config.seed, files, progress, measured)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, help="folder of clean photos, to degrade less and more")
    source.add_argument("--opinions", type=Path, metavar="CSV", help="ratings of people")
    parser.add_argument("--photos", type=Path, metavar="DIR", help="folder of the photos that CSV names")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--pairs", type=int, default=Config.pairs)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    if (args.opinions is None) != (args.photos is None):
        parser.error("--opinions and --photos belong together")
    schedule = loop.LoopConfig(
        steps=args.steps, minutes=args.minutes, learning_rate=args.learning_rate, evaluate_every=500
    )
    config = Config(pairs=args.pairs, loop=schedule)
    run = Path("runs") / args.out.stem
    trained = train(config, args.data or args.photos, run, args.opinions, args.resume)
    checkpoint.save(trained, "scorer_rank", args.out, half=True)


if __name__ == "__main__":
    main()
