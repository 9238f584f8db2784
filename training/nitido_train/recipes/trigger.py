"""Train a trigger from delta labels of the enhancer that it will belong to.

    python -m nitido_train.recipes.trigger --data PHOTOS --labels labels.parquet --start mobilenetv2.npz \\
        --blur training/checkpoints/blur.safetensors --out training/checkpoints/trigger.safetensors

Without ``--labels`` it labels the photos first; this is all that someone else's enhancer needs:

    python -m nitido_train.recipes.trigger --data PHOTOS --enhancer my_package.enhance:make \\
        --out mine.safetensors
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from nitido.bundle.manifest import View
from nitido_train import checkpoint, loop
from nitido_train.label import LabelConfig, Labels, label_folder, read_labels
from nitido_train.nets.mobilenet import load_imagenet
from nitido_train.nets.standardise import standardise
from nitido_train.nets.trigger import VIEW, VIEWS, TriggerConfig, TriggerNet
from nitido_train.trigger import validation
from nitido_train.trigger.calibration import fold
from nitido_train.trigger.gains import (
    Batch,
    Gains,
    Looks,
    batches,
    gain_loss,
    history,
    split,
    spreads,
    true_gains,
)
from nitido_train.trigger.head import HeadConfig, fit_head


@dataclass(frozen=True)
class Config:
    """What to train; every image is the whole view of a labelled photo, as at run time."""

    network: TriggerConfig = field(default_factory=TriggerConfig)
    view: View = VIEW
    precision: float = 0.9
    """Share of the validation photos at or above a threshold that truly gain."""
    batch: int = 8
    head: HeadConfig = field(default_factory=HeadConfig)
    """What follows the trunk is trained once more, when the trunk is done."""
    seed: int = 3
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


def train(
    config: Config,
    labels: Labels,
    folder: Path,
    run: Path,
    start: Path | None = None,
    blur: Path | None = None,
    resume: bool = False,
) -> checkpoint.Trained:
    """Train on labels of the photos in ``folder``; calibrate, choose thresholds and measure on held-out ones.

    ``start`` are ImageNet weights of MobileNetV2 (.npz), or a trigger's, of which all that fits is taken;
    ``blur`` is the checkpoint of an estimator of blur of the configured size. Raises TrainingDataError for
    labels that nothing can be learned from, and ValueError for checkpoints of other networks.
    """
    training, held_out = split(labels.samples)
    torch.manual_seed(config.seed)
    net = TriggerNet(config.network)
    targets = true_gains(training)
    units = spreads(targets)
    targets /= units
    if blur is not None:
        checkpoint.load_weights(net.blur, blur)
    looks = Looks(training, folder, config.view, net.estimator)
    source = batches(looks, targets, config.batch, config.seed)
    begin(net, start, units, next(source))
    evaluate = validation.watcher(held_out, folder, config.view)
    net, progress = loop.fit(net, source, gain_loss, config.loop, run, resume, evaluate)
    fit_head(net, looks, targets, config.head, config.seed)
    measured = validation.conclude(net, held_out, folder, config.view, config.precision)
    provenance = {
        **asdict(config),
        **history(labels),
        "warm_start": None if start is None else checkpoint.identity(start),
    }
    files = sorted({folder / s.photo for s in training})
    return checkpoint.Trained(net, provenance, asdict(config.network), config.seed, files, progress, measured)


def begin(net: TriggerNet, start: Path | None, units: Gains, batch: Batch) -> None:
    """Fill a network before its training; what nothing is known of is standardised on a batch."""
    fresh: list[nn.Conv2d | nn.Linear] = net.layers()
    if start is not None and start.suffix == ".npz":
        load_imagenet(net.trunk, start)
        fresh = net.head()
    elif start is not None:
        known = checkpoint.load_matching(net, start)
        if not {f"trunk.{name}" for name in net.trunk.state_dict()} <= set(known):
            raise ValueError(f"expected a trigger's weights in {start}, got others; leave --start out")
        if {"mixed.weight", "hidden.weight", "last.weight"} <= set(known):
            fold(net.last, 1 / units, np.zeros_like(units))
            return
        fresh = net.head()
    standardise(net, fresh, *batch[:2])


def network_with(blur: Path | None) -> TriggerConfig:
    """A trigger that carries the estimator of this checkpoint, or none."""
    return TriggerConfig(blur=checkpoint.load_provenance(blur).network["hidden"] if blur else 0)


def view_of(text: str) -> View:
    """A name of VIEWS, or any view as SIZE/CROP/COUNT/WHOLE, to measure others."""
    if text in VIEWS:
        return VIEWS[text]
    try:
        size, crop, count, whole = (int(number) for number in text.split("/"))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected {', '.join(VIEWS)} or SIZE/CROP/COUNT/WHOLE as in 448/224/3/1, got {text!r}"
        ) from None
    return View(size, crop, count, whole)


def main() -> None:
    """Command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--labels", type=Path, help="labels of these photos (.parquet), held-out ones included"
    )
    source.add_argument("--enhancer", help="label first: zoo name, bundle folder, or package.module:factory")
    parser.add_argument("--samples-per-photo", type=int, default=12, help="labels per photo, with --enhancer")
    parser.add_argument("--workers", type=int, default=1, help="processes that label, with --enhancer")
    parser.add_argument(
        "--start",
        type=Path,
        help="what to start from: a trigger's checkpoint (.safetensors), or ImageNet's MobileNetV2 (.npz)",
    )
    parser.add_argument(
        "--blur", type=Path, help="checkpoint of the blur estimator, for cues of blur (default: no such cues)"
    )
    parser.add_argument(
        "--view", type=view_of, default=VIEW, help=f"{', '.join(VIEWS)}, or SIZE/CROP/COUNT/WHOLE"
    )
    parser.add_argument("--precision", type=float, default=Config.precision)
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--steps", type=int, default=6_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--batch", type=int, default=Config.batch)
    parser.add_argument("--head-steps", type=int, default=HeadConfig.steps, help="of the head, at the end")
    parser.add_argument("--seed", type=int, default=Config.seed)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    run = Path("runs") / args.out.stem
    if args.labels is None:
        wanted = LabelConfig(
            photos=args.data,
            out=run / "labels.parquet",
            enhancer=args.enhancer,
            samples_per_photo=args.samples_per_photo,
            split="all",
            workers=args.workers,
        )
        labels = label_folder(wanted)
    else:
        labels = read_labels(args.labels)
    schedule = loop.LoopConfig(
        steps=args.steps, minutes=args.minutes, learning_rate=args.learning_rate, evaluate_every=500
    )
    config = Config(
        network_with(args.blur),
        view=args.view,
        precision=args.precision,
        batch=args.batch,
        head=HeadConfig(steps=args.head_steps),
        seed=args.seed,
        loop=schedule,
    )
    trained = train(config, labels, args.data, run, args.start, args.blur, args.resume)
    checkpoint.save(trained, "trigger", args.out, half=True)


if __name__ == "__main__":
    main()
