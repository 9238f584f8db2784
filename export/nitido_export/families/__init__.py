"""How each family of networks becomes a model to export, by the recipe that trained it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nitido_export.checkpoints import read_provenance
from nitido_export.errors import CheckpointMismatch
from nitido_export.families.blind import blind_upscaler
from nitido_export.families.colorizer import colorizer
from nitido_export.families.detector import face_detector
from nitido_export.families.downscaler import downscaler
from nitido_export.families.restorer import restorer
from nitido_export.families.upscalers import face_upscaler, upscaler
from nitido_export.families.video import video_upscaler
from nitido_export.families.viewers import distribution_scorer, rank_scorer, trigger
from nitido_export.graphs import Model
from nitido_train.checkpoint import Provenance

FAMILIES: dict[str, Callable[[Path, Provenance], Model]] = {
    "sr": upscaler,
    "sr_qat": upscaler,
    "sr_sharp": upscaler,
    "blind": blind_upscaler,
    "restore": restorer,
    "face": face_upscaler,
    "yunet": face_detector,
    "trigger": trigger,
    "trigger_lite": trigger,
    "trigger_finetune": trigger,
    "scorer_nima": distribution_scorer,
    "scorer_rank": rank_scorer,
    "colorize": colorizer,
    "downscale": downscaler,
    "video": video_upscaler,
}
"""By recipe. Recipes that are not here make parts of other models."""


def open_model(file: Path) -> Model:
    """Read a checkpoint and its provenance; the name of the file is the name of the model."""
    provenance = read_provenance(file)
    if provenance.recipe not in FAMILIES:
        raise CheckpointMismatch(
            f"expected a checkpoint of a recipe among {', '.join(FAMILIES)}, "
            f"got {file} of the recipe {provenance.recipe!r}; bundles hold it only as a part of those"
        )
    return FAMILIES[provenance.recipe](file, provenance)
