"""Suite ``trigger-views``: triggers that look at photos in different ways, all trained alike."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from nitido.bundle.manifest import View
from nitido_bench.suite import Row, Suite
from nitido_train import checkpoint
from nitido_train.label import read_labels
from nitido_train.loop import LoopConfig
from nitido_train.nets.trigger import VIEWS
from nitido_train.recipes import trigger
from nitido_train.trigger.head import HeadConfig

COMPARED = VIEWS | {"shrunk": View(size=224, crop=224, count=0, whole=1)}
"""``whole`` shrinks 12 megapixels 9 times, the photos of a training less; ``shrunk`` is nearer to it."""
SEEN = {
    "crops": "4 crops of 224",
    "whole": "the photo at 448",
    "both": "3 crops of 224, the photo at 224",
    "shrunk": "the photo at 224",
}
MEASURED = (
    "spearman_joint",
    "pearson_joint",
    "auc_pr",
    "calibration_error_joint",
    "pearson_deblur",
    "pearson_denoise",
    "pearson_deartifact",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--photos", type=Path, required=True, help="the folder that was labelled")
    parser.add_argument("--labels", type=Path, required=True, help="labels of large crops (.parquet)")
    parser.add_argument("--start", type=Path, help="MobileNetV2 weights to start from (.npz)")
    parser.add_argument("--blur", type=Path, help="checkpoint of the blur estimator, for its cues")
    parser.add_argument("--steps", type=int, default=1_500, help="of each training (default: %(default)d)")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs/trigger-views"), help="folder for checkpoints"
    )


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per view. What a stopped run finished is not trained again; its last training goes on."""
    labels = read_labels(args.labels)
    schedule = LoopConfig(
        steps=args.steps, learning_rate=3e-4, warmup=min(500, args.steps // 4), evaluate_every=args.steps
    )
    folder = args.runs / f"{labels.header.content_hash[:8]}-{args.steps}"
    for name, view in COMPARED.items():
        file = folder / f"{name}.safetensors"
        if not file.exists():
            config = trigger.Config(
                trigger.network_with(args.blur), view, head=HeadConfig(4 * args.steps), loop=schedule
            )
            trained = trigger.train(
                config, labels, args.photos, folder / name, args.start, args.blur, resume=True
            )
            checkpoint.save(trained, "trigger", file)
        history = checkpoint.load_provenance(file)
        found = history.measured
        yield {
            "view": name,
            "seen": SEEN[name],
            **{figure: found[figure] for figure in MEASURED if figure in found},
            "steps": history.steps,
            "minutes": history.minutes,
        }


SUITE = Suite(
    name="trigger-views",
    help="triggers that look at photos in different ways, trained alike (an hour)",
    arguments=arguments,
    measure=measure,
    columns=(
        ("view", "view", ""),
        ("seen", "the network sees", ""),
        ("spearman_joint", "Spearman", ".3f"),
        ("pearson_joint", "Pearson", ".3f"),
        ("auc_pr", "AUC-PR, gain above 0.1", ".3f"),
        ("calibration_error_joint", "calibration error", ".3f"),
        ("pearson_deblur", "Pearson, deblur", ".3f"),
        ("pearson_denoise", "denoise", ".3f"),
        ("pearson_deartifact", "deartifact", ".3f"),
        ("steps", "steps", "d"),
    ),
)
