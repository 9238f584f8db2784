"""Train the trigger on delta labels made with the trained restorer and upscaler.

    python -m nitido_train.recipes.trigger --data PHOTOS --checkpoints training/checkpoints \\
        --imagenet mobilenetv2.npz --out training/checkpoints/trigger.safetensors
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import spearmanr
from torch import Tensor

from nitido.photo.model import Pixels
from nitido.view import mosaic
from nitido_train import checkpoint, data, loop
from nitido_train.label import Enhancers, Label, labels
from nitido_train.nets.trigger import OUTPUTS, VIEW, TriggerConfig, TriggerNet
from nitido_train.tensors import to_tensor

PRECISION_ON_CLEAN = 0.97
"""The threshold leaves this share of the clean validation photos alone."""

WORTH = 0.1
"""A gain on the scale of 1 to 10 that is worth the work."""


@dataclass(frozen=True)
class Config:
    """What to train: ``labels`` photos of ``side`` pixels are labelled once; training sees crops of them."""

    network: TriggerConfig = field(default_factory=TriggerConfig)
    labels: int = 4_500
    held_out: int = 400
    side: int = 320
    batch: int = 16
    precision: float = 0.9
    """Share of validation photos above a factor's threshold that truly gain from removing it."""
    seed: int = 3
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


def labelled(folder: Path, enhancers: Enhancers, config: Config) -> tuple[list[Label], list[Label]]:
    """(training, validation) labels; validation photos are of the view's size, half of them clean."""
    known, unseen = data.training_photos(folder), data.held_out_photos(folder)
    train = labels(data.load_all(known), enhancers, config.side, config.seed)
    held_out = labels(data.load_all(unseen), enhancers, VIEW.size, config.seed + 1, clean=0.5)
    return [next(train) for _ in range(config.labels)], [next(held_out) for _ in range(config.held_out)]


def batches(made: list[Label], config: Config) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless (crops, gains): one native-size crop of each photo, which has the photo's label."""
    rng = np.random.default_rng(config.seed)
    crop = VIEW.crop
    while True:
        images, gains = [], []
        for index in rng.integers(len(made), size=config.batch):
            top, left = rng.integers(0, config.side - crop + 1, size=2)
            patch = made[index].pixels[top : top + crop, left : left + crop]
            images.append(data.random_symmetry(patch, int(rng.integers(8))))
            gains.append(made[index].gains)
        yield to_tensor(images), torch.from_numpy(np.stack(gains))


def trigger_loss(net: TriggerNet, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Huber loss of all outputs; the joint gain counts twice since the decision hangs on it."""
    errors = F.smooth_l1_loss(net(batch[0]).float(), batch[1], beta=0.25, reduction="none").mean(0)
    weights = torch.tensor([2.0] + [1.0] * (len(OUTPUTS) - 1))
    return (errors * weights).mean()


def predict(net: TriggerNet, photos: list[Pixels]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """(N, 6) predicted gains of whole photos, looked at as the runtime does."""
    rows = []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for pixels in photos:
            rows.append(net(to_tensor([mosaic(pixels, VIEW)]))[0].float().numpy())
    return np.stack(rows)


def choose_threshold(scores: np.ndarray, clean: np.ndarray) -> float:
    """The lowest score, at least 0.1, that leaves PRECISION_ON_CLEAN of the clean photos alone."""
    return round(max(0.1, float(np.quantile(scores[clean], PRECISION_ON_CLEAN))), 3)


def precise_threshold(scores: np.ndarray, gains: np.ndarray, precision: float) -> float:
    """The lowest score, at least WORTH, with this share of gains from there on; else beyond them all."""
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(gains[order] >= WORTH) / np.arange(1, len(scores) + 1)
    good = np.flatnonzero((right >= precision) & (scores[order] >= WORTH))
    return round(float(scores[order][good[-1]]) if len(good) else float(scores.max()) + WORTH, 3)


def train(
    config: Config, folder: Path, enhancers: Enhancers, imagenet: Path | None, run: Path, resume: bool = False
) -> checkpoint.Trained:
    """Label, train, and measure on held-out photos, half of them clean."""
    torch.manual_seed(config.seed)
    train_set, held_out = labelled(folder, enhancers, config)
    truth = np.stack([x.gains for x in held_out])
    clean = np.array([x.degradation.is_clean for x in held_out])

    def evaluate(net: TriggerNet) -> dict[str, float]:
        guess = predict(net, [x.pixels for x in held_out])
        ranks = {
            f"spearman_{n}": float(spearmanr(truth[:, i], guess[:, i])[0]) for i, n in enumerate(OUTPUTS)
        }
        threshold = choose_threshold(guess[:, 0], clean)
        recommended = guess[:, 0] >= threshold
        per_factor = {
            f"threshold_{n}": precise_threshold(guess[:, i], truth[:, i], config.precision)
            for i, n in enumerate(OUTPUTS)
            if i > 0
        }
        return {name: round(value, 3) for name, value in ranks.items()} | {
            **per_factor,
            "threshold": threshold,
            "clean_left_alone": round(float(np.mean(~recommended[clean])), 3),
            "degraded_recommended": round(float(np.mean(recommended[~clean])), 3),
        }

    net = TriggerNet(config.network)
    if imagenet is not None:
        net.load_imagenet(imagenet)
    average, progress = loop.fit(
        net, batches(train_set, config), trigger_loss, config.loop, run, resume, evaluate
    )
    measured = evaluate(average)
    provenance = {
        **asdict(config),
        "view": asdict(VIEW),
        "enhancers": enhancers.ids(),
        "warm_start": imagenet.stem if imagenet else None,
    }
    files = data.training_photos(folder)
    return checkpoint.Trained(
        average, provenance, asdict(config.network), config.seed, files, progress, measured
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder with restore, blur and sr-x2")
    parser.add_argument("--imagenet", type=Path, help="MobileNetV2 weights to start from (.npz)")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--labels", type=int, default=Config.labels)
    parser.add_argument("--steps", type=int, default=6_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    enhancers = Enhancers(
        *(args.checkpoints / f"{name}.safetensors" for name in ("restore", "blur", "sr-x2"))
    )
    schedule = loop.LoopConfig(
        steps=args.steps, minutes=args.minutes, learning_rate=args.learning_rate, evaluate_every=500
    )
    config = Config(labels=args.labels, loop=schedule)
    run = Path("runs") / args.out.stem
    trained = train(config, args.data, enhancers, args.imagenet, run, args.resume)
    checkpoint.save(trained, "trigger", args.out)


if __name__ == "__main__":
    main()
