"""The restorer: the restoration network, and its estimator of blur as a helper."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nitido.blur import Blur
from nitido.bundle.manifest import RestoreTask, TensorSpec
from nitido.deblock import deblock
from nitido.jpeg_steps import standard_steps
from nitido.photo.model import Pixels
from nitido_export.checkpoints import fill, read_provenance
from nitido_export.families.blur_estimate import blur_estimate
from nitido_export.graphs import FREE_IMAGE, Graph, Model, Values
from nitido_train import checkpoint
from nitido_train.checkpoint import Provenance
from nitido_train.closed_forms import deblocked, deconvolved
from nitido_train.degrade import FACTORS, degrade, random_degradation
from nitido_train.nets.blur import CONFIDENCE, SPACE, BlurConfig, BlurNet
from nitido_train.nets.restore import RestoreConfig, RestoreNet


def restorer(file: Path, provenance: Provenance) -> Model:
    """Family ``restore``: the restoration network, and the blur estimator whose checkpoint lies beside it."""
    net = fill(lambda: RestoreNet(RestoreConfig(**provenance.network)), file)
    estimator = file.with_name("blur.safetensors")
    blur = read_provenance(estimator)
    # In half floats as the triggers have it: half the size, and both see the same blur.
    blur_net = fill(lambda: BlurNet(BlurConfig(**blur.network)), estimator).half().float()
    main = Graph(
        name="main",
        net=net,
        inputs=(
            TensorSpec("image", FREE_IMAGE),
            TensorSpec("deblurred", FREE_IMAGE),
            TensorSpec("deblocked", FREE_IMAGE),
            TensorSpec("strength", (1, len(FACTORS)), layout="NC"),
        ),
        outputs=(TensorSpec("restored", FREE_IMAGE),),
        example=_restorer_example,
        side=384,
        multiple=8,
        vary=_restorer_varied,
        finer=frozenset({"tail"}),  # it sees the photo as it came: in 8 bits 47 dB to torch are all it leaves
    )
    estimate = blur_estimate(blur_net)
    return Model(
        name=file.stem,
        id=checkpoint.identity(file, estimator),
        description="Removes blur, noise, JPEG artifacts and clipped highlights, each as much as asked.",
        task=RestoreTask(
            tuple(FACTORS),
            halo=net.receptive_radius,
            multiple=8,
            tile=512,
            blur=SPACE,
            blur_confidence=CONFIDENCE,
        ),
        graphs=(main, estimate),
        provenance=provenance,
        parts={"blur": blur},
    )


def _restorer_example(pixels: Pixels) -> Values:
    """A blur and a JPEG that the photo need not have, and strengths that are all different."""
    return {
        "image": pixels,
        "deblurred": deconvolved(pixels, Blur("disc", 1.5)),
        "deblocked": deblock(pixels, standard_steps(30)),
        "strength": np.linspace(1, 0.25, len(FACTORS), dtype=np.float32),
    }


def _restorer_varied(pixels: Pixels, rng: np.random.Generator) -> Values:
    """A photo damaged as in training, what the closed forms make of it, and any strengths."""
    degradation = random_degradation(rng)
    damaged = degrade(pixels, degradation, rng).pixels
    return {
        "image": damaged,
        "deblurred": deconvolved(damaged, degradation.blur),
        "deblocked": deblocked(damaged),
        "strength": rng.choice([0, 0.5, 1], len(FACTORS), p=[0.2, 0.2, 0.6]).astype(np.float32),
    }
