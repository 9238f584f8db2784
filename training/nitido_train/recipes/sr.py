"""Train one super-resolution network (x2, x3 or x4) on photos shrunk by MATLAB's bicubic.

python -m nitido_train.recipes.sr --data PHOTOS --scale 2 --out training/checkpoints/sr-x2.safetensors
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nitido_train import checkpoint, data, loop
from nitido_train.losses import GradientLoss, to_luma
from nitido_train.metrics import psnr_y
from nitido_train.nets.sr import SrConfig, SrNet, parameter_count
from nitido_train.resample import bicubic_downscale, bicubic_resize, crop_to_multiple
from nitido_train.tensors import to_pixels, to_tensor

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Config:
    """What to train; ``alpha`` weighs the gradient (G1), ``beta`` the pixels and ``luma`` their luma.

    PSNR is measured on luma, and eyes see detail there: its term spends a small network's capacity on it.
    """

    scale: int = 2
    width: int = 32
    depth: int = 6
    alpha: float = 1.0
    beta: float = 1.0
    luma: float = 1.0
    sigma: float = 1.0
    bf16: bool = True
    """Between features only: image and result, rounded to 8 bits, would be off by up to a grey level, which
    cost 0.04 dB."""
    shrunk: bool = False
    """Train on the photos at 3/4 and 1/2 of their size too, where detail is denser."""
    patch: int = 48
    batch: int = 8
    seed: int = 0
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


def load_photos(files: list[Path], shrunk: bool) -> list[data.Pixels]:
    """Photos to train on."""
    photos = data.load_all(files)
    shares = (1.0, 0.75, 0.5) if shrunk else (1.0,)
    return [
        bicubic_resize(photo, round(share * photo.shape[0]), round(share * photo.shape[1]))
        if share < 1
        else photo
        for photo in photos
        for share in shares
    ]


def pairs(photos: list[data.Pixels], config: Config) -> Iterator[Pair]:
    """Endless batches of (small, large) float tensors in [0, 1], the small ones ``patch`` pixels a side."""
    large = [crop_to_multiple(photo, config.scale) for photo in photos]
    small = [bicubic_downscale(photo, config.scale) for photo in large]
    rng = np.random.default_rng(config.seed)
    places = data.crops(small, config.patch, rng)
    size, scale = config.patch, config.scale
    while True:
        lows, highs = [], []
        for index, top, left in (next(places) for _ in range(config.batch)):
            code = int(rng.integers(8))
            low = small[index][top : top + size, left : left + size]
            high = large[index][top * scale : (top + size) * scale, left * scale : (left + size) * scale]
            lows.append(data.random_symmetry(low, code))
            highs.append(data.random_symmetry(high, code))
        yield to_tensor(lows), to_tensor(highs)


def upscale(net: nn.Module, image: data.Pixels) -> data.Pixels:
    """Run the network on a whole uint8 image."""
    with torch.inference_mode():
        return to_pixels(net(to_tensor([image]))[0])


def validation(files: list[Path], scale: int) -> list[tuple[data.Pixels, data.Pixels]]:
    """Whole (small, large) photos to measure on."""
    large = [crop_to_multiple(photo, scale) for photo in data.load_all(files)]
    return [(bicubic_downscale(photo, scale), photo) for photo in large]


def train(
    config: Config, folder: Path, run: Path, warm_start: Path | None = None, resume: bool = False
) -> checkpoint.Trained:
    """Train and measure on held-out photos; ``warm_start`` gives matching layers."""
    torch.manual_seed(config.seed)
    files = data.training_photos(folder)
    net = SrNet(SrConfig(config.scale, config.width, config.depth))
    if warm_start is not None:
        checkpoint.load_matching(net, warm_start)
    gradient = GradientLoss(config.sigma)

    def loss(net: SrNet, pair: Pair) -> Tensor:
        low, high = pair
        described = net.describe(low)
        with torch.autocast("cpu", torch.bfloat16, enabled=config.bf16):
            features = net.refine(described)
        output = net.enlarge(low, features.float())
        pixel, edges = F.l1_loss(output, high), gradient(output, high)
        luma = F.l1_loss(to_luma(output), to_luma(high))
        total: Tensor = config.beta * pixel + config.alpha * edges + config.luma * luma
        return total

    held_out = validation(data.held_out_photos(folder)[:8], config.scale)

    def evaluate(net: SrNet) -> dict[str, float]:
        scores = [psnr_y(upscale(net, low), high, config.scale) for low, high in held_out]
        return {"held_out_psnr_y": round(float(np.mean(scores)), 3)}

    net, progress = loop.fit(
        net, pairs(load_photos(files, config.shrunk), config), loss, config.loop, run, resume, evaluate
    )
    if warm_start is not None:
        progress.commands.insert(0, checkpoint.load_provenance(warm_start).command)
    measured = {**evaluate(net), "parameters": float(parameter_count(net))}
    return checkpoint.Trained(net, asdict(config), asdict(net.config), config.seed, files, progress, measured)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--scale", type=int, choices=(2, 3, 4), default=2)
    parser.add_argument("--depth", type=int, default=6)
    parser.add_argument("--steps", type=int, default=150_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--muon", type=float, default=0.01, help="Muon's learning rate; 0 for AdamW alone")
    parser.add_argument("--full-precision", action="store_true", help="float32 throughout: slower")
    parser.add_argument("--shrunk", action="store_true", help="on smaller versions of the photos too")
    parser.add_argument("--warm-start", type=Path, help="SR checkpoint whose matching layers to start from")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    schedule = loop.LoopConfig(
        steps=args.steps,
        minutes=args.minutes,
        learning_rate=args.learning_rate,
        muon_learning_rate=args.muon,
        bf16=False,  # here each loss decides what may be rounded
    )
    config = Config(
        scale=args.scale,
        depth=args.depth,
        bf16=not args.full_precision,
        shrunk=args.shrunk,
        loop=schedule,
    )
    run = Path("runs") / args.out.stem
    trained = train(config, args.data, run, args.warm_start, args.resume)
    checkpoint.save(trained, "sr", args.out)


if __name__ == "__main__":
    main()
