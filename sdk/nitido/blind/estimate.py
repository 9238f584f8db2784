"""What an estimate of a kernel may cost, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass

from nitido.blind.judge import Latents
from nitido.blind.shape import Kernel, KernelShape

SEEN = 0.5
"""Grey levels (RMS) of error that start to be seen: what deltas are measured against."""
UNSURE = 0.25
"""Confidence below which a photo's kernel is taken to be bicubic."""


@dataclass(frozen=True)
class Effort:
    """What an estimate may cost."""

    crops: int = 6
    kept: int = 3
    """Starts that are refined, each of another family or far from the others."""
    rounds: int = 3
    """Of refinement of the best at most; 0 takes the best start as it is."""
    step: float = 0.3
    """First step in the coordinates of a shape: 0.3 is 35 % of an extent."""
    enough: float = 0.25
    """Predicted delta in grey levels (RMS) below which the search ends."""


@dataclass(frozen=True, eq=False)
class KernelEstimate:
    """The kernel that seems to have made a photo small."""

    scale: int
    shape: KernelShape
    kernel: Kernel
    latent: Latents
    before: float
    """Predicted error in grey levels (RMS) with the bicubic kernel that plain upscalers assume."""
    after: float
    """The same with this kernel."""
    iterations: int
    """Rounds of refinement."""
    confidence: float
    """0 to 1: how much of the error of a typical wrong kernel the predicted one is free of."""
    judged: int
    """Kernels that were tried."""
    note: str = ""
    """What a user should know: why the kernel is not an estimate at all."""
