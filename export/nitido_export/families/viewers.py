"""Networks that look at a photo through a view: triggers and scorers."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from nitido.bundle.manifest import ScoreTask, TensorSpec, TriggerTask, View
from nitido.cues import look
from nitido.photo.model import Pixels
from nitido.view import mosaic
from nitido_export.checkpoints import fill
from nitido_export.errors import CheckpointMismatch
from nitido_export.families.blur_estimate import blur_estimate
from nitido_export.graphs import Graph, Model, Values
from nitido_train import checkpoint
from nitido_train.checkpoint import Provenance
from nitido_train.nets.blur import SPACE
from nitido_train.nets.nima import NimaConfig, NimaNet
from nitido_train.nets.ranker import RankConfig, RankNet
from nitido_train.nets.trigger import OUTPUTS, TriggerConfig, TriggerNet

UPSCALE_BELOW = 1600
"""Long side in pixels from which a photo has as many as a phone's screen can show of it."""


def trigger(file: Path, provenance: Provenance) -> Model:
    """Families ``trigger``, ``trigger_lite``, ``trigger_finetune``: a view of a photo to its gains.

    A trigger that carries an estimator of blur gets it as a second graph.
    """
    net = fill(lambda: TriggerNet(TriggerConfig(**provenance.network)), file)
    joint, *factors = OUTPUTS
    try:
        view = View(**provenance.config["view"])
        task = TriggerTask(
            tuple(factors),
            view,
            threshold=provenance.measured["threshold"],
            thresholds={factor: provenance.measured[f"threshold_{factor}"] for factor in factors},
            precision=provenance.config["precision"],
            enhancer=provenance.config["enhancers"]["restore"],
            upscale_below=UPSCALE_BELOW,
            blur=SPACE if net.config.blur else None,
        )
    except (KeyError, TypeError) as error:
        raise CheckpointMismatch(
            f"expected {file.with_suffix('.json')} to hold the trigger's view, thresholds, precision and "
            f"enhancer, got no {error}; train it with nitido_train.recipes.{provenance.recipe}"
        ) from error

    def example(pixels: Pixels) -> Values:
        image, cues = look(pixels, view, net.estimator)
        return {"image": image, "cues": cues}

    main = Graph(
        name="main",
        net=net,
        inputs=(
            TensorSpec("image", (1, 3, view.size, view.size)),
            TensorSpec("cues", (1, net.config.cues), layout="NC"),
        ),
        outputs=(TensorSpec("scores", (1, len(OUTPUTS)), layout="NC"),),
        example=example,
    )
    return Model(
        name=file.stem,
        id=checkpoint.identity(file),
        description=f"Predicts how much a photo would gain from enhancement, {joint} and per factor.",
        task=task,
        graphs=(main, blur_estimate(net.blur)) if net.config.blur else (main,),
        provenance=provenance,
    )


def distribution_scorer(file: Path, provenance: Provenance) -> Model:
    """Family ``scorer_nima``: a mosaic of crops to the shares of the ratings 1 to 10."""
    net = fill(lambda: NimaNet(NimaConfig(**provenance.network)), file)
    output = TensorSpec("distribution", (1, 10), layout="NC")
    return _scorer(file, provenance, net, output, "Predicts how people's ratings of a photo would spread.")


def rank_scorer(file: Path, provenance: Provenance) -> Model:
    """Family ``scorer_rank``: a mosaic of crops to one score."""
    net = fill(lambda: RankNet(RankConfig(**provenance.network)), file)
    output = TensorSpec("score", (1, 1), layout="NC")
    return _scorer(file, provenance, net, output, "Scores a photo, having learned which of two is better.")


def _scorer(file: Path, provenance: Provenance, net: nn.Module, output: TensorSpec, does: str) -> Model:
    try:
        view = View(**provenance.config["view"])
    except (KeyError, TypeError) as error:
        raise CheckpointMismatch(
            f"expected {file.with_suffix('.json')} to hold the scorer's view in its config, got {error}; "
            f"train it with nitido_train.recipes.{provenance.recipe}"
        ) from error
    task = ScoreTask(view, "distribution" if output.name == "distribution" else "score")
    main = _seen_by(net, view, output)
    return Model(file.stem, checkpoint.identity(file), does, task, (main,), provenance)


def _seen_by(net: nn.Module, view: View, output: TensorSpec) -> Graph:
    """The one graph of a model that looks at a photo through a view."""
    return Graph(
        name="main",
        net=net,
        inputs=(TensorSpec("image", (1, 3, view.size, view.size)),),
        outputs=(output,),
        example=lambda pixels: {"image": mosaic(pixels, view)},
    )
