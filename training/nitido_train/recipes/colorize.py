"""Train the colorization network on colour photos that are shown as greyscale.

    python -m nitido_train.recipes.colorize --data PHOTOS --imagenet mobilenetv2.npz \\
        --out training/checkpoints/colorize.safetensors
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nitido.bundle.manifest import Build, ColorizeTask, TensorSpec
from nitido.chroma import fitted, is_grey
from nitido.colorizer import Colorizer
from nitido.photo.model import LUMA, Pixels
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors
from nitido_train import checkpoint, data, loop
from nitido_train.colour_views import Pair, cells, pairs, small
from nitido_train.metrics import colourfulness, psnr_chroma
from nitido_train.nets.colorize import BINS, BLOCK, ColorizeConfig, ColorizeNet, load_imagenet, soft_bins


@dataclass(frozen=True)
class Config:
    """What to train."""

    network: ColorizeConfig = field(default_factory=ColorizeConfig)
    side: int = 256
    """Of the luma that the network sees, in training and on the device; a multiple of 32."""
    rare: float = 0.5
    """How far rare colours are weighed up: 0 not at all, near 1 until all count alike (Zhang et al. 2016).
    Most of any photo is nearly grey, and a network that answers grey would be right."""
    batch: int = 12
    seed: int = 5
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


def bin_weights(photos: list[Pixels], rare: float) -> Tensor:
    """(BINS,) weights that are 1 on average over the cells of these photos, larger for rarer colours."""
    share = torch.zeros(BINS)
    for photo in photos:
        height, width = (length // BLOCK * BLOCK for length in photo.shape[:2])
        chroma = torch.from_numpy(cells(photo[:height, :width])).permute(2, 0, 1)[None]
        share += soft_bins(chroma).mean((0, 2, 3)) / len(photos)
    weights = 1 / (rare * share + (1 - rare) / BINS)
    return weights / (weights * share).sum()


def colour_loss(net: ColorizeNet, pair: Pair, weights: Tensor) -> Tensor:
    """Cross-entropy to the bins around the true colours, each cell weighed by how rare its colour is."""
    luma, chroma = pair
    logits = net.logits(luma).float()
    with torch.autocast(luma.device.type, enabled=False):
        target = soft_bins(chroma)
        entropy = -(target * F.log_softmax(logits, dim=1)).sum(1)
        return (entropy * torch.einsum("nbhw,b->nhw", target, weights)).mean()


def colorizer(net: ColorizeNet, side: int, unsure: float) -> Colorizer:
    """The network behind the sdk's own code, as on a device."""
    grid = side // BLOCK
    specs = [("luma", 1, side), ("chroma", 2, grid), ("variance", 1, grid)]
    luma, *outputs = (TensorSpec(name, (1, channels, size, size)) for name, channels, size in specs)
    build = Build("main", "torch-fp32", "", "", 0, (luma,), tuple(outputs), {})

    def run(inputs: Tensors) -> Tensors:
        with torch.inference_mode():
            found = net(torch.from_numpy(inputs["luma"]))
        return {spec.name: tensor.numpy() for spec, tensor in zip(outputs, found, strict=True)}

    return Colorizer(FunctionSession(run, build), ColorizeTask(side, unsure))


def measured(net: ColorizeNet, photos: list[Pixels], side: int) -> dict[str, float]:
    """PSNR of chroma and colourfulness on whole photos, and the median deviation of the guesses."""
    deviations = []
    for photo in photos:
        luma = fitted(photo, side)[0].astype(np.float32) @ (LUMA / 255)
        with torch.inference_mode():
            deviations.append(net(torch.from_numpy(luma)[None, None])[1].clamp(min=0).sqrt().median())
    unsure = max(float(np.median(deviations)), 1e-3)
    colorize = colorizer(net, side, unsure)
    results = [colorize(photo, force=True) for photo in photos]
    greys = [colorize(photo, 0.0, force=True) for photo in photos]
    chroma, grey = (
        float(np.mean([psnr_chroma(result, photo) for result, photo in zip(made, photos, strict=True)]))
        for made in (results, greys)
    )
    colours, true_colours = (np.mean([colourfulness(photo) for photo in some]) for some in (results, photos))
    return {
        "unsure": round(unsure, 4),
        "held_out_psnr_chroma": round(chroma, 3),
        "held_out_psnr_chroma_of_grey": round(grey, 3),
        "held_out_colourfulness_share": round(float(colours / true_colours), 3),
    }


def in_colour(files: list[Path], side: int) -> tuple[list[Path], list[Pixels]]:
    """Those of the photos that have colours, decoded and made small."""
    found = zip(files, data.load_all(files), strict=True)
    kept = [(file, small(photo, side)) for file, photo in found if not is_grey(photo)]
    return [file for file, _ in kept], [photo for _, photo in kept]


def train(
    config: Config, folder: Path, imagenet: Path | None, run: Path, resume: bool = False
) -> checkpoint.Trained:
    """Train and measure on held-out photos; greyscale photos are left out of both."""
    torch.manual_seed(config.seed)
    files, photos = in_colour(data.training_photos(folder), config.side)
    _, held_out = in_colour(data.held_out_photos(folder), config.side)
    weights = bin_weights(photos, config.rare)
    net = ColorizeNet(config.network)
    if imagenet is not None:
        load_imagenet(net, imagenet)

    def loss(net: ColorizeNet, pair: Pair) -> Tensor:
        return colour_loss(net, pair, weights)

    def evaluate(net: ColorizeNet) -> dict[str, float]:
        return measured(net, held_out, config.side)

    source = pairs(photos, config.side, config.batch, config.seed)
    average, progress = loop.fit(net, source, loss, config.loop, run, resume, evaluate)
    provenance = {**asdict(config), "warm_start": imagenet.stem if imagenet else None}
    figures = evaluate(average)
    return checkpoint.Trained(
        average, provenance, asdict(config.network), config.seed, files, progress, figures
    )


def main() -> None:
    """Command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--data", type=Path, required=True, help="folder of colour photos")
    parser.add_argument("--imagenet", type=Path, help="MobileNetV2 weights to start from (.npz)")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--rare", type=float, default=Config.rare, help="how far to weigh rare colours up")
    parser.add_argument("--temperature", type=float, default=ColorizeConfig.temperature)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--batch", type=int, default=Config.batch)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    # AdamW alone: Muon would turn the ImageNet weights over within a few hundred steps.
    schedule = loop.LoopConfig(
        steps=args.steps, minutes=args.minutes, learning_rate=args.learning_rate, evaluate_every=1_000
    )
    network = ColorizeConfig(temperature=args.temperature)
    config = Config(network, rare=args.rare, batch=args.batch, loop=schedule)
    trained = train(config, args.data, args.imagenet, Path("runs") / args.out.stem, args.resume)
    checkpoint.save(trained, "colorize", args.out, half=True)


if __name__ == "__main__":
    main()
