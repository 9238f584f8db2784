"""Fine-tune a super-resolution network for crispness: gradients, SqueezeNet's features, and a discriminator.

    python -m nitido_train.recipes.sr_sharp --data PHOTOS --start training/checkpoints/sr-x4.safetensors \\
        --squeezenet squeezenet.npz --out training/checkpoints/sr-x4-sharp.safetensors

It gives up PSNR for that: the network draws texture that is likely instead of the mean of all that may be.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from nitido_train import checkpoint, data, loop
from nitido_train.loss_options import add_weights, weights_of
from nitido_train.losses import LossWeights, ReconstructionLoss
from nitido_train.nets.discriminator import PatchJudge, judge_loss, persuasion_loss
from nitido_train.nets.squeezenet import FeatureDistance, load
from nitido_train.nets.sr import SrNet, parameter_count
from nitido_train.upscaling import (
    Pair,
    enlarged,
    load_photos,
    mean_psnr_y,
    open_upscaler,
    pairs,
    upscale,
    validation,
)

LOSS = LossWeights(alpha=1000.0, beta=1.0, decibel=0.0)


@dataclass(frozen=True)
class Config:
    """What to fine-tune with; the size of the network is that of the checkpoint it starts from."""

    loss: LossWeights = LOSS
    features: float = 0.1
    """Weight of the distance of SqueezeNet's features."""
    adversarial: float = 0.02
    """Weight of being taken for real by the discriminator."""
    patch: int = 48
    batch: int = 8
    seed: int = 0
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


class Duel(nn.Module):
    """An upscaler and its judge, trained by one loop: what one of them learns from leaves the other alone."""

    def __init__(self, upscaler: SrNet) -> None:
        super().__init__()
        self.upscaler = upscaler
        self.judge = PatchJudge()


def train(
    config: Config, folder: Path, start: Path, squeezenet: Path, run: Path, resume: bool = False
) -> checkpoint.Trained:
    """Fine-tune the network of ``start`` and measure on held-out photos; the judge is thrown away."""
    torch.manual_seed(config.seed)
    files = data.training_photos(folder)
    net = open_upscaler(start).train().requires_grad_(True)
    scale = net.config.scale
    reconstruction, distance = ReconstructionLoss(config.loss), FeatureDistance(load(squeezenet))

    def loss(duel: Duel, pair: Pair) -> Tensor:
        low, high = pair
        output = enlarged(duel.upscaler, low)
        total: Tensor = reconstruction(output, high) + config.features * distance(output, high)
        persuasion = persuasion_loss(duel.judge, high, output)
        return total + config.adversarial * persuasion + judge_loss(duel.judge, high, output)

    held_out = validation(data.held_out_photos(folder)[:8], scale)

    def evaluate(duel: Duel) -> dict[str, float]:
        apart = [distance.of_pixels(upscale(duel.upscaler, low), high) for low, high in held_out]
        return {
            "held_out_psnr_y": round(mean_psnr_y(duel.upscaler, held_out, scale), 3),
            "held_out_feature_distance": round(float(np.mean(apart)), 4),
        }

    batches = pairs(load_photos(files), scale, config.patch, config.batch, config.seed)
    average, progress = loop.fit(Duel(net), batches, loss, config.loop, run, resume, evaluate)
    progress.commands.insert(0, checkpoint.load_provenance(start).command)
    final = average.upscaler
    measured = {**evaluate(average), "parameters": float(parameter_count(final))}
    history = {**asdict(config), "start": checkpoint.identity(start)}
    return checkpoint.Trained(final, history, asdict(final.config), config.seed, files, progress, measured)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--start", type=Path, required=True, help="SR checkpoint to fine-tune")
    parser.add_argument("--squeezenet", type=Path, required=True, help="SqueezeNet 1.0 weights (.npz)")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    add_weights(parser, LOSS)
    parser.add_argument("--features", type=float, default=Config.features, help="weight of the features")
    parser.add_argument(
        "--adversarial", type=float, default=Config.adversarial, help="weight of the discriminator's verdict"
    )
    parser.add_argument("--batch", type=int, default=Config.batch, help="crops a step")
    parser.add_argument("--patch", type=int, default=Config.patch, help="side of small crops")
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    config = Config(
        loss=weights_of(args),
        features=args.features,
        adversarial=args.adversarial,
        batch=args.batch,
        patch=args.patch,
        loop=loop.LoopConfig(steps=args.steps, minutes=args.minutes, learning_rate=args.learning_rate),
    )
    run = Path("runs") / args.out.stem
    trained = train(config, args.data, args.start, args.squeezenet, run, args.resume)
    checkpoint.save(trained, "sr_sharp", args.out, half=True)


if __name__ == "__main__":
    main()
