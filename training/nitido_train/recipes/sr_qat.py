"""Fine-tune a super-resolution network in the arithmetic of its 8-bit builds, which lose less then.

python -m nitido_train.recipes.sr_qat --data PHOTOS --start sr-x2.safetensors --minutes 10 --out q.safetensors
"""

from __future__ import annotations

import argparse
import copy
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from nitido_train import checkpoint, data, loop
from nitido_train.losses import LossWeights, ReconstructionLoss
from nitido_train.nets.sr import parameter_count
from nitido_train.quantise import QuantisedSr, observed_ranges
from nitido_train.tensors import to_tensor
from nitido_train.upscaling import Pair, load_photos, mean_psnr_y, open_upscaler, pairs, validation


@dataclass(frozen=True)
class Config:
    """How to fine-tune; the network is that of the checkpoint to start from."""

    loss: LossWeights = field(default_factory=LossWeights)
    """The command line takes what the checkpoint was trained with."""
    observed: int = 64
    """Training photos, made small, on which ranges are first seen."""
    shrunk: bool = False
    """Train on smaller versions of the photos too."""
    patch: int = 48
    batch: int = 8
    seed: int = 0
    loop: loop.LoopConfig = field(
        default_factory=lambda: loop.LoopConfig(learning_rate=1e-4, warmup=100, bf16=False)
    )


def train(config: Config, folder: Path, run: Path, start: Path, resume: bool = False) -> checkpoint.Trained:
    """Fine-tune the network of ``start`` and measure both it and its 8-bit arithmetic on held-out photos."""
    torch.manual_seed(config.seed)
    files = data.training_photos(folder)
    net = copy.deepcopy(open_upscaler(start)).requires_grad_(True)
    scale = net.config.scale
    photos = load_photos(files, config.shrunk)
    seen = [to_tensor([small]) for small, _ in validation(files[: config.observed], scale)]
    quantised = QuantisedSr(net, observed_ranges(net, seen))
    reconstruction = ReconstructionLoss(config.loss)

    def loss(quantised: QuantisedSr, pair: Pair) -> Tensor:
        low, high = pair
        total: Tensor = reconstruction(quantised(low), high)
        return total

    held_out = validation(data.held_out_photos(folder)[:8], scale)

    def evaluate(quantised: QuantisedSr) -> dict[str, float]:
        return {
            "held_out_psnr_y": round(mean_psnr_y(quantised.net, held_out, scale), 3),
            "held_out_psnr_y_w8a8": round(mean_psnr_y(quantised, held_out, scale), 3),
        }

    batches = pairs(photos, scale, config.patch, config.batch, config.seed)
    before = evaluate(quantised)["held_out_psnr_y_w8a8"]
    average, progress = loop.fit(quantised, batches, loss, config.loop, run, resume, evaluate)
    progress.commands.insert(0, checkpoint.load_provenance(start).command)
    measured = {
        **evaluate(average),
        "held_out_psnr_y_w8a8_before": before,
        "parameters": float(parameter_count(average.net)),
    }
    return checkpoint.Trained(
        average.net,
        {**asdict(config), "start": checkpoint.identity(start)},
        asdict(net.config),
        config.seed,
        files,
        progress,
        measured,
        average.limits(),
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--start", type=Path, required=True, help="SR checkpoint to fine-tune")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--shrunk", action="store_true", help="train on smaller versions of the photos too")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    schedule = loop.LoopConfig(
        steps=args.steps, minutes=args.minutes, learning_rate=args.learning_rate, warmup=100, bf16=False
    )
    own = checkpoint.load_provenance(args.start).config.get("loss", {})
    config = Config(loss=LossWeights(**own), shrunk=args.shrunk, loop=schedule)
    run = Path("runs") / f"{args.out.stem}-w8a8"
    trained = train(config, args.data, run, args.start, args.resume)
    checkpoint.save(trained, "sr_qat", args.out)


if __name__ == "__main__":
    main()
