"""Which of a network's paths enlarges a frame: heights are names of ratios, not of exact sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nitido.bundle.manifest import VideoTask
from nitido.errors import InvalidOption

_EXACT = 1e-6


@dataclass(frozen=True)
class Path:
    """How frames of one size become one target."""

    source: int
    """Height that names the encoder."""
    target: int
    """Height that names the decoder."""
    made: tuple[int, int]
    """Height and width of what the network makes of the frame."""
    size: tuple[int, int]
    """Height and width of the result, even."""


def choose(task: VideoTask, height: int, width: int, targets: Sequence[int]) -> dict[int, Path]:
    """The paths for frames of a size to targets, named by their shorter side, all from one encoder.

    Of those that enlarge enough, the ones that enlarge least; the result is shrunk to size where they enlarge
    too much. Raises InvalidOption for a target that is not above the frame, or out of reach.
    """
    short = min(height, width)
    for target in targets:
        if target <= short:
            raise InvalidOption(
                f"expected targets above the frame's {width}x{height}, got {target}; choose a larger one"
            )
    options = []
    for source in task.sources:
        chosen = {target: _decoder(task, source, target / short) for target in targets}
        if None not in chosen.values():
            found = {target: decoder for target, decoder in chosen.items() if decoder is not None}
            excess = sum(ratio(task, source, t) * short / target for target, t in found.items())
            options.append((round(excess, 6), abs(math.log(source / short)), source, found))
    if not options:
        most = max(ratio(task, s, t) for s in task.sources for t in task.targets)
        raise InvalidOption(
            f"expected targets up to {most:g} times the frame's {width}x{height}, got "
            f"{', '.join(map(str, targets))}; choose a smaller one"
        )
    *_, source, found = min(options, key=lambda option: option[:2])
    paths = {}
    for target, decoder in found.items():
        scale = ratio(task, source, decoder)
        made = round(height * scale), round(width * scale)
        paths[target] = Path(source, decoder, made, _even(height, width, target / short))
    return paths


def ratio(task: VideoTask, source: int, target: int) -> float:
    """How many times larger a decoder's result is than an encoder's frame."""
    return task.cells[str(target)] / task.cells[str(source)]


def _decoder(task: VideoTask, source: int, wanted: float) -> int | None:
    """The target from a source that enlarges least, but enough; None when none does."""
    enough = [t for t in task.targets if t > source and ratio(task, source, t) >= wanted * (1 - _EXACT)]
    return min(enough, key=lambda t: ratio(task, source, t), default=None)


def _even(height: int, width: int, scale: float) -> tuple[int, int]:
    """Codecs with chroma of half the size take nothing else."""
    return 2 * round(height * scale / 2), 2 * round(width * scale / 2)
