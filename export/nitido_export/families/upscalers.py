"""Networks that enlarge: photos two to four times, faces eight times."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from nitido.bundle.manifest import TensorSpec, UpscaleTask
from nitido_export.checkpoints import fill
from nitido_export.graphs import FREE_IMAGE, Graph, Model
from nitido_train import checkpoint
from nitido_train.checkpoint import Provenance
from nitido_train.nets.face import SCALE, FaceConfig, FaceNet
from nitido_train.nets.sr import SrConfig, SrNet

_SOUND = 16
"""Width of networks that 8-bit weights leave at 50 dB to torch. In wider, deeper ones what rounding loses in
the first layers grows in all that follow: 42 to 47 dB."""


def upscaler(file: Path, provenance: Provenance) -> Model:
    """Families ``sr``, ``sr_sharp``: one graph, image to image ``scale`` times larger."""
    net = fill(lambda: SrNet(SrConfig(**provenance.network)), file)
    scale = net.config.scale
    sharp = "crisper, but less true to the photo, than its plain sibling"
    plain = "with sharper detail than bicubic interpolation"
    look = sharp if provenance.recipe == "sr_sharp" else plain
    does = f"Enlarges a clean photo {scale} times, {look}."
    if provenance.config.get("joint"):  # of ``recipes.downscale``
        does = f"Enlarges {scale} times what its downscaler made small and a codec compressed."
    first = {"head", *(f"body.{number}" for number in range(net.config.depth // 2))}
    finest = frozenset(first if net.config.width > _SOUND else ())
    return _enlarging(file, provenance, net, scale, net.receptive_radius, side=128, does=does, finest=finest)


def face_upscaler(file: Path, provenance: Provenance) -> Model:
    """Family ``face``: one graph, image to image eight times larger."""
    net = fill(lambda: FaceNet(FaceConfig(**provenance.network)), file)
    does = f"Enlarges faces of 10 to 32 pixels {SCALE} times."
    return _enlarging(file, provenance, net, SCALE, net.receptive_radius, side=48, does=does)


def _enlarging(
    file: Path,
    provenance: Provenance,
    net: nn.Module,
    scale: int,
    halo: int,
    *,
    side: int,
    does: str,
    finest: frozenset[str] = frozenset(),
) -> Model:
    main = Graph(
        name="main",
        net=net,
        inputs=(TensorSpec("image", FREE_IMAGE),),
        outputs=(TensorSpec("upscaled", FREE_IMAGE),),
        example=lambda pixels: {"image": pixels},
        side=side,
        finest=finest,
        ranges={layer: (low, high) for layer, (low, high) in provenance.ranges.items()},
    )
    return Model(
        name=file.stem,
        id=checkpoint.identity(file),
        description=does,
        # 1024 pixels a side of the result: x2, x3 and x4 measured 190, 110 and 110 MB beside the photo.
        task=UpscaleTask(scale=scale, halo=halo, tile=1024 // scale),
        graphs=(main,),
        provenance=provenance,
    )
