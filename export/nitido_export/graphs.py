"""How each family of networks becomes named graphs, each with its tensors and an example from a photo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor, nn

from nitido.blur import Blur, apply_filter, grid, inverse_filter, noise_sigma, spectrum
from nitido.bundle.manifest import RestoreTask, ScoreTask, Task, TensorSpec, TriggerTask, UpscaleTask, View
from nitido.cues import CUES, look
from nitido.deblock import deblock, standard_steps
from nitido.photo.model import Pixels
from nitido.view import mosaic
from nitido_export.errors import CheckpointMismatch, CheckpointMissing
from nitido_train import checkpoint
from nitido_train.checkpoint import Provenance
from nitido_train.degrade import FACTORS
from nitido_train.nets.blur import CONFIDENCE, SPACE, BlurConfig, BlurNet
from nitido_train.nets.nima import NimaConfig, NimaNet
from nitido_train.nets.ranker import RankConfig, RankNet
from nitido_train.nets.restore import RestoreConfig, RestoreNet
from nitido_train.nets.sr import SrConfig, SrNet
from nitido_train.nets.trigger import OUTPUTS, TriggerConfig, TriggerNet

Values = Mapping[str, NDArray[Any]]
"""Tensors by name as golden vectors store them: images uint8 (H, W, 3), vectors float32 without batch."""

Net = TypeVar("Net", bound=nn.Module)
UPSCALE_BELOW = 1600
"""Long side in pixels from which a photo has as many as a phone's screen can show of it."""
_FREE_IMAGE = (1, 3, None, None)


@dataclass(frozen=True)
class Graph:
    """A network with names for what goes in and out, as torch sees it: NCHW or NC, float32, batch of one."""

    name: str
    """``main``, or what a helper network is called in the task."""
    net: nn.Module
    inputs: tuple[TensorSpec, ...]
    """In the order of ``net.forward``; None is a side that may vary."""
    outputs: tuple[TensorSpec, ...]
    example: Callable[[Pixels], Values]
    """Inputs made from a photo, or from a crop of one when the graph has a ``side``."""
    side: int | None = None
    """Side of the square crops of golden vectors, and of builds whose shapes are fixed."""
    multiple: int = 1
    """Free sides must be multiples of this."""

    def zeros(self) -> tuple[Tensor, ...]:
        """Inputs of a size that every target takes, to trace the network with."""
        return tuple(torch.zeros([n or self.side or 1 for n in spec.shape]) for spec in self.inputs)


@dataclass(frozen=True)
class Model:
    """A checkpoint that is ready to export: its task, graphs and history, but no files yet."""

    name: str
    id: str
    description: str
    task: Task
    graphs: tuple[Graph, ...]
    provenance: Provenance
    parts: Mapping[str, Provenance] = field(default_factory=dict)
    """History of the helper networks, by graph."""


def open_model(file: Path) -> Model:
    """Read a checkpoint and its provenance; the name of the file is the name of the model."""
    provenance = read_provenance(file)
    if provenance.recipe not in FAMILIES:
        raise CheckpointMismatch(
            f"expected a checkpoint of a recipe among {', '.join(FAMILIES)}, "
            f"got {file} of the recipe {provenance.recipe!r}; bundles hold it only as a part of those"
        )
    return FAMILIES[provenance.recipe](file, provenance)


def read_provenance(file: Path) -> Provenance:
    """The history beside a checkpoint."""
    for needed in (file, file.with_suffix(".json")):
        if not needed.is_file():
            raise CheckpointMissing(f"expected a checkpoint and its .json, found no {needed}; train it first")
    try:
        return checkpoint.load_provenance(file)
    except (TypeError, ValueError) as error:
        raise CheckpointMismatch(f"expected provenance in {file.with_suffix('.json')}: {error}") from error


def _fill(make: Callable[[], Net], file: Path) -> Net:
    """The network that provenance describes, with the weights of ``file``."""
    try:
        net = make()
        checkpoint.load_weights(net, file)
    except (TypeError, ValueError, SafetensorError) as error:
        raise CheckpointMismatch(
            f"{file} does not hold the network that its .json describes ({error}); keep the two together"
        ) from error
    return net.eval().requires_grad_(False)


