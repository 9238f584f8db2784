"""Suite ``trigger``: does the score foretell the true gain on unseen photos, half of them clean?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

import nitido
from nitido_bench import testsets, trigger_curves, trigger_tables
from nitido_bench.suite import Row, Suite
from nitido_bench.trigger_baselines import BASELINES, SCORER, Predictor, no_reference
from nitido_bench.trigger_tables import FINE_TUNED, TRIGGER, Judged
from nitido_bench.trigger_truth import Case, cases, damaged_alone, gain_of, true_gains
from nitido_train.data import held_out_photos
from nitido_train.label import BundleEnhancer
from nitido_train.label.enhancers import Models
from nitido_train.opinion.pseudo import quality
from nitido_train.trigger.oracle import rate

HELD_OUT = "held-out photos"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--photos", type=Path, required=True, help="the folder that was trained on: its held-out tenth"
    )
    parser.add_argument("--data", type=Path, help="folder with BSD100 and LIVE1, to judge those too")
    parser.add_argument("--trigger", default="trigger", help="zoo name or bundle folder")
    parser.add_argument("--fine-tuned", help="a second trigger for the same enhancer, to compare")
    parser.add_argument("--restorer", default="restore", help="zoo name or bundle folder")
    parser.add_argument("--upscaler", default="sr-x2", help="zoo name or bundle folder")
    parser.add_argument("--scorer", help="bundle of a no-reference scorer, to compare")
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--versions", type=int, default=2, help="degraded pictures per photo (default: 2)")
    parser.add_argument("--side", type=int, default=640, help="largest side of a picture (default: 640)")
    parser.add_argument("--limit", type=int, help="only the first photos of each set")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """A row per set of photos as each is done; from all together: factors, predictors, value, reliability."""
    restore = nitido.Restorer.open(args.restorer, runtime=args.runtime)
    models = Models(
        BundleEnhancer(restore, nitido.Upscaler.open(args.upscaler, runtime=args.runtime)), scorer=None
    )
    triggers = {TRIGGER: nitido.Trigger.open(args.trigger, runtime=args.runtime)}
    if args.fine_tuned is not None:
        triggers[FINE_TUNED] = nitido.Trigger.open(args.fine_tuned, runtime=args.runtime)
    # An Enhancer refuses a trigger that does not belong to the restorer.
    enhancers = {name: nitido.Enhancer(trigger, restore) for name, trigger in triggers.items()}
    predictors = {name: score_of(trigger) for name, trigger in triggers.items()}
    if args.scorer is not None:
        predictors[SCORER] = no_reference(nitido.Scorer.open(args.scorer, runtime=args.runtime))
    predictors |= BASELINES
    sets = {HELD_OUT: held_out_photos(args.photos)[: args.limit]}
    if args.data is not None:
        sets |= {name: testsets.files(args.data, name, args.limit) for name in ("BSD100", "LIVE1")}
    shipped = triggers[TRIGGER]
    everything: list[Judged] = []
    alone: dict[str, list[tuple[float, float]]] = {factor: [] for factor in restore.factors}
    for name, files in sets.items():
        judged = [
            judge(case, enhancers[TRIGGER], predictors, models, restore)
            for file in files
            for case in cases(file, name, args.versions, args.side)
        ]
        for factor, pairs in alone.items():
            for file in files:
                case = damaged_alone(file, name, factor, args.side)
                pairs.append((shipped(case.pixels).factors[factor], gain_of(factor, case, restore)))
        if judged:
            yield trigger_tables.photos_row(name, judged, shipped.threshold)
        everything += judged
    if not everything:
        raise FileNotFoundError(
            f"expected held-out photos below {args.photos}, found none; name a folder with more photos"
        )
    if len(sets) > 1:
        yield trigger_tables.photos_row("all", everything, shipped.threshold)
    yield from trigger_tables.factor_rows(everything, shipped.thresholds)
    yield from trigger_tables.alone_rows(alone, everything)
    yield from trigger_tables.predictor_rows(everything, tuple(triggers))
    yield from trigger_tables.value_rows(everything, {n: t.threshold for n, t in triggers.items()})
    yield from trigger_tables.reliability_rows(everything, tuple(triggers))
    yield from trigger_curves.curve_rows(everything)


def score_of(trigger: nitido.Trigger) -> Predictor:
    """A trigger as one of several predictors."""
    return lambda pixels: trigger(pixels).score


def judge(
    case: Case,
    enhancer: nitido.Enhancer,
    predictors: Mapping[str, Predictor],
    models: Models,
    restore: nitido.Restorer,
) -> Judged:
    """All predictions for one picture, what it truly gains, and what the Enhancer's own way gains."""
    outcome = enhancer(case.pixels)
    applied = quality(outcome.pixels, case.pristine) - quality(case.pixels, case.pristine)
    return Judged(
        clean=case.sample.clean,
        megapixels=case.pixels.shape[0] * case.pixels.shape[1] / 1e6,
        gains=true_gains(case, models),
        applied=applied if outcome.applied else 0.0,
        rating=rate(case.pixels, restore(case.pixels), case.pristine),
        scores={name: predict(case.pixels) for name, predict in predictors.items()},
        factors=outcome.improvability.factors,
    )


SUITE = Suite(
    name="trigger",
    help="score against true gain on unseen photos, half of them clean",
    arguments=arguments,
    measure=measure,
    columns=(
        ("photos", "photos", ""),
        ("factor", "factor", ""),
        ("predictor", "predicted by", ""),
        ("way", "enhanced", ""),
        ("bin", "part", "d"),
        ("share", "of the photos", ".0%"),
        ("count", "count", "d"),
        ("spearman", "Spearman", ".3f"),
        ("pearson", "Pearson", ".3f"),
        ("spearman_with_clean", "Spearman, clean ones too", ".3f"),
        ("pearson_with_clean", "Pearson, clean ones too", ".3f"),
        ("auc_pr", "AUC-PR, gain above 0.1", ".3f"),
        ("auc_pr_better", "AUC-PR, rated better by the oracle", ".3f"),
        ("calibration_error", "calibration error", ".3f"),
        ("precision", "precision at its threshold", ".1%"),
        ("recall", "recall", ".1%"),
        ("without", "without a trigger", ""),
        ("without_spearman", "its Spearman", ".3f"),
        ("clean_left_alone", "clean ones left alone", ".1%"),
        ("degraded_enhanced", "degraded ones enhanced", ".1%"),
        ("saved", "compute saved", ".1%"),
        ("gain_kept", "of the possible gain", ".1%"),
        ("harmed", "photos made worse", "d"),
        ("predicted", "mean predicted gain", ".2f"),
        ("true", "mean true gain", ".2f"),
    ),
)
