"""Train the face network (x8) on crops of faces, which ``nitido_train.face_crops`` collects.

python -m nitido_train.recipes.face --data crops --out training/checkpoints/face-x8.safetensors
python -m nitido_train.recipes.face --data crops --alpha 0 --out runs/face-x8-plain.safetensors
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nitido.faces.blend import MARGIN
from nitido_train import checkpoint, data, loop
from nitido_train.errors import TrainingDataError
from nitido_train.face_crops import HELD_OUT, TRAIN
from nitido_train.loss_options import add_weights, weights_of
from nitido_train.losses import LossWeights, ReconstructionLoss
from nitido_train.metrics import gradient_error, psnr_y
from nitido_train.nets.face import SCALE, FaceConfig, FaceNet
from nitido_train.nets.sr import parameter_count
from nitido_train.resample import bicubic_downscale, bicubic_resize
from nitido_train.tensors import to_tensor
from nitido_train.upscaling import Pair, PhotoPair, upscale

FACE = 12
"""Side in pixels of the small faces that are measured on."""
TILT = 10.0
"""Degrees by which ``varied`` turns a face."""
LOSS = LossWeights(alpha=100.0, beta=1.0, decibel=0.0)
"""Faces are looked at, not measured: gradients count, and no squared error that averages what is unsure."""


@dataclass(frozen=True)
class Config:
    """What to train: crops of ``patch`` small pixels a side, in which faces have up to ``largest`` a side."""

    network: FaceConfig = field(default_factory=FaceConfig)
    loss: LossWeights = LOSS
    patch: int = 16
    largest: float = 32.0
    varied: bool = True
    """Tilt, tint and light the crops at random: faces of clear licence are few, see ``varied``."""
    batch: int = 16
    seed: int = 0
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


def pairs(crops: Sequence[data.Pixels], config: Config) -> Iterator[Pair]:
    """Endless batches of (small, large), faces of random size at a random place, half of them mirrored."""
    rng = np.random.default_rng(config.seed)
    size = config.patch * SCALE
    large = [crop for crop in crops if crop.shape[0] >= size]
    if not large:
        raise TrainingDataError(
            f"expected crops of at least {size} pixels a side, got {len(crops)} smaller ones; "
            f"collect larger faces (face_crops --smallest {size / MARGIN:.0f})"
        )
    while True:
        highs = []
        for index in rng.integers(0, len(large), config.batch):
            crop = large[int(index)]
            longest = min(crop.shape[0], MARGIN * config.largest * SCALE)
            side = round(float(np.exp(rng.uniform(np.log(size), np.log(max(size, longest))))))
            top, left = (int(v) for v in rng.integers(0, side - size + 1, 2))
            resized = np.asarray(Image.fromarray(crop).resize((side, side), Image.Resampling.BICUBIC))
            if config.varied:
                resized = varied(resized, rng)
            high = resized[top : top + size, left : left + size]
            highs.append(high[:, ::-1] if rng.random() < 0.5 else high)
        yield to_tensor([bicubic_downscale(high, SCALE) for high in highs]), to_tensor(highs)


def varied(crop: data.Pixels, rng: np.random.Generator) -> data.Pixels:
    """The face by another light, through another camera's colours, its head tilted; of the same size.

    Half of all are as they came. Corners that a tilt leaves empty are filled with the crop's mirror image.
    """
    if rng.random() < 0.5:
        return crop
    side = crop.shape[0]
    border = side // 4  # the corners of a square tilted by ten degrees lie a tenth of its side outside
    framed = Image.fromarray(np.pad(crop, ((border, border), (border, border), (0, 0)), "reflect"))
    tilted = framed.rotate(rng.uniform(-TILT, TILT), Image.Resampling.BILINEAR)
    upright = tilted.crop((border, border, border + side, border + side))
    gains, power = rng.uniform(0.85, 1.1, (3, 1)), rng.uniform(0.7, 1.4)
    levels = 255 * (np.linspace(0, 1, 256) ** power * gains).clip(0, 1)
    return np.asarray(upright.point(np.rint(levels).astype(int).ravel().tolist()))


def validation(crops: Sequence[data.Pixels]) -> list[PhotoPair]:
    """(small, large) squares around faces of 12 and of 96 pixels."""
    side = round(MARGIN * FACE) * SCALE
    large = [bicubic_resize(crop, side, side) for crop in crops]
    return [(bicubic_downscale(crop, SCALE), crop) for crop in large]


def measure(net: FaceNet, pairs: Sequence[PhotoPair]) -> dict[str, float]:
    """PSNR on luma and error of gradient magnitudes, averaged; 8 pixels along the edge are left out."""
    results = [(upscale(net, low), high) for low, high in pairs]
    return {
        "held_out_psnr_y": round(float(np.mean([psnr_y(a, b, SCALE) for a, b in results])), 3),
        "held_out_gradient_error": round(
            float(np.mean([gradient_error(a, b, SCALE) for a, b in results])), 3
        ),
    }


def train(config: Config, folder: Path, run: Path, resume: bool = False) -> checkpoint.Trained:
    """Train on ``folder/train`` and measure on ``folder/held-out``. Raises TrainingDataError."""
    torch.manual_seed(config.seed)
    files = data.list_photos(folder / TRAIN)
    held_out = validation(data.load_all(data.list_photos(folder / HELD_OUT)[:64]))
    reconstruction = ReconstructionLoss(config.loss)

    def loss(net: FaceNet, pair: Pair) -> Tensor:
        low, high = pair
        total: Tensor = reconstruction(net(low), high)
        return total

    def evaluate(net: FaceNet) -> dict[str, float]:
        return measure(net, held_out)

    batches = pairs(data.load_all(files), config)
    net, progress = loop.fit(
        FaceNet(config.network), batches, loss, config.loop, run, resume, evaluate, accelerated=True
    )
    measured = {**evaluate(net), "parameters": float(parameter_count(net))}
    return checkpoint.Trained(
        net, asdict(config), asdict(config.network), config.seed, files, progress, measured
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that face_crops wrote")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--muon", type=float, default=0.01, help="Muon's learning rate; 0 for AdamW alone")
    add_weights(parser, LOSS)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    schedule = loop.LoopConfig(
        steps=args.steps,
        minutes=args.minutes,
        learning_rate=args.learning_rate,
        muon_learning_rate=args.muon,
    )
    config = Config(loss=weights_of(args), loop=schedule)
    trained = train(config, args.data, Path("runs") / args.out.stem, args.resume)
    checkpoint.save(trained, "face", args.out, half=True)


if __name__ == "__main__":
    main()
