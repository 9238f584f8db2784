"""Adapts a downscaler to a clip (D6): what it is told is tuned on a sample, through the real codec.

No slopes are needed, so that a phone can do it: the wish has a few numbers, each is moved a step up or down
as long as the sample comes out better, and a sample is a few frames.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nitido.clips import Clip, Planes
from nitido.sharing.clip import ClipSharing, smaller
from nitido.sharing.downscaler import Downscaler
from nitido.sharing.wish import weights_of
from nitido.sharing.x264 import through_x264

Plane = NDArray[np.uint8]
SAMPLE = 12
"""Frames in a row that the codec sees together."""
_SKIP = 1.0
"""Seconds at the start of a clip that are passed over: titles, black."""
_STEPS = {"told": 3.0, "detail": 0.25}
"""Of the rate factor that the network is told, and of the slider."""
_LIMITS = {"told": (0.0, 51.0), "detail": (0.0, 1.0)}
_BESIDE = 2
"""Rate factors between which the codec's own exchange of bits and quality is measured."""


@dataclass(frozen=True)
class Adapted:
    """What a clip is shared with."""

    options: ClipSharing
    saved: float
    """Percent of bits at equal quality, on the sample, against what was asked for."""
    tried: int
    """How often the sample was encoded."""


def adapt(source: str | os.PathLike[str], downscaler: Downscaler, options: ClipSharing) -> Adapted:
    """Options with ``told`` and ``detail`` tuned to the clip; what is judged are the weights asked for.

    Raises what ``Clip`` raises.
    """
    frames = sample(source)
    trial = _Trial(frames, downscaler, options)
    best, start = options, trial.cost(options)
    lowest = start
    improved = True
    while improved:
        improved = False
        for name, step in _STEPS.items():
            for way in (-step, step):
                low, high = _LIMITS[name]
                told = name == "told"
                now = best.told_crf if told else best.detail
                value = min(max(now + way, low), high)
                moved = replace(best, told=value) if told else replace(best, detail=value)
                if value != now and (found := trial.cost(moved)) < lowest - 0.002:
                    best, lowest, improved = moved, found, True
                    break
    return Adapted(best, 100 * (start - lowest), trial.count)


def sample(source: str | os.PathLike[str]) -> list[Planes]:
    """Frames in a row, from a second after the start where the clip is long enough."""
    kept: list[Planes] = []
    with Clip(source) as clip:
        skipped = round(_SKIP * clip.info.rate)
        for frame in clip:
            planes = frame.planes
            kept.append(Planes(planes.y.copy(), planes.u.copy(), planes.v.copy()))
            if frame.number >= skipped and len(kept) >= SAMPLE:
                break
            kept = kept[-SAMPLE:]
    return kept[-SAMPLE:]


class _Trial:
    """Costs of options on a sample: the logarithm of bits, plus distortions in what bits buy of them."""

    def __init__(self, frames: Sequence[Planes], downscaler: Downscaler, options: ClipSharing) -> None:
        self._frames, self._downscaler = frames, downscaler
        self._weights = np.array(weights_of(options.detail))
        self._known: dict[ClipSharing, NDArray[np.float64]] = {}
        self.count = 0
        coarse, fine = (
            self._figures(replace(options, crf=min(max(options.crf + way, 0), 51), told=options.told_crf))
            for way in (_BESIDE, -_BESIDE)
        )
        change = np.log(fine / coarse)
        self._worth = np.maximum(-change[1:] / max(change[0], 1e-3), 0.1)

    def cost(self, options: ClipSharing) -> float:
        """Lower is better; a difference of 0.01 is one percent of the bits."""
        figures = np.log(self._figures(options))
        return float(figures[0] + (self._weights / self._worth * figures[1:]).sum())

    def _figures(self, options: ClipSharing) -> NDArray[np.float64]:
        """Bytes, and what the weights weigh: square error, lost structure, difference of edges."""
        if options not in self._known:
            self.count += 1
            small = [smaller(frame, self._downscaler, options) for frame in self._frames]
            decoded, size = through_x264(small, options.crf, options.preset)
            losses = [
                _losses(_enlarged(plane, frame.y.shape), frame.y)
                for plane, frame in zip(decoded[::3], self._frames[::3], strict=True)
            ]
            self._known[options] = np.array([size, *np.mean(losses, axis=0)])
        return self._known[options]


def _losses(seen: Plane, true: Plane) -> tuple[float, float, float]:
    a, b = seen.astype(np.float32), true.astype(np.float32)
    slopes = [np.hypot(*np.gradient(plane)) for plane in (a, b)]
    return (
        float(np.mean((a - b) ** 2)) + 0.1,
        1 - _similarity(a, b) + 1e-3,
        float(np.mean((slopes[0] - slopes[1]) ** 2)) + 0.1,
    )


def _similarity(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """SSIM over blocks of 8 x 8 that do not overlap."""
    height, width = (side // 8 * 8 for side in a.shape)

    def mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        blocks = plane[:height, :width].reshape(height // 8, 8, width // 8, 8)
        means: NDArray[np.float32] = blocks.mean((1, 3))
        return means

    mean_a, mean_b = mean(a), mean(b)
    spread = mean(a * a) - mean_a**2 + mean(b * b) - mean_b**2
    shared = mean(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + 6.5) / (mean_a**2 + mean_b**2 + 6.5)
    return float(np.mean(luminance * (2 * shared + 58.5) / (spread + 58.5)))


def _enlarged(plane: Plane, shape: tuple[int, ...]) -> Plane:
    return np.asarray(Image.fromarray(plane).resize((shape[1], shape[0]), Image.Resampling.BICUBIC))
