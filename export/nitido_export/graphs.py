"""How each family of networks becomes named graphs, each with its tensors and an example from a photo."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor, nn

from nitido.blur import Blur, apply_filter, grid, inverse_filter, noise_sigma, spectrum
from nitido.bundle.manifest import (
    ColorizeTask,
    FaceTask,
    RestoreTask,
    ScoreTask,
    Task,
    TensorSpec,
    TriggerTask,
    UpscaleTask,
    View,
)
from nitido.chroma import fitted, luma_of
from nitido.cues import CUES, look
from nitido.deblock import deblock, find_steps, standard_steps
from nitido.photo.model import Pixels
from nitido.view import mosaic
from nitido_export.errors import CheckpointMismatch, CheckpointMissing
from nitido_train import checkpoint
from nitido_train.checkpoint import Provenance
from nitido_train.degrade import FACTORS, degrade, random_degradation
from nitido_train.nets.blur import CONFIDENCE, SPACE, BlurConfig, BlurNet
from nitido_train.nets.colorize import BLOCK, ColorizeConfig, ColorizeNet
from nitido_train.nets.face import SCALE, FaceConfig, FaceNet
from nitido_train.nets.nima import NimaConfig, NimaNet
from nitido_train.nets.ranker import RankConfig, RankNet
from nitido_train.nets.restore import RestoreConfig, RestoreNet
from nitido_train.nets.sr import SrConfig, SrNet
from nitido_train.nets.trigger import OUTPUTS, TriggerConfig, TriggerNet
from nitido_train.nets.yunet import CHANNELS, STRIDES, YunetConfig, YunetNet

Values = Mapping[str, NDArray[Any]]
"""Tensors by name as golden vectors store them: images uint8 (H, W, 3), vectors float32 without batch."""

Range = tuple[float, float]
"""The smallest and the largest value that a tensor is taken to hold."""

Net = TypeVar("Net", bound=nn.Module)
UPSCALE_BELOW = 1600
"""Long side in pixels from which a photo has as many as a phone's screen can show of it."""
_FREE_IMAGE = (1, 3, None, None)


