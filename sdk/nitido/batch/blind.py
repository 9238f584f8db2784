"""What a folder run does to upscale one photo blindly, and what it says of the kernel that it found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nitido.batch.jobs import upscaling
from nitido.batch.run import Done, Work
from nitido.blind import BlindEnlarger, Kernel, KernelEstimate, Stroke, read_strokes
from nitido.errors import InvalidOption
from nitido.photo.atomic import atomic_write
from nitido.sizes import Size

_ZOOM = 12


def blindly_upscaling(
    enlarger: BlindEnlarger, size: Size, *, show: bool = False, max_megapixels: float = 200.0
) -> Work:
    """Work that enlarges every photo as the kernel found for it demands.

    With ``show``, a picture of the kernel is saved beside the result, ``big.png`` and ``big.kernel.png``.
    """
    heard: list[KernelEstimate] = []
    enlarger.on_estimate = heard.append
    plain = upscaling(enlarger, size, max_megapixels=max_megapixels)

    def work(source: Path, destination: Path, overwrite: bool) -> Done:
        heard.clear()
        done = plain(source, destination, overwrite)
        if not heard:
            return done
        (estimate,) = heard
        if show:
            with atomic_write(destination.with_name(f"{destination.stem}.kernel.png"), overwrite) as file:
                drawn(estimate.kernel).save(file, "PNG")
        details = {**done.details, "kernel": facts(estimate)}
        return replace(done, reason=f"{done.reason}; kernel: {told(estimate)}", details=details)

    return work


def read_kernel(file: str) -> NDArray[Any]:
    """A kernel that ``numpy.save`` wrote. Raises InvalidOption."""
    try:
        kernel = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InvalidOption(f"expected a kernel saved by numpy.save in {file}, got: {error}") from error
    if not isinstance(kernel, np.ndarray) or kernel.dtype.kind not in "fiu":
        raise InvalidOption(
            f"expected one array of numbers in {file}, got {kernel!r:.80}; save the kernel alone"
        )
    return kernel


def read_brush(file: str) -> tuple[Stroke, ...]:
    """The strokes of a JSON file. Raises InvalidOption."""
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidOption(f"expected brush strokes in {file}, got: {error}; check its name") from error
    return read_strokes(text)


def told(estimate: KernelEstimate) -> str:
    """What was found, in words; or why nothing was."""
    return estimate.note or f"{estimate.shape}, confidence {estimate.confidence:.2f}"


def facts(estimate: KernelEstimate) -> dict[str, Any]:
    """What a program wants to know of an estimate; the journal keeps it."""
    figures = {
        "long": estimate.shape.long,
        "short": estimate.shape.short,
        "angle": estimate.shape.angle,
        "before": estimate.before,
        "after": estimate.after,
        "confidence": estimate.confidence,
    }
    return {
        "family": estimate.shape.family,
        **{name: round(value, 4) for name, value in figures.items()},
        "iterations": estimate.iterations,
        "note": estimate.note,
    }


def drawn(kernel: Kernel) -> Image.Image:
    """A picture of a kernel; zero is mid-grey where the kernel has negative parts, else black."""
    top, bottom = float(kernel.max()), min(float(kernel.min()), 0.0)
    grey = np.rint(255 * (kernel - bottom) / (top - bottom)).astype(np.uint8)
    return Image.fromarray(grey.repeat(_ZOOM, 0).repeat(_ZOOM, 1))
