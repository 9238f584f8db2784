"""Distil a trigger into a small one for camera previews: it learns from the labels and from its teacher.

    python -m nitido_train.recipes.trigger_lite --data PHOTOS --labels labels.parquet \\
        --teacher training/checkpoints/trigger.safetensors --out training/checkpoints/trigger-lite.safetensors
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from nitido.bundle.manifest import View
from nitido_train import checkpoint, loop
from nitido_train.label import Labels, read_labels
from nitido_train.nets.standardise import standardise
from nitido_train.nets.trigger import TriggerConfig, TriggerNet
from nitido_train.trigger import validation
from nitido_train.trigger.gains import (
    Looks,
    batches,
    gain_loss,
    history,
    split,
    spreads,
    true_gains,
)
from nitido_train.trigger.head import HeadConfig, fit_head, predict_quickly
from nitido_train.trigger.trained import TrainedTrigger, open_trigger

NETWORK = TriggerConfig(width=0.5)
"""0.35 million parameters; on VIEW a sixth of the trigger's multiplications."""
VIEW = View(size=320, crop=160, count=4)
"""A third of a 640 x 480 frame, at its native size."""


@dataclass(frozen=True)
class Config:
    """What to train; thresholds keep the precision that the teacher's were chosen for."""

    network: TriggerConfig = NETWORK
    view: View = VIEW
    teaching: float = 0.5
    """Weight of the teacher's gains in what is learned; the rest is the labels'. The teacher's are free of
    what cannot be known from a view: the accidents of single labels."""
    batch: int = 32
    head: HeadConfig = field(default_factory=HeadConfig)
    seed: int = 5
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


def train(
    config: Config, labels: Labels, folder: Path, teacher: TrainedTrigger, run: Path, resume: bool = False
) -> checkpoint.Trained:
    """Train on labels of the photos in ``folder``; calibrate, choose thresholds and measure on held-out ones.

    The teacher looks at each photo through its own view, once. Raises TrainingDataError for labels that
    nothing can be learned from.
    """
    training, held_out = split(labels.samples)
    torch.manual_seed(config.seed)
    net = TriggerNet(config.network)
    taught = predict_quickly(teacher.net, Looks(training, folder, teacher.view, teacher.net.estimator))
    targets = config.teaching * taught + (1 - config.teaching) * true_gains(training)
    targets /= spreads(targets)
    looks = Looks(training, folder, config.view, net.estimator)
    source = batches(looks, targets, config.batch, config.seed)
    standardise(net, net.layers(), *next(source)[:2])
    evaluate = validation.watcher(held_out, folder, config.view)
    net, progress = loop.fit(net, source, gain_loss, config.loop, run, resume, evaluate)
    fit_head(net, looks, targets, config.head, config.seed)
    measured = validation.conclude(net, held_out, folder, config.view, teacher.precision)
    measured["parameters"] = float(sum(p.numel() for p in net.parameters()))
    provenance = {
        **asdict(config),
        **history(labels),
        "precision": teacher.precision,
        "teacher": teacher.id,
    }
    files = sorted({folder / s.photo for s in training})
    return checkpoint.Trained(net, provenance, asdict(config.network), config.seed, files, progress, measured)


def main() -> None:
    """Command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--labels", type=Path, required=True, help="labels of these photos (.parquet)")
    parser.add_argument("--teacher", type=Path, required=True, help="checkpoint of the trigger to learn from")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=Config.seed)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    teacher = open_trigger(args.teacher)
    labels = read_labels(args.labels, enhancer=teacher.enhancers["restore"])
    schedule = loop.LoopConfig(
        steps=args.steps, minutes=args.minutes, learning_rate=args.learning_rate, evaluate_every=500
    )
    run = Path("runs") / args.out.stem
    trained = train(Config(seed=args.seed, loop=schedule), labels, args.data, teacher, run, args.resume)
    checkpoint.save(trained, "trigger_lite", args.out, half=True)


if __name__ == "__main__":
    main()
