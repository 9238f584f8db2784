"""Train the restoration network on photos degraded on the fly.

    python -m nitido_train.recipes.restore --data PHOTOS --out training/checkpoints/restore.safetensors
    python -m nitido_train.recipes.restore --data PHOTOS --tier fast \\
        --out training/checkpoints/restore-fast.safetensors
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nitido.blur import Blur
from nitido.photo.model import LUMA, Pixels
from nitido_train import checkpoint, data, loop, workers
from nitido_train.closed_forms import deblocked, deconvolved
from nitido_train.degrade import FACTORS, Degraded, degrade, random_blur, random_degradation
from nitido_train.losses import to_luma
from nitido_train.metrics import psnr
from nitido_train.nets.restore import TIERS, RestoreConfig, RestoreNet
from nitido_train.tensors import to_pixels, to_tensor

Batch = tuple[Tensor, Tensor, Tensor, Tensor]
"""image, deblurred, deblocked, residuals (N, 12, H, W)."""


@dataclass(frozen=True)
class Example:
    """A degraded crop, and what the closed forms make of it; all of one size."""

    degraded: Degraded
    deblurred: Pixels
    deblocked: Pixels


@dataclass(frozen=True)
class Config:
    """What to train.

    Degrading costs as much as a step, so crops live in a pool: each step replaces ``fresh`` of its ``pool``
    crops and draws ``batch`` of them, each time in another of the eight symmetries.
    """

    network: RestoreConfig = field(default_factory=RestoreConfig)
    crop: int = 128
    margin: int = 24
    """Degraded beyond the crop, so that the crop's border is not the border of the blur."""
    batch: int = 16
    fresh: int = 2
    pool: int = 512
    grey: float = 0.1
    """Share of the crops without colour."""
    mosaic: float = 0.4
    """Share of the noisy crops whose noise went through a sensor's colour mosaic, as in real photos."""
    faint: float | None = None
    """Errors count relative to their residual's Huber loss plus this; None: as they are.

    As they are, noise is learnt fastest, at the cost of faint JPEG artifacts and easy photos: 0.01 evens that
    out in a second, shorter training from the first one's weights."""
    workers: int = 0
    """Processes that degrade photos; 0: a thread of this one."""
    seed: int = 2
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


MISSED = 0.08
"""Share of the blurs and JPEGs that go unnoticed, so that the network learns to do without closed forms."""


def imperfect(blur: Blur, rng: np.random.Generator) -> Blur:
    """The blur as an estimator would report it: a little off, sometimes missed, sometimes invented."""
    if blur.family == "sharp":
        if rng.random() < 0.95:
            return blur
        false_alarm = random_blur(rng)
        return Blur(false_alarm.family, min(false_alarm.extent, 4.0) / 2, false_alarm.angle)
    if rng.random() < MISSED:
        return Blur("sharp")
    off = 1 + 0.025 * rng.standard_normal()
    turn = 0.2 / max(blur.extent, 1) * rng.standard_normal()
    return Blur(
        blur.family, blur.extent * float(np.clip(off, 0.75, 1.25)), (blur.angle + float(turn)) % np.pi
    )


def examples(photos: list[Pixels], config: Config) -> Iterator[Example]:
    """Endless degraded crops, each of ``crop`` pixels a side."""
    rng = np.random.default_rng(config.seed)
    side = config.crop + 2 * config.margin
    inner = slice(config.margin, config.margin + config.crop)
    places = data.crops(photos, side, rng)
    while True:
        index, top, left = next(places)
        clean = photos[index][top : top + side, left : left + side]
        if rng.random() < config.grey:
            clean = np.repeat((clean @ LUMA).round().astype(np.uint8)[..., None], 3, 2)
        degradation = random_degradation(rng, config.mosaic)
        full = degrade(clean, degradation, rng)
        deblurred = deconvolved(full.pixels, imperfect(degradation.blur, rng))
        jpeg = degradation.jpeg_quality is not None and rng.random() >= MISSED
        unblocked = deblocked(full.pixels) if jpeg else full.pixels
        residuals = {factor: residual[inner, inner] for factor, residual in full.residuals.items()}
        cut = Degraded(full.pixels[inner, inner], full.clean[inner, inner], residuals)
        yield Example(cut, deblurred[inner, inner], unblocked[inner, inner])


