"""The colorizer: a small square of luma to coarse chroma."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nitido.bundle.manifest import ColorizeTask, TensorSpec
from nitido.chroma import fitted, luma_of
from nitido.photo.model import Pixels
from nitido_export.checkpoints import fill
from nitido_export.errors import CheckpointMismatch
from nitido_export.graphs import Graph, Model
from nitido_train import checkpoint
from nitido_train.checkpoint import Provenance
from nitido_train.nets.colorize import BLOCK, ColorizeConfig, ColorizeNet


def colorizer(file: Path, provenance: Provenance) -> Model:
    """Family ``colorize``: a square of luma to the chroma of its cells, and how unsure that is."""
    net = fill(lambda: ColorizeNet(ColorizeConfig(**provenance.network)), file)
    try:
        task = ColorizeTask(side=provenance.config["side"], unsure=provenance.measured["unsure"])
    except KeyError as error:
        raise CheckpointMismatch(
            f"expected {file.with_suffix('.json')} to hold the colorizer's side and what it measured to be "
            f"unsure, got no {error}; train it with nitido_train.recipes.colorize"
        ) from error
    cells = task.side // BLOCK
    main = Graph(
        name="main",
        net=net,
        inputs=(TensorSpec("luma", (1, 1, task.side, task.side)),),
        outputs=(TensorSpec("chroma", (1, 2, cells, cells)), TensorSpec("variance", (1, 1, cells, cells))),
        example=lambda pixels: {"luma": _small_luma(pixels, task.side)},
    )
    does = "Guesses the colours of a greyscale photo, whose luma stays as it is."
    return Model(file.stem, checkpoint.identity(file), does, task, (main,), provenance)


def _small_luma(pixels: Pixels, side: int) -> NDArray[np.float32]:
    """(side, side, 1) in 0..1."""
    luma, _ = fitted(luma_of(pixels), side)
    return luma[..., None].astype(np.float32) / np.float32(255)
