"""The targets that a network can be exported to: plain data, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nitido_export.errors import TargetUnknown

DType = Literal["fp32", "fp16", "w8a8", "w8a16"]
"""What weights (w) and activations (a) are stored in: floats, or whole numbers of so many bits."""


@dataclass(frozen=True)
class Target:
    """A named kind of build, and how close to torch it must compute."""

    name: str
    runtime: Literal["onnx", "litert"]
    dtype: DType
    min_psnr_db: float
    """Images: peak signal-to-noise ratio to torch's output, on the worst photo."""
    max_abs: float
    """Vectors: largest difference to torch's output, on any photo."""
    max_share: float = 0.0
    """Vectors: the same as a share of the range of torch's outputs over photos; the larger limit counts."""

    @property
    def calibrated(self) -> bool:
        """Whether converting needs to know the ranges of activations."""
        return self.dtype in ("w8a8", "w8a16")


# Float32 builds differ from torch only by the order of additions, which measures 120 dB and more; 90 dB is an
# error of 0.008 grey levels (RMS), so that only pixels on the very edge between two grey levels can flip.
# At 65 dB the error is an eighth of a grey level, at 50 dB less than one, and at 40 dB two and a half, which
# no one sees but next to the original.
TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("onnx-fp32", "onnx", "fp32", min_psnr_db=90.0, max_abs=1e-4),
        Target("litert-fp32", "litert", "fp32", min_psnr_db=90.0, max_abs=1e-4),
        Target("onnx-fp16", "onnx", "fp16", min_psnr_db=65.0, max_abs=1e-4, max_share=0.005),
        Target("litert-fp16", "litert", "fp16", min_psnr_db=65.0, max_abs=1e-4, max_share=0.005),
        Target("onnx-w8a8", "onnx", "w8a8", min_psnr_db=40.0, max_abs=1e-4, max_share=0.02),
        Target("litert-w8a8", "litert", "w8a8", min_psnr_db=40.0, max_abs=1e-4, max_share=0.02),
        Target("litert-w8a16", "litert", "w8a16", min_psnr_db=50.0, max_abs=1e-4, max_share=0.02),
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


def find(names: Sequence[str] | None = None, recipe: str = "") -> tuple[Target, ...]:
    """The targets of these names, or those of a recipe's models; an unknown name is an error."""
    unknown = [name for name in names or () if name not in TARGETS]
    if unknown:
        raise TargetUnknown(f"expected targets among {', '.join(TARGETS)}, got {', '.join(unknown)}")
    return tuple(TARGETS[name] for name in names or (*EVERYWHERE, *MORE.get(recipe, ())))