def batches(source: Iterator[NDArray[np.int16]], config: Config) -> Iterator[Batch]:
    """Endless training batches of stacked examples."""
    rng = np.random.default_rng(config.seed + 1000)
    pool = [next(source) for _ in range(config.pool)]
    while True:
        for place in rng.integers(config.pool, size=config.fresh):
            pool[place] = next(source)
        chosen = rng.choice(config.pool, config.batch, replace=False)
        stacks = [data.random_symmetry(pool[place], int(rng.integers(8))) for place in chosen]
        tensor = torch.from_numpy(np.stack(stacks)).permute(0, 3, 1, 2).float() / 255
        image, deblurred, unblocked, added = (
            part.contiguous(memory_format=torch.channels_last)
            for part in (tensor[:, :3], tensor[:, 3:6], tensor[:, 6:9], tensor[:, 9:])
        )
        yield image, deblurred, unblocked, added


def stacked(example: Example) -> NDArray[np.int16]:
    """All that a step needs of an example, as channels: photo, closed forms, a residual per factor."""
    degraded = example.degraded
    photos = [part.astype(np.int16) for part in (degraded.pixels, example.deblurred, example.deblocked)]
    return np.concatenate([*photos, *(degraded.residuals[factor] for factor in FACTORS)], axis=2)


WEIGHTS = {"deblur": 1.0, "denoise": 1.0, "deartifact": 2.0, "desaturate": 0.25}
"""Share of each factor in the loss: blown highlights, which nothing brings back exactly, made up half of it
while the faint traces of JPEG were hardly learnt."""


def restoration_loss(net: RestoreNet, batch: Batch, faint: float | None = None) -> Tensor:
    """Huber loss of each factor's residual on its own and of its luma, and a little of the restored photo's.

    The photo alone would let the factors share one error among them: it comes out right with all knobs up,
    and wrong with any of them down. The loss is squared up to 13 grey levels, since the plain absolute error
    is best served by leaving faint residuals such as those of JPEG alone. For ``faint`` see Config.
    """
    *photos, residuals = batch
    shape = len(residuals), len(FACTORS), 3, *residuals.shape[2:]
    there = residuals.view(shape)
    left = predicted(net, *photos).view(shape) - there
    error = (huber(left) + huber(luma(left))) / 2
    if faint is not None:
        error = 0.02 * error / (huber(there) + faint)  # 0.02 keeps the usual residual's weight near 1
    weighted: Tensor = sum(WEIGHTS[factor] * error[:, i] for i, factor in enumerate(FACTORS))  # type: ignore[assignment]
    return weighted.mean() + huber(left.sum(1, keepdim=True)).mean() / 4


def predicted(net: RestoreNet, image: Tensor, deblurred: Tensor, deblocked: Tensor) -> Tensor:
    """``net.residuals`` in training: under autocast only what lies before the tail is bf16.

    The tail sees the photo itself; rounded to 8 bits of mantissa, that would be off by half a grey level.
    """
    x = net.centred(image, deblurred, deblocked)
    features = net.features(x)
    with torch.autocast(image.device.type, enabled=False):
        return net.finish(features.float(), x, image - deblurred, image - deblocked)


def luma(rgb: Tensor) -> Tensor:
    """(N, F, 1, H, W) of (N, F, 3, H, W)."""
    return to_luma(rgb.flatten(0, 1)).view(*rgb.shape[:2], 1, *rgb.shape[3:])


