"""The targets that a network can be exported to: plain data, one line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nitido_export.errors import TargetUnknown


@dataclass(frozen=True)
class Target:
    """A named kind of build, and how close to torch it must compute."""

    name: str
    runtime: Literal["onnx", "litert"]
    dtype: Literal["fp32"]
    min_psnr_db: float
    """Images: peak signal-to-noise ratio to torch's output, on the worst photo."""
    max_abs: float
    """Vectors: largest difference to torch's output, on any photo."""


# Float32 builds differ from torch only by the order of additions, which measures 120 dB and more; 90 dB is an
# error of 0.008 grey levels (RMS), so that only pixels on the very edge between two grey levels can flip.
TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("onnx-fp32", "onnx", "fp32", min_psnr_db=90.0, max_abs=1e-4),
        Target("litert-fp32", "litert", "fp32", min_psnr_db=90.0, max_abs=1e-4),
    )
}


def find(names: list[str] | None = None) -> tuple[Target, ...]:
    """The targets of these names, or all; an unknown name is an error."""
    unknown = [name for name in names or () if name not in TARGETS]
    if unknown:
        raise TargetUnknown(f"expected targets among {', '.join(TARGETS)}, got {', '.join(unknown)}")
    return tuple(TARGETS[name] for name in names or TARGETS)
