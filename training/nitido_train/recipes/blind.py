"""Train the networks of blind upscaling for one scale (x2, x3 or x4) in two phases.

python -m nitido_train.recipes.blind --data PHOTOS --scale 2 --minutes 45 --out blind-x2.safetensors
python -m nitido_train.recipes.blind --data PHOTOS --phase judge --minutes 30 --out blind-x2.safetensors
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

import torch

from nitido_train import blind_training, checkpoint, data, loop, workers
from nitido_train.blind_pairs import BlindBatch, Draw, bank, batches
from nitido_train.errors import TrainingDataError
from nitido_train.nets.blind import BlindConfig, BlindNet
from nitido_train.nets.sr import parameter_count
from nitido_train.upscaling import load_photos

Phase = Literal["generator", "judge"]


@dataclass(frozen=True)
class Config:
    """What to train."""

    phase: Phase = "generator"
    """``generator`` trains it with the mapping; then ``judge`` trains the judge alone."""
    network: BlindConfig = field(default_factory=BlindConfig)
    draw: Draw = field(default_factory=Draw)
    shrunk: bool = False
    """Train on smaller versions of the photos too."""
    workers: int = 0
    """Processes that make pairs; 0: a thread of this one."""
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


def train(
    config: Config, folder: Path, run: Path, warm_start: Path | None = None, resume: bool = False
) -> checkpoint.Trained:
    """Train one phase and measure on held-out photos; ``warm_start`` gives matching layers.

    Raises ValueError when the judge is to be trained without a generator.
    """
    torch.manual_seed(config.draw.seed)
    if config.phase == "judge" and warm_start is None:
        raise ValueError("expected a trained generator to train its judge for; pass --warm-start CHECKPOINT")
    files = data.training_photos(folder)
    net = BlindNet(config.network)
    net.mapping.start_at_principal_components(bank(config.network.scale, 2000))
    before: dict[str, float] = {}
    if warm_start is not None:
        checkpoint.load_matching(net, warm_start)
        before = checkpoint.load_provenance(warm_start).measured
    judging = config.phase == "judge"
    net.judge.requires_grad_(judging)
    net.mapping.requires_grad_(not judging)
    net.generator.requires_grad_(not judging)
    held = blind_training.Held(held_out(folder), config.network.scale)
    evaluate, loss = (
        (held.judge, blind_training.judge_loss)
        if judging
        else (held.generator, blind_training.generator_loss)
    )
    photos = load_photos(files, config.shrunk)

    def batches_of(worker: int) -> Iterator[BlindBatch]:
        return batches(photos, replace(config.draw, seed=config.draw.seed + 100 * worker))

    source = workers.spread(batches_of, config.workers)
    average, progress = loop.fit(net, source, loss, config.loop, run, resume, evaluate, accelerated=True)
    if warm_start is not None:
        progress.commands.insert(0, checkpoint.load_provenance(warm_start).command)
    sizes = {
        "parameters_generator": float(parameter_count(average.generator)),
        "parameters_judge": float(parameter_count(average.judge)),
    }
    measured = {**(before if judging else {}), **evaluate(average), **sizes}
    return checkpoint.Trained(
        average, asdict(config), asdict(config.network), config.draw.seed, files, progress, measured
    )


def held_out(folder: Path) -> list[data.Pixels]:
    """The middles of four held-out photos, large enough for x4."""
    photos = data.load_all(data.held_out_photos(folder))
    middles = []
    for photo in photos:
        if min(photo.shape[:2]) >= 384:
            top, left = (photo.shape[0] - 384) // 2, (photo.shape[1] - 384) // 2
            middles.append(photo[top : top + 384, left : left + 384])
    if not middles:
        raise TrainingDataError(
            f"expected a held-out photo of at least 384 pixels a side below {folder}, found none; add photos"
        )
    return middles[:: max(1, len(middles) // 4)][:4]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--scale", type=int, choices=(2, 3, 4), default=2)
    parser.add_argument("--phase", choices=("generator", "judge"), default="generator")
    parser.add_argument("--width", type=int, default=BlindConfig.width, help="of the generator")
    parser.add_argument("--depth", type=int, default=BlindConfig.depth, help="of the generator")
    parser.add_argument("--judge-width", type=int, default=BlindConfig.judge_width)
    parser.add_argument("--judge-depth", type=int, default=BlindConfig.judge_depth)
    parser.add_argument("--patch", type=int, default=Draw.patch, help="side of small crops")
    parser.add_argument("--batch", type=int, default=Draw.batch)
    parser.add_argument("--others", type=int, default=Draw.others, help="other kernels a crop, for the judge")
    parser.add_argument("--spoilt", type=float, default=Draw.spoilt, help="share with noise or JPEG")
    parser.add_argument("--workers", type=int, default=Config.workers, help="processes that make pairs")
    parser.add_argument("--steps", type=int, default=150_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--muon", type=float, default=0.01, help="Muon's learning rate; 0 for AdamW alone")
    parser.add_argument("--evaluate-every", type=int, default=2_500, help="steps between figures in the log")
    parser.add_argument("--shrunk", action="store_true", help="train on smaller versions of the photos too")
    parser.add_argument("--full-precision", action="store_true", help="float32 throughout: slower")
    parser.add_argument(
        "--warm-start", type=Path, help="checkpoint to start from (default for the judge: the one of --out)"
    )
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    config = Config(
        phase=args.phase,
        network=BlindConfig(
            args.scale,
            width=args.width,
            depth=args.depth,
            judge_width=args.judge_width,
            judge_depth=args.judge_depth,
        ),
        draw=Draw(
            args.scale, args.patch, args.batch, args.others if args.phase == "judge" else 0, args.spoilt
        ),
        shrunk=args.shrunk,
        workers=args.workers,
        loop=loop.LoopConfig(
            steps=args.steps,
            minutes=args.minutes,
            learning_rate=args.learning_rate,
            muon_learning_rate=args.muon,
            evaluate_every=args.evaluate_every,
            bf16=not args.full_precision,
        ),
    )
    warm_start = args.warm_start or (args.out if args.phase == "judge" else None)
    run = Path("runs") / f"{args.out.stem}-{args.phase}"
    trained = train(config, args.data, run, warm_start, args.resume)
    checkpoint.save(trained, "blind", args.out, half=True)


if __name__ == "__main__":
    main()
