"""The targets that a network can be exported to: plain data, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nitido_export.errors import TargetUnknown

Runtime = Literal["onnx", "ort", "litert", "coreml", "qnn"]
DType = Literal["fp32", "fp16", "w8a8", "w8a16", "w8"]
"""What weights (w) and activations (a) are stored in: floats, or whole numbers of so many bits."""
Shapes = Literal["free", "fixed", "listed"]
"""Images of any size, of the tile's size alone, or of each size in ``SIZES``."""

SIZES = ((128, 128), (256, 256), (512, 512), (720, 1280))
"""Height and width of the images that one Core ML file of one image takes; other targets: ``--size``."""
HEXAGONS = {73: "Snapdragon 8 Gen 2", 75: "Snapdragon 8 Gen 3", 79: "Snapdragon 8 Elite"}
"""Generations of Qualcomm's NPU, each of which needs binaries of its own, and a phone's processor with it."""


@dataclass(frozen=True)
class Target:
    """A named kind of build, and how close to torch it must compute."""

    name: str
    runtime: Runtime
    dtype: DType
    shapes: Shapes
    min_psnr_db: float
    """Images: peak signal-to-noise ratio to torch's output, on the worst photo."""
    max_abs: float = 1e-4
    """Vectors: largest difference to torch's output, on any photo."""
    max_share: float = 0.0
    """Vectors: the same as a share of the range of torch's outputs over photos; the larger limit counts."""
    min_rank: float = 0.99
    """Scores: Spearman correlation with torch's over photos."""
    hexagon: int = 0
    """The NPU's generation, for the runtime ``qnn``."""
    greys: bool = False
    """Floats inside, but images go in and come out as uint8 grey levels."""

    @property
    def calibrated(self) -> bool:
        """Whether converting needs to know the ranges of activations."""
        return self.dtype in ("w8a8", "w8a16")


# Float32 builds differ from torch only by the order of additions, which measures 120 dB and more; 90 dB is an
# error of 0.008 grey levels (RMS), so that only pixels on the very edge between two grey levels can flip.
# At 65 dB the error is an eighth of a grey level, at 50 dB less than one, and at 40 dB two and a half, which
# no one sees but next to the original. Core ML's half-float images and those of -u8 come out as 8-bit grey
# levels, whose rounding alone is at 58.9 dB: their limits are what 65 and 90 dB become with that.
TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("onnx-fp32", "onnx", "fp32", "free", 90),
        Target("onnx-fp16", "onnx", "fp16", "free", 65, max_share=0.005),
        Target("onnx-w8a8", "onnx", "w8a8", "free", 40, max_share=0.02),
        Target("ort-fp32", "ort", "fp32", "free", 90),
        Target("litert-fp32", "litert", "fp32", "fixed", 90),
        Target("litert-fp16", "litert", "fp16", "fixed", 65, max_share=0.005),
        Target("litert-fp32-u8", "litert", "fp32", "fixed", 58, greys=True),
        Target("litert-fp16-u8", "litert", "fp16", "fixed", 57, max_share=0.005, greys=True),
        Target("litert-w8a8", "litert", "w8a8", "fixed", 40, max_share=0.02),
        Target("litert-w8a16", "litert", "w8a16", "fixed", 50, max_share=0.02),
        Target("coreml-fp16", "coreml", "fp16", "listed", 57, max_share=0.005),
        Target("coreml-w8", "coreml", "w8", "listed", 40, max_share=0.02),
        *(Target(f"qnn-fp16-v{v}", "qnn", "fp16", "fixed", 65, max_share=0.005, hexagon=v) for v in HEXAGONS),
        *(Target(f"qnn-w8a8-v{v}", "qnn", "w8a8", "fixed", 40, max_share=0.02, hexagon=v) for v in HEXAGONS),
        *(
            Target(f"qnn-w8a16-v{v}", "qnn", "w8a16", "fixed", 50, max_share=0.02, hexagon=v)
            for v in HEXAGONS
        ),
    )
}

EVERYWHERE = ("onnx-fp32", "litert-fp32")
"""What every model is exported to unless told otherwise."""
MORE = {
    "sr": ("onnx-w8a8", "litert-w8a8"),
    "sr_qat": ("onnx-w8a8", "litert-w8a8"),
    "sr_sharp": ("onnx-w8a8", "litert-w8a8"),
}
"""What is exported beside, by recipe; the order is that in which a runtime's builds are chosen from."""
_HALVES = ("onnx-fp32", "litert-fp16")
"""Half floats in LiteRT: nothing is lost of checkpoints that store them, and little of the restorer's."""
PACKAGED = {
    "sr": (*_HALVES, *MORE["sr"]),
    "sr_sharp": _HALVES,
    "restore": _HALVES,
    "colorize": ("onnx-fp32",),
    "face": ("onnx-fp32",),
    "trigger": _HALVES,
    "trigger_finetune": _HALVES,
    "trigger_lite": _HALVES,
    "scorer_nima": ("onnx-fp32",),
    "scorer_rank": (),
    "video": ("onnx-fp32", "onnx-w8a8", "litert-fp16"),
    "blind": ("onnx-fp32",),
    "downscale": _HALVES,
}
"""What the zoo has of these recipes' models instead: the wheel stays below 40 MB."""
SHIPPED = ("onnx", "litert")
"""Runtimes whose builds the wheel may carry; ``nitido-export release`` writes all of them."""


def find(names: Sequence[str] | None = None, recipe: str = "") -> tuple[Target, ...]:
    """The targets of these names, or those of a recipe's models; an unknown name is an error.

    ``qnn-w8a8`` stands for one target for each generation of the NPU.
    """
    found: list[Target] = []
    for name in names or (*EVERYWHERE, *MORE.get(recipe, ())):
        meant = [t for t in TARGETS.values() if name in (t.name, t.name.removesuffix(f"-v{t.hexagon}"))]
        if not meant:
            raise TargetUnknown(f"expected targets among {', '.join(TARGETS)}, got {name}")
        found += [target for target in meant if target not in found]
    return tuple(found)
