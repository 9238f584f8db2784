"""Blind upscalers: the generator, and beside it the mapping of kernels and the judge that a search runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nitido.blind.shape import SIDE
from nitido.bundle.manifest import BlindTask, TensorSpec
from nitido.photo.model import Pixels
from nitido_export.checkpoints import fill
from nitido_export.errors import CheckpointMismatch
from nitido_export.graphs import FREE_IMAGE, Graph, Model, Values
from nitido_train import checkpoint
from nitido_train.blind_pairs import bank
from nitido_train.checkpoint import Provenance
from nitido_train.nets.blind import BlindConfig, BlindNet, KernelMapping

CELL = 64
"""Side of the crops that kernels are judged on: as large as those that the judge was trained on."""


class _Judged(nn.Module):
    """The generator up to its last features, and the judge of them, as one graph."""

    def __init__(self, net: BlindNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor, degradation: Tensor) -> Tensor:
        return self.net.judged(image, degradation)


def blind_upscaler(file: Path, provenance: Provenance) -> Model:
    """Family ``blind``: a photo and a map of latents to the enlarged photo, or to what is wrong with it."""
    if "spearman" not in provenance.measured:
        raise CheckpointMismatch(
            f"expected {file} to hold a trained judge, got a generator alone; train it with "
            f"nitido_train.recipes.blind --phase judge"
        )
    config = BlindConfig(**provenance.network)
    net = fill(lambda: BlindNet(config), file)
    free_map = TensorSpec("degradation", (1, config.latent, None, None))
    image = TensorSpec("image", FREE_IMAGE)

    def example(pixels: Pixels) -> Values:
        return {"image": pixels, "degradation": _ramp(net.mapping, config, *pixels.shape[:2])}

    main = Graph(
        name="main",
        net=net.generator,
        inputs=(image, free_map),
        outputs=(TensorSpec("upscaled", FREE_IMAGE),),
        example=example,
        side=CELL,
    )
    kernel = Graph(
        name="kernel",
        net=net.mapping,
        inputs=(TensorSpec("kernel", (1, SIDE * SIDE), layout="NC"),),
        outputs=(TensorSpec("latent", (1, config.latent), layout="NC"),),
        example=lambda pixels: {"kernel": bank(config.scale, 1)[0].numpy()},
        floats=True,
    )
    judge = Graph(
        name="judge",
        net=_Judged(net),
        inputs=(image, free_map),
        outputs=(TensorSpec("delta", (1, config.scale**2, None, None)),),
        example=example,
        side=CELL,
    )
    return Model(
        name=file.stem,
        id=checkpoint.identity(file),
        description=f"Enlarges a photo {config.scale} times that was made small in an unknown way.",
        task=BlindTask(
            scale=config.scale,
            halo=net.generator.receptive_radius,
            tile=1024 // config.scale,
            latent=config.latent,
            cell=CELL,
        ),
        graphs=(main, kernel, judge),
        provenance=provenance,
    )


def _ramp(mapping: KernelMapping, config: BlindConfig, height: int, width: int) -> NDArray[np.float32]:
    """(height, width, latent): from one kernel at the left to another at the right."""
    with torch.inference_mode():
        left, right = mapping(bank(config.scale, 2)).numpy()
    share = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    return np.ascontiguousarray(
        np.broadcast_to(left + share * (right - left), (height, width, config.latent))
    )
