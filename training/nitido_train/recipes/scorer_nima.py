"""Train the scorer that predicts a distribution of ratings (NIMA).

    python -m nitido_train.recipes.scorer_nima --data PHOTOS --imagenet mobilenetv2.npz \\
        --out training/checkpoints/scorer.safetensors

Its ratings are pseudo-opinions; with ``--opinions CSV --photos PHOTOS`` instead of ``--data``, people's.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nitido.bundle.manifest import View
from nitido.view import mosaic
from nitido_train import checkpoint, data, loop
from nitido_train.losses import emd_loss
from nitido_train.nets.mobilenet import load_imagenet
from nitido_train.nets.nima import VIEW, NimaConfig, NimaNet
from nitido_train.opinion.people import divided, read_opinions
from nitido_train.opinion.pseudo import rated_crops
from nitido_train.opinion.rated import Rated, Shares, agreement, crop_at, earth_movers_distance, means
from nitido_train.tensors import to_tensor


@dataclass(frozen=True)
class Config:
    """What to train; pseudo-opinions are worked out once for ``crops`` crops of ``side`` pixels.

    Training sees crops as large as those of the view: a photo's ratings are also those of its parts.
    """

    network: NimaConfig = field(default_factory=NimaConfig)
    view: View = VIEW
    crops: int = 3_000
    held_out: int = 300
    side: int = 320
    batch: int = 16
    seed: int = 5
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


def pseudo_rated(folder: Path, config: Config) -> tuple[list[Rated], list[Rated]]:
    """(training, held-out): degraded crops of the clean photos of a folder."""
    known = data.load_all(data.training_photos(folder))
    unseen = data.load_all(data.held_out_photos(folder))
    train = islice(rated_crops(known, config.side, config.seed), config.crops)
    held_out = islice(rated_crops(unseen, config.view.size, config.seed + 1), config.held_out)
    return list(train), list(held_out)


def batches(rated: Sequence[Rated], config: Config) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless (crops, shares of their photos' ratings)."""
    rng = np.random.default_rng(config.seed)
    while True:
        chosen = [rated[i] for i in rng.integers(len(rated), size=config.batch)]
        crops = [
            crop_at(one.pixels, config.view.crop, (rng.random(), rng.random()), int(rng.integers(8)))
            for one in chosen
        ]
        yield to_tensor(crops), torch.from_numpy(np.stack([one.shares for one in chosen]).astype(np.float32))


def predict(net: NimaNet, rated: Sequence[Rated], view: View) -> Shares:
    """(N, 10) predicted shares of whole photos, looked at as the runtime does."""
    with torch.inference_mode():
        rows = [net(to_tensor([mosaic(one.pixels, view)]))[0].double().numpy() for one in rated]
    return np.stack(rows)


def train(
    config: Config,
    folder: Path,
    run: Path,
    opinions: Path | None = None,
    imagenet: Path | None = None,
    resume: bool = False,
) -> checkpoint.Trained:
    """Train and measure on held-out photos; ``opinions`` is a CSV that rates the photos of ``folder``."""
    torch.manual_seed(config.seed)
    if opinions is None:
        rated, held_out = pseudo_rated(folder, config)
        files = data.training_photos(folder)
    else:
        rated, unseen = divided(read_opinions(opinions, folder))
        held_out = unseen[: config.held_out]
        files = [one.photo for one in rated if isinstance(one.photo, Path)]
    truth = np.stack([one.shares for one in held_out])
    agreement(means(truth), means(truth))  # refuses held-out photos that are all rated alike, before training

    def evaluate(net: NimaNet) -> dict[str, float]:
        guess = predict(net, held_out, config.view)
        emd = round(earth_movers_distance(guess, truth), 4)
        return {**agreement(means(guess), means(truth)), "emd": emd}

    def loss(net: NimaNet, batch: tuple[Tensor, Tensor]) -> Tensor:
        return emd_loss(net(batch[0]).float(), batch[1])

    net = NimaNet(config.network)
    if imagenet is not None:
        load_imagenet(net, imagenet)
    average, progress = loop.fit(net, batches(rated, config), loss, config.loop, run, resume, evaluate)
    history = {
        **asdict(config),
        "opinions": opinions.stem if opinions else None,
        "warm_start": imagenet.stem if imagenet else None,
    }
    network, measured = asdict(config.network), evaluate(average)
    return checkpoint.Trained(average, history, network, config.seed, files, progress, measured)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, help="folder of clean photos, for pseudo-opinions")
    source.add_argument("--opinions", type=Path, metavar="CSV", help="ratings of people")
    parser.add_argument("--photos", type=Path, metavar="DIR", help="folder of the photos that CSV names")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--imagenet", type=Path, help="MobileNetV2 weights to start from (.npz)")
    parser.add_argument("--crops", type=int, default=Config.crops)
    parser.add_argument("--steps", type=int, default=6_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    if (args.opinions is None) != (args.photos is None):
        parser.error("--opinions and --photos belong together")
    schedule = loop.LoopConfig(
        steps=args.steps, minutes=args.minutes, learning_rate=args.learning_rate, evaluate_every=500
    )
    config = Config(crops=args.crops, loop=schedule)
    run = Path("runs") / args.out.stem
    folder = args.data or args.photos
    trained = train(config, folder, run, args.opinions, args.imagenet, args.resume)
    checkpoint.save(trained, "scorer_nima", args.out, half=True)


if __name__ == "__main__":
    main()
