"""A trained trigger, opened from its checkpoint with all that another recipe must know of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nitido.bundle.manifest import View
from nitido_train import checkpoint
from nitido_train.checkpoint import Provenance
from nitido_train.errors import TrainingDataError
from nitido_train.nets.trigger import TriggerConfig, TriggerNet

RECIPES = ("trigger", "trigger_lite", "trigger_finetune")
"""What makes triggers."""


@dataclass(frozen=True, eq=False)
class TrainedTrigger:
    """A network in evaluation mode, how it looks at photos, and which enhancer its labels were made with."""

    net: TriggerNet
    view: View
    enhancers: dict[str, str]
    """Identities of the models: ``restore`` and ``upscale``."""
    precision: float
    """What its thresholds were chosen for."""
    id: str
    provenance: Provenance


def open_trigger(file: Path) -> TrainedTrigger:
    """Open a checkpoint of one of RECIPES. Raises TrainingDataError for any other file."""
    try:
        provenance = checkpoint.load_provenance(file)
        config = provenance.config
        view, enhancers, precision = View(**config["view"]), dict(config["enhancers"]), config["precision"]
    except (OSError, TypeError, ValueError, KeyError) as error:
        raise TrainingDataError(
            f"expected a trigger in {file} with its history in {file.with_suffix('.json')}, got no {error}; "
            "train it with nitido_train.recipes.trigger"
        ) from error
    if provenance.recipe not in RECIPES:
        raise TrainingDataError(
            f"expected a checkpoint of {', '.join(RECIPES)} in {file}, got one of {provenance.recipe}; "
            "name a trigger's checkpoint"
        )
    net = TriggerNet(TriggerConfig(**provenance.network))
    checkpoint.load_weights(net, file)
    net.eval()
    return TrainedTrigger(net, view, enhancers, precision, checkpoint.identity(file), provenance)
