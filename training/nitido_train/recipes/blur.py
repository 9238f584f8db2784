"""Train the blur estimator on spectra of degraded photos.

python -m nitido_train.recipes.blur --data PHOTOS --out training/checkpoints/blur.safetensors
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nitido.blur import Blur, decode, spectrum
from nitido_train import checkpoint, data, loop
from nitido_train.degrade import Degradation, degrade, random_blur, random_degradation
from nitido_train.nets.blur import SPACE, BlurConfig, BlurNet, soft_target


@dataclass(frozen=True)
class Config:
    """What to train: ``samples`` degraded crops are made once and shown again and again."""

    hidden: int = 128
    samples: int = 16_000
    crop: int = 320
    batch: int = 128
    input_noise: float = 0.1
    seed: int = 1
    loop: loop.LoopConfig = field(
        default_factory=lambda: loop.LoopConfig(steps=6_000, evaluate_every=1_000, bf16=False)
    )


def draw(rng: np.random.Generator) -> Degradation:
    """A degradation for this recipe: blurred three times out of four, mildly degraded otherwise."""
    other = random_degradation(rng)
    if rng.random() < 0.25:
        return replace(other, blur=Blur("sharp"))
    mild = replace(other, blur=random_blur(rng), read_noise=min(other.read_noise, float(rng.uniform(0, 6))))
    mild = replace(mild, shot_noise=min(mild.shot_noise, 0.1), saturation=None)
    return mild if rng.random() < 0.5 else Degradation(blur=mild.blur)


def samples(photos: list[data.Pixels], config: Config) -> tuple[Tensor, Tensor, list[Blur]]:
    """(spectra, soft targets, true blurs) of ``config.samples`` random crops."""
    rng = np.random.default_rng(config.seed)
    places = data.crops(photos, config.crop, rng)
    spectra, targets, blurs = [], [], []
    for _ in range(config.samples):
        index, top, left = next(places)
        crop = photos[index][top : top + config.crop, left : left + config.crop]
        degradation = draw(rng)
        pixels = degrade(data.random_symmetry(crop, int(rng.integers(8))), degradation, rng).pixels
        spectra.append(spectrum(pixels, SPACE.window).ravel())
        targets.append(soft_target(degradation.blur))
        blurs.append(degradation.blur)
    return torch.from_numpy(np.stack(spectra)), torch.stack(targets), blurs


def family_accuracy(net: BlurNet, spectra: Tensor, blurs: list[Blur]) -> float:
    """Share of the samples whose blur family is recognised."""
    with torch.inference_mode():
        probabilities = net(spectra).numpy()
    found = [decode(p, SPACE)[0].family == blur.family for p, blur in zip(probabilities, blurs, strict=True)]
    return float(np.mean(found))


def train(config: Config, folder: Path, run: Path, resume: bool = False) -> checkpoint.Trained:
    """Train and measure on held-out photos."""
    torch.manual_seed(config.seed)
    files = data.training_photos(folder)
    spectra, targets, _ = samples(data.load_all(files), config)
    unseen = replace(config, samples=max(16, config.samples // 40), seed=config.seed + 1)
    held_out_spectra, _, held_out_blurs = samples(data.load_all(data.held_out_photos(folder)), unseen)

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(config.seed)
        while True:
            chosen = torch.randint(len(spectra), (config.batch,), generator=generator)
            noise = torch.randn((config.batch, spectra.shape[1]), generator=generator)
            yield spectra[chosen] + config.input_noise * noise, targets[chosen]

    def loss(net: BlurNet, batch: tuple[Tensor, Tensor]) -> Tensor:
        return F.cross_entropy(net.logits(batch[0]), batch[1])

    def evaluate(net: BlurNet) -> dict[str, float]:
        return {"held_out_family_accuracy": round(family_accuracy(net, held_out_spectra, held_out_blurs), 3)}

    net, progress = loop.fit(
        BlurNet(BlurConfig(config.hidden)), batches(), loss, config.loop, run, resume, evaluate
    )
    return checkpoint.Trained(
        net, asdict(config), {"hidden": config.hidden}, config.seed, files, progress, evaluate(net)
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--samples", type=int, default=Config.samples)
    parser.add_argument("--steps", type=int, default=6_000)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    schedule = loop.LoopConfig(steps=args.steps, evaluate_every=1_000, bf16=False)
    config = Config(samples=args.samples, loop=schedule)
    trained = train(config, args.data, Path("runs") / args.out.stem, args.resume)
    checkpoint.save(trained, "blur", args.out)


if __name__ == "__main__":
    main()