@dataclass(frozen=True, eq=False)
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
    vary: Callable[..., Values] | None = None
    """Inputs as they may be beside ``example``, to calibrate with: ``vary(pixels, rng=rng)``."""
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """What comes out of layers (after their ReLU), where a training for 8 bits has fixed it."""
    floats: bool = False
    """Too small to gain from fewer bits: stays in float32 whatever the target."""

    def zeros(self) -> tuple[Tensor, ...]:
        """Inputs of a size that every target takes, to trace the network with."""
        return tuple(
            torch.zeros([n or self.side or 1 for n in spec.shape], dtype=getattr(torch, spec.dtype))
            for spec in self.inputs
        )

    def ways(self, rng: np.random.Generator) -> list[Callable[[Pixels], Values]]:
        """All ways to make inputs of a photo, to calibrate with."""
        return [self.example] if self.vary is None else [self.example, partial(self.vary, rng=rng)]

    def half(self) -> Graph:
        """The same in float16."""
        inputs, outputs = (
            tuple(replace(spec, dtype="float16") for spec in specs) for specs in (self.inputs, self.outputs)
        )
        return replace(self, net=copy.deepcopy(self.net).half(), inputs=inputs, outputs=outputs)


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
    """Families ``sr``, ``sr_sharp``: one graph, image to image ``scale`` times larger."""
    net = _fill(lambda: SrNet(SrConfig(**provenance.network)), file)
    scale = net.config.scale
    sharp = "crisper, but less true to the photo, than its plain sibling"
    plain = "with sharper detail than bicubic interpolation"
    look = sharp if provenance.recipe == "sr_sharp" else plain
    main = Graph(
        name="main",
        net=net,
        inputs=(TensorSpec("image", _FREE_IMAGE),),
        outputs=(TensorSpec("upscaled", _FREE_IMAGE),),
        example=lambda pixels: {"image": pixels},
        side=128,
        ranges={layer: (low, high) for layer, (low, high) in provenance.ranges.items()},
    )
    return Model(
        name=file.stem,
        id=checkpoint.identity(file),
        description=f"Enlarges a clean photo {scale} times, {look}.",
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
        vary=_restorer_varied,
    )
    bins = SPACE.window * (SPACE.window // 2 + 1)
    estimate = Graph(
        name="blur",
        net=blur_net,
        inputs=(TensorSpec("spectrum", (1, bins), layout="NC"),),
        outputs=(TensorSpec("probabilities", (1, len(grid(SPACE))), layout="NC"),),
        example=lambda pixels: {"spectrum": spectrum(pixels, SPACE.window).ravel()},
        floats=True,
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


def _restorer_varied(pixels: Pixels, rng: np.random.Generator) -> Values:
    """A photo damaged as in training, what the closed forms make of it, and any strengths."""
    degradation = random_degradation(rng)
    damaged = degrade(pixels, degradation, rng).pixels
    deblurred = damaged
    if degradation.blur.family != "sharp":
        deblurred = apply_filter(damaged, inverse_filter(degradation.blur.kernel(), noise_sigma(damaged)))
    steps = find_steps(damaged)
    return {
        "image": damaged,
        "deblurred": deblurred,
        "deblocked": damaged if steps is None else deblock(damaged, steps),
        "strength": rng.choice([0, 0.5, 1], len(FACTORS), p=[0.2, 0.2, 0.6]).astype(np.float32),
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
    main = _seen_by(net, view, output)
    return Model(file.stem, checkpoint.identity(file), does, task, (main,), provenance)


def colorizer(file: Path, provenance: Provenance) -> Model:
    """Family ``colorize``: a square of luma to the chroma of its cells, and how unsure that is."""
    net = _fill(lambda: ColorizeNet(ColorizeConfig(**provenance.network)), file)
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


def _seen_by(net: nn.Module, view: View, output: TensorSpec) -> Graph:
    """The one graph of a model that looks at a photo through a view."""
    return Graph(
        name="main",
        net=net,
        inputs=(TensorSpec("image", (1, 3, view.size, view.size)),),
        outputs=(output,),
        example=lambda pixels: {"image": mosaic(pixels, view)},
    )


def face_upscaler(file: Path, provenance: Provenance) -> Model:
    """Family ``face``: one graph, image to image eight times larger."""
    net = _fill(lambda: FaceNet(FaceConfig(**provenance.network)), file)
    main = Graph(
        name="main",
        net=net,
        inputs=(TensorSpec("image", _FREE_IMAGE),),
        outputs=(TensorSpec("upscaled", _FREE_IMAGE),),
        example=lambda pixels: {"image": pixels},
        side=48,
    )
    return Model(
        name=file.stem,
        id=checkpoint.identity(file),
        description=f"Enlarges faces of 10 to 32 pixels {SCALE} times.",
        task=UpscaleTask(scale=SCALE, halo=net.receptive_radius, tile=1024 // SCALE),
        graphs=(main,),
        provenance=provenance,
    )


def face_detector(file: Path, provenance: Provenance) -> Model:
    """Family ``yunet``: an image to a map for each stride."""
    net = _fill(lambda: YunetNet(YunetConfig(**provenance.network)), file)
    main = Graph(
        name="main",
        net=net,
        inputs=(TensorSpec("image", _FREE_IMAGE),),
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


FAMILIES: dict[str, Callable[[Path, Provenance], Model]] = {
    "sr": upscaler,
    "sr_qat": upscaler,
    "sr_sharp": upscaler,
    "restore": restorer,
    "face": face_upscaler,
    "yunet": face_detector,
    "trigger": trigger,
    "trigger_lite": trigger,
    "trigger_finetune": trigger,
    "scorer_nima": distribution_scorer,
    "scorer_rank": rank_scorer,
    "colorize": colorizer,
}
"""By recipe. Recipes that are not here make parts of other models."""