def huber(residuals: Tensor) -> Tensor:
    """Mean Huber loss of each (N, F, C, H, W) residual, linear from 0.05 on: (N, F)."""
    apart = F.smooth_l1_loss(residuals, torch.zeros_like(residuals), beta=0.05, reduction="none")
    return apart.mean((2, 3, 4))


def restore(net: RestoreNet, example: Example) -> Pixels:
    """Run the network with all strengths at 1; sides are multiples of 8."""
    photos = (example.degraded.pixels, example.deblurred, example.deblocked)
    with torch.inference_mode():
        return to_pixels(net(*(to_tensor([photo]) for photo in photos), torch.ones(1, len(FACTORS)))[0])


def train(
    config: Config, folder: Path, run: Path, warm_start: Path | None = None, resume: bool = False
) -> checkpoint.Trained:
    """Train and measure the mean gain in PSNR on held-out crops of the same distribution."""
    torch.manual_seed(config.seed)
    files = data.training_photos(folder)
    unseen = examples(data.load_all(data.held_out_photos(folder)), config)
    held_out = [next(unseen) for _ in range(100)]

    def evaluate(net: RestoreNet) -> dict[str, float]:
        gains: dict[str, list[float]] = {}
        for example in held_out:
            degraded = example.degraded
            present = [f for f in FACTORS if degraded.residuals[f].any()]
            name = "clean" if not present else present[0] if len(present) == 1 else "mixed"
            before = psnr(degraded.pixels, degraded.clean)
            after = min(psnr(restore(net, example), degraded.clean), 60.0)
            gains.setdefault(name, []).append(after if name == "clean" else after - before)
        return {
            f"held_out_{name}": round(float(np.mean(values)), 2) for name, values in sorted(gains.items())
        }

    def loss(net: RestoreNet, batch: Batch) -> Tensor:
        return restoration_loss(net, batch, config.faint)

    net = RestoreNet(config.network)
    if warm_start is not None:
        checkpoint.load_weights(net, warm_start)
    photos = data.load_all(files)

    def source(worker: int) -> Iterator[NDArray[np.int16]]:
        own = replace(config, seed=config.seed + 100 * worker)
        return (stacked(example) for example in examples(photos, own))

    made = batches(workers.spread(source, config.workers), config)
    average, progress = loop.fit(net, made, loss, config.loop, run, resume, evaluate, accelerated=True)
    if warm_start is not None:
        progress.commands.insert(0, checkpoint.load_provenance(warm_start).command)
    return checkpoint.Trained(
        average, asdict(config), asdict(config.network), config.seed, files, progress, evaluate(average)
    )


def main() -> None:
    """Command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--tier", choices=TIERS, default="base", help="size of the network (default: base)")
    parser.add_argument(
        "--mosaic", type=float, default=Config.mosaic, help="share of noise that is realistic"
    )
    parser.add_argument("--steps", type=int, default=60_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--muon", type=float, default=0.01, help="Muon's learning rate; 0 for AdamW alone")
    parser.add_argument("--warm-start", type=Path, help="checkpoint of the same network to start from")
    parser.add_argument("--faint", type=float, help="weigh errors relative to their residuals, see Config")
    parser.add_argument("--fresh", type=int, default=Config.fresh, help="new crops a step")
    parser.add_argument("--workers", type=int, default=Config.workers, help="processes that degrade photos")
    parser.add_argument("--evaluate-every", type=int, default=500, help="steps between figures in the log")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    schedule = loop.LoopConfig(
        steps=args.steps,
        minutes=args.minutes,
        learning_rate=args.learning_rate,
        muon_learning_rate=args.muon,
        evaluate_every=args.evaluate_every,
    )
    config = Config(
        TIERS[args.tier],
        mosaic=args.mosaic,
        faint=args.faint,
        fresh=args.fresh,
        workers=args.workers,
        loop=schedule,
    )
    trained = train(config, args.data, Path("runs") / args.out.stem, args.warm_start, args.resume)
    checkpoint.save(trained, "restore", args.out, half=True)


if __name__ == "__main__":
    main()
