"""Codec-aware downscalers: quarters of luma and a wish to luma."""

from __future__ import annotations

import math
from pathlib import Path

from nitido.bundle.manifest import DownscaleTask, TensorSpec
from nitido.chroma import luma_of
from nitido.photo.model import Pixels
from nitido.sharing.grid import grid_of, quarters
from nitido.sharing.wish import COUNT, Wish, weights_of
from nitido_export.checkpoints import fill
from nitido_export.errors import CheckpointMismatch
from nitido_export.graphs import Graph, Model, Values
from nitido_train import checkpoint
from nitido_train.checkpoint import Provenance
from nitido_train.nets.downscale import DownscaleConfig, DownscaleNet

TILE = 512
"""Preferred side of tiles, and of builds whose shapes are fixed a quarter of it."""


def downscaler(file: Path, provenance: Provenance) -> Model:
    """Family ``downscale``. Raises CheckpointMismatch for kind c, whose offsets the sdk does not make."""
    config = DownscaleConfig(**provenance.network)
    if config.kind == "c":
        raise CheckpointMismatch(
            f"expected a downscaling network of kind a, b or d in {file}, got c, which needs offsets that "
            f"Nitido's runtime does not make; train another with nitido_train.recipes.downscale --kind a"
        )
    net = fill(lambda: DownscaleNet(config), file)
    main = Graph(
        name="main",
        net=net,
        inputs=(
            TensorSpec("quarters", (1, 4, None, None)),
            TensorSpec("wish", (1, COUNT), layout="NC"),
        ),
        outputs=(TensorSpec("luma", (1, 1, None, None)),),
        example=lambda pixels: _example(pixels, detail=0.5),
        vary=lambda pixels, rng: _example(pixels, detail=float(rng.uniform())),
        side=TILE // 4,
        multiple=config.stride,
    )
    return Model(
        name=file.stem,
        id=checkpoint.identity(file),
        description="Makes photos small so that, compressed and enlarged again, they look best.",
        task=DownscaleTask(
            halo=math.ceil(net.receptive_radius / config.stride) * config.stride,
            tile=TILE,
            multiple=config.stride,
        ),
        graphs=(main,),
        provenance=provenance,
    )


def _example(pixels: Pixels, detail: float) -> Values:
    """A crop's own luma as each place's quarters: as large as the crop, twice as large as it was made for."""
    luma = luma_of(pixels)
    seen = quarters(grid_of(luma, luma.shape))
    wish = Wish(weights_of(detail), "jpeg", 75, 0.5)
    return {"quarters": seen, "wish": wish.vector()}