def upscaler(file: Path, provenance: Provenance) -> Model:
    """Family ``sr``: one graph, image to image ``scale`` times larger."""
    net = _fill(lambda: SrNet(SrConfig(**provenance.network)), file)
    scale = net.config.scale
    main = Graph(
        name="main",
        net=net,
        inputs=(TensorSpec("image", _FREE_IMAGE),),
        outputs=(TensorSpec("upscaled", _FREE_IMAGE),),
        example=lambda pixels: {"image": pixels},
        side=128,
    )
    return Model(
        name=file.stem,
        id=checkpoint.identity(file),
        description=f"Enlarges a clean photo {scale} times, with sharper detail than bicubic interpolation.",
        # 1024 pixels a side of the result: x2, x3 and x4 measured 190, 110 and 110 MB beside the photo.
        task=UpscaleTask(scale=scale, halo=net.receptive_radius, tile=1024 // scale),
        graphs=(main,),
        provenance=provenance,
    )


def restorer(file: Path, provenance: Provenance) -> Model:
    """Family ``restore``: the restoration network, and the blur estimator whose checkpoint lies beside it."""
    net = _fill(lambda: RestoreNet(RestoreConfig(**provenance.network)), file)
    estimator = file.with_name("blur.safetensors")
    blur = read_provenance(estimator)
    blur_net = _fill(lambda: BlurNet(BlurConfig(**blur.network)), estimator)
    main = Graph(
        name="main",
        net=net,
        inputs=(
            TensorSpec("image", _FREE_IMAGE),
            TensorSpec("deblurred", _FREE_IMAGE),
            TensorSpec("deblocked", _FREE_IMAGE),
            TensorSpec("strength", (1, len(FACTORS)), layout="NC"),
        ),
        outputs=(TensorSpec("restored", _FREE_IMAGE),),
        example=_restorer_example,
        side=384,
        multiple=8,
    )
    bins = SPACE.window * (SPACE.window // 2 + 1)
    estimate = Graph(
        name="blur",
        net=blur_net,
        inputs=(TensorSpec("spectrum", (1, bins), layout="NC"),),
        outputs=(TensorSpec("probabilities", (1, len(grid(SPACE))), layout="NC"),),
        example=lambda pixels: {"spectrum": spectrum(pixels, SPACE.window).ravel()},
    )
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
    inverse = inverse_filter(Blur("disc", 1.5).kernel(), noise_sigma(pixels))
    return {
        "image": pixels,
        "deblurred": apply_filter(pixels, inverse),
        "deblocked": deblock(pixels, standard_steps(30)),
        "strength": np.linspace(1, 0.25, len(FACTORS), dtype=np.float32),
    }


def trigger(file: Path, provenance: Provenance) -> Model:
    """Families ``trigger``, ``trigger_lite``, ``trigger_finetune``: a view of a photo to its gains."""
    net = _fill(lambda: TriggerNet(TriggerConfig(**provenance.network)), file)
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
        )
    except (KeyError, TypeError) as error:
        raise CheckpointMismatch(
            f"expected {file.with_suffix('.json')} to hold the trigger's view, thresholds, precision and "
            f"enhancer, got no {error}; train it with nitido_train.recipes.{provenance.recipe}"
        ) from error

    def example(pixels: Pixels) -> Values:
        image, cues = look(pixels, view)
        return {"image": image, "cues": cues}

    main = Graph(
        name="main",
        net=net,
        inputs=(
            TensorSpec("image", (1, 3, view.size, view.size)),
            TensorSpec("cues", (1, len(CUES)), layout="NC"),
        ),
        outputs=(TensorSpec("scores", (1, len(OUTPUTS)), layout="NC"),),
        example=example,
    )
    return Model(
        name=file.stem,
        id=checkpoint.identity(file),
        description=f"Predicts how much a photo would gain from enhancement, {joint} and per factor.",
        task=task,
        graphs=(main,),
        provenance=provenance,
    )


def distribution_scorer(file: Path, provenance: Provenance) -> Model:
    """Family ``scorer_nima``: a mosaic of crops to the shares of the ratings 1 to 10."""
    net = _fill(lambda: NimaNet(NimaConfig(**provenance.network)), file)
    output = TensorSpec("distribution", (1, 10), layout="NC")
    return _scorer(file, provenance, net, output, "Predicts how people's ratings of a photo would spread.")


def rank_scorer(file: Path, provenance: Provenance) -> Model:
    """Family ``scorer_rank``: a mosaic of crops to one score."""
    net = _fill(lambda: RankNet(RankConfig(**provenance.network)), file)
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
    main = Graph(
        name="main",
        net=net,
        inputs=(TensorSpec("image", (1, 3, view.size, view.size)),),
        outputs=(output,),
        example=lambda pixels: {"image": mosaic(pixels, view)},
    )
    return Model(file.stem, checkpoint.identity(file), does, task, (main,), provenance)


FAMILIES: dict[str, Callable[[Path, Provenance], Model]] = {
    "sr": upscaler,
    "restore": restorer,
    "trigger": trigger,
    "trigger_lite": trigger,
    "trigger_finetune": trigger,
    "scorer_nima": distribution_scorer,
    "scorer_rank": rank_scorer,
}
"""By recipe. Recipes that are not here make parts of other models."""
