"""Upscaling of photos that were made small in an unknown way, which may differ over the photo."""

from nitido.blind.brush import Stroke, read_strokes, write_strokes
from nitido.blind.degradation import KernelMap
from nitido.blind.enlarger import BlindEnlarger
from nitido.blind.estimate import Effort, KernelEstimate
from nitido.blind.shape import Kernel, KernelShape
from nitido.blind.upscaler import BlindUpscaler

__all__ = [
    "BlindEnlarger",
    "BlindUpscaler",
    "Effort",
    "Kernel",
    "KernelEstimate",
    "KernelMap",
    "KernelShape",
    "Stroke",
    "read_strokes",
    "write_strokes",
]
