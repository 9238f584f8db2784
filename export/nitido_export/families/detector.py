"""The face detector: an image to a map for each stride."""

from __future__ import annotations

from pathlib import Path

from nitido.bundle.manifest import FaceTask, TensorSpec
from nitido_export.checkpoints import fill
from nitido_export.graphs import FREE_IMAGE, Graph, Model
from nitido_train import checkpoint
from nitido_train.checkpoint import Provenance
from nitido_train.nets.yunet import CHANNELS, STRIDES, YunetConfig, YunetNet


def face_detector(file: Path, provenance: Provenance) -> Model:
    """Family ``yunet``: an image to a map for each stride."""
    net = fill(lambda: YunetNet(YunetConfig(**provenance.network)), file)
    main = Graph(
        name="main",
        net=net,
        inputs=(TensorSpec("image", FREE_IMAGE),),
        outputs=tuple(TensorSpec(f"stride_{stride}", (1, CHANNELS, None, None)) for stride in STRIDES),
        example=lambda pixels: {"image": pixels},
        side=256,
        multiple=max(STRIDES),
    )
    return Model(
        name=file.stem,
        id=checkpoint.identity(file),
        description="Finds faces: boxes, five landmarks and confidences.",
        task=FaceTask(STRIDES, tile=640, overlap=96, smallest=20.0, confidence=0.75),
        graphs=(main,),
        provenance=provenance,
    )
