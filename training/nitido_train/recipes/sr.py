"""Train one super-resolution network (x2, x3 or x4) on photos shrunk by MATLAB's bicubic.

python -m nitido_train.recipes.sr --data PHOTOS --scale 2 --out training/checkpoints/sr-x2.safetensors
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from nitido_train import checkpoint, data, device, loop, resident
from nitido_train.loss_options import add_weights, weights_of
from nitido_train.losses import LossWeights, ReconstructionLoss
from nitido_train.nets.reparam import branch, collapse
from nitido_train.nets.sr import TIERS, SrConfig, SrNet, grow, parameter_count
from nitido_train.upscaling import (
    Pair,
    enlarged,
    load_photos,
    mean_psnr_y,
    open_upscaler,
    pairs,
    validation,
)


@dataclass(frozen=True)
class Config:
    """What to train, and with what help: ``branches``, ``distil`` and ``shrunk`` cost nothing afterwards."""

    network: SrConfig = TIERS[2, "base"]
    loss: LossWeights = field(default_factory=LossWeights)
    branches: bool = False
    """Train each convolution between features as a sum of several, see ``nets.reparam``."""
    distil: float = 0.0
    """Weight of the mean absolute distance to a teacher's result."""
    shrunk: bool = False
    """Train on smaller versions of the photos too."""
    choices: int = 8
    """Crops to draw for each one taken, that with most detail."""
    patch: int = 48
    batch: int = 8
    seed: int = 0
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


def train(
    config: Config,
    folder: Path,
    run: Path,
    warm_start: Path | None = None,
    teacher: Path | None = None,
    resume: bool = False,
) -> checkpoint.Trained:
    """Train and measure on held-out photos; ``warm_start`` is a network, no larger, to grow from.

    ``teacher`` is the checkpoint of a larger network. Raises ValueError when that enlarges by another factor,
    or when the first is larger.
    """
    torch.manual_seed(config.seed)
    scale = config.network.scale
    files = data.training_photos(folder)
    net = SrNet(config.network)
    if warm_start is not None:
        grow(net, open_upscaler(warm_start))
    if config.branches:
        branch(net)
    tutor = open_upscaler(teacher, scale).to(device.chosen()) if teacher is not None else None
    reconstruction = ReconstructionLoss(config.loss)

    def loss(net: SrNet, pair: Pair) -> Tensor:
        low, high = pair
        output = enlarged(net, low)
        total: Tensor = reconstruction(output, high)
        if tutor is not None:
            with torch.no_grad():
                taught = enlarged(tutor, low)
            total = total + config.distil * F.l1_loss(output, taught)
        return total

    held_out = validation(data.held_out_photos(folder)[:8], scale)

    def evaluate(net: SrNet) -> dict[str, float]:
        return {"held_out_psnr_y": round(mean_psnr_y(net, held_out, scale), 3)}

    batches = batches_of(files, config)
    average, progress = loop.fit(net, batches, loss, config.loop, run, resume, evaluate, accelerated=True)
    if warm_start is not None:
        progress.commands.insert(0, checkpoint.load_provenance(warm_start).command)
    final = collapse(average)
    measured = {**evaluate(final), "parameters": float(parameter_count(final))}
    history = {**asdict(config), "teacher": checkpoint.identity(teacher) if teacher is not None else None}
    return checkpoint.Trained(final, history, asdict(config.network), config.seed, files, progress, measured)


def batches_of(files: list[Path], config: Config) -> Iterator[Pair]:
    """Endless batches to train on, cut where the training runs."""
    scale, where = config.network.scale, device.chosen()
    if where.type == "cuda":
        photos = data.load_all(files)
        return resident.pairs(
            photos, scale, config.patch, config.batch, where, config.seed, config.choices, config.shrunk
        )
    photos = load_photos(files, config.shrunk)
    return pairs(photos, scale, config.patch, config.batch, config.seed, config.choices)


def network_for(scale: int, tier: str | None, warm_start: Path | None) -> SrConfig:
    """The size of a tier, else of the network to start from, else of tier base."""
    if tier is None and warm_start is not None:
        return replace(SrConfig(**checkpoint.load_provenance(warm_start).network), scale=scale)
    return TIERS[scale, tier or "base"]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--scale", type=int, choices=(2, 3, 4), default=2)
    parser.add_argument(
        "--tier",
        choices=("fast", "base", "quality"),
        help="size of the network (default: that of --warm-start, else base)",
    )
    parser.add_argument("--steps", type=int, default=150_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--muon", type=float, default=0.01, help="Muon's learning rate; 0 for AdamW alone")
    add_weights(parser, LossWeights())
    parser.add_argument("--branches", action="store_true", help="train convolutions as sums of several")
    parser.add_argument("--shrunk", action="store_true", help="train on smaller versions of the photos too")
    parser.add_argument(
        "--choices", type=int, default=Config.choices, help="crops to draw for each one, of most detail"
    )
    parser.add_argument("--batch", type=int, default=Config.batch, help="crops a step")
    parser.add_argument("--patch", type=int, default=Config.patch, help="side of small crops")
    parser.add_argument("--teacher", type=Path, help="SR checkpoint whose results to come close to as well")
    parser.add_argument("--distil", type=float, default=1.0, help="weight of the distance to the teacher")
    parser.add_argument("--full-precision", action="store_true", help="float32 throughout: slower")
    parser.add_argument("--warm-start", type=Path, help="SR checkpoint, no larger, to grow from")
    parser.add_argument("--evaluate-every", type=int, default=5_000, help="steps between figures in the log")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    schedule = loop.LoopConfig(
        steps=args.steps,
        minutes=args.minutes,
        learning_rate=args.learning_rate,
        muon_learning_rate=args.muon,
        evaluate_every=args.evaluate_every,
        bf16=not args.full_precision,
    )
    config = Config(
        network=network_for(args.scale, args.tier, args.warm_start),
        loss=weights_of(args),
        branches=args.branches,
        distil=args.distil if args.teacher is not None else 0.0,
        shrunk=args.shrunk,
        choices=args.choices,
        batch=args.batch,
        patch=args.patch,
        loop=schedule,
    )
    run = Path("runs") / args.out.stem
    trained = train(config, args.data, run, args.warm_start, args.teacher, args.resume)
    checkpoint.save(trained, "sr", args.out, half=True)


if __name__ == "__main__":
    main()
