"""Suite ``ablation-sr``: what each trick of training and each weight of G1 gives, at equal steps."""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from nitido_bench import testsets
from nitido_bench.quality_sr import mean_scores
from nitido_bench.sr_models import CheckpointUpscaler
from nitido_bench.suite import Row, Suite
from nitido_train import checkpoint
from nitido_train.loop import LoopConfig
from nitido_train.losses import LossWeights
from nitido_train.recipes import sr

G1 = (
    LossWeights(),
    *(LossWeights(alpha, 1.0, decibel=0.0) for alpha in (0.0, 100.0, 1000.0, 10_000.0)),
    LossWeights(1000.0, 0.0, decibel=0.0),
    LossWeights(100.0, 1.0, 0.5, decibel=0.0),
    LossWeights(1000.0, 1.0, 0.5, decibel=0.0),
    LossWeights(10_000.0, 1.0, 2.0, decibel=0.0),
)
"""As shipped, then alpha, beta and sigma alone. Both optimisers ignore a loss's scale, not alpha / beta."""


@dataclass(frozen=True)
class Variant:
    """One training: a row of the table ``tricks`` or ``loss``."""

    table: str
    name: str
    config: sr.Config
    teacher: Path | None = None

    @property
    def slug(self) -> str:
        """The name as part of a file's."""
        return re.sub(r"[^a-z0-9.]+", "-", self.name.lower())


def variants(base: sr.Config, teacher: Path | None = None) -> list[Variant]:
    """The recipe as it is (the base), then with one trick more or less, then the weights of G1."""
    loss, loop = base.loss, base.loop
    tricks = {
        "base": base,
        "another seed": replace(base, seed=base.seed + 1),
        "AdamW, no Muon": replace(base, loop=replace(loop, muon_learning_rate=0.0)),
        "no average of weights": replace(base, loop=replace(loop, ema_decay=0.0)),
        "no luma term": replace(base, loss=replace(loss, luma=0.0)),
        "no gradient term": replace(base, loss=replace(loss, alpha=0.0)),
        "frequency term": replace(base, loss=replace(loss, frequency=1.0)),
        "squared error for decibels": replace(base, loss=replace(loss, squared=30.0, decibel=0.0)),
        "absolute error alone": replace(base, loss=LossWeights(alpha=0.0, beta=1.0, decibel=0.0)),
        "branches": replace(base, branches=True),
        "smaller photos too": replace(base, shrunk=True),
        "any crop": replace(base, choices=1),
    }
    found = [Variant("tricks", name, config) for name, config in tricks.items()]
    if teacher is not None:
        found.append(Variant("tricks", "teacher", replace(base, distil=1.0), teacher))
    for weights in G1:
        name = f"alpha {weights.alpha:g} beta {weights.beta:g} sigma {weights.sigma:g}"
        name += f" decibel {weights.decibel:g}" if weights.decibel else ""
        found.append(Variant("loss", name, replace(base, loss=weights)))
    return found


def trained(variant: Variant, photos: Path, folder: Path) -> Path:
    """The variant's checkpoint: one that is there already, or a training that is begun or goes on."""
    file = folder / f"{variant.slug}.safetensors"
    teacher = checkpoint.identity(variant.teacher) if variant.teacher else None
    history = json.dumps({**asdict(variant.config), "teacher": teacher})
    if not file.exists() or checkpoint.load_provenance(file).config != json.loads(history):
        run = folder / f"{variant.slug}-{hashlib.sha256(history.encode()).hexdigest()[:8]}"
        result = sr.train(variant.config, photos, run, teacher=variant.teacher, resume=True)
        checkpoint.save(result, "sr", file)
    return file


def chosen(every: Sequence[Variant], only: Sequence[str]) -> list[Variant]:
    """The base and what ``only`` names, or everything. Raises ValueError for other names."""
    if unknown := set(only) - {variant.name for variant in every}:
        names = ", ".join(repr(variant.name) for variant in every)
        raise ValueError(f"expected --only with names among {names}, got {', '.join(sorted(unknown))}")
    return [variant for variant in every if not only or variant.name in (*only, every[0].name)]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos to train on")
    parser.add_argument("--data", type=Path, required=True, help="folder with Set5, Set14 and BSD100")
    parser.add_argument("--steps", type=int, default=20_000, help="of each training (default: %(default)d)")
    parser.add_argument("--teacher", type=Path, help="x2 checkpoint of a larger network: adds a trick")
    parser.add_argument("--only", nargs="+", default=[], help="names of what to train beside the base")
    parser.add_argument("--runs", type=Path, default=Path("runs/ablation-sr"), help="folder for checkpoints")
    parser.add_argument("--limit", type=int, help="only the first photos of each set")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per variant. What a stopped run finished is not trained again; its last training goes on."""
    base = sr.Config(loop=LoopConfig(steps=args.steps, muon_learning_rate=0.01, evaluate_every=args.steps))
    images = {
        name: [testsets.load(file) for file in testsets.files(args.data, name, args.limit)]
        for name in testsets.SETS
    }
    files: dict[tuple[sr.Config, Path | None], Path] = {}
    first: dict[str, dict[str, float]] = {}
    for variant in chosen(variants(base, args.teacher), args.only):
        key = (variant.config, variant.teacher)
        if key not in files:  # some rows of both tables are one training
            files[key] = trained(variant, args.photos, args.runs)
        upscaler = CheckpointUpscaler(files[key])
        scores = {name: mean_scores(upscaler, images[name]) for name in testsets.SETS}
        figures = {f"psnr_{name.lower()}": scores[name]["psnr"] for name in testsets.SETS}
        figures["gradient_error"] = scores["BSD100"]["gradient_error"]
        reference = first.setdefault(variant.table, figures)
        history = checkpoint.load_provenance(files[key])
        yield {
            "table": variant.table,
            "variant": variant.name,
            **figures,
            "gain": round(figures["psnr_bsd100"] - reference["psnr_bsd100"], 4),
            "gradient_change": round(figures["gradient_error"] / reference["gradient_error"] - 1, 4),
            "steps": history.steps,
            "minutes": history.minutes,
            "checkpoint": str(files[key]),
        }


SUITE = Suite(
    name="ablation-sr",
    help="what each trick of training gives the x2 network, at equal steps (hours)",
    arguments=arguments,
    measure=measure,
    columns=(
        ("variant", "training", ""),
        ("psnr_set5", "Set5, dB", ".2f"),
        ("psnr_set14", "Set14, dB", ".2f"),
        ("psnr_bsd100", "BSD100, dB", ".2f"),
        ("gain", "against the first row, dB", "+.3f"),
        ("gradient_error", "error of gradients, grey levels", ".3f"),
        ("gradient_change", "against the first row", "+.1%"),
        ("minutes", "minutes", ".0f"),
    ),
)
