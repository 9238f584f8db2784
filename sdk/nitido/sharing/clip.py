"""Makes clips small, frame by frame, on the planes that they are stored in (D9); all else stays as it was."""

from __future__ import annotations

import os
from dataclasses import dataclass

from nitido.clips import Encoding, Planes, Transcoded, transcode
from nitido.clips.transcode import OnFrame
from nitido.errors import InvalidOption
from nitido.sharing.downscaler import Downscaler, Receiver
from nitido.sharing.grid import Shape, resize


@dataclass(frozen=True)
class ClipSharing:
    """How a clip is shared. Raises InvalidOption."""

    lines: int
    """Pixels along the shorter side, at most: 540 for 540p."""
    crf: int = 28
    """Constant rate factor of H.264: 18 is fine, 28 is small."""
    detail: float = 0.0
    """As ``Downscaler`` has it; what is crisper flickers more."""
    receiver: Receiver = "classic"
    told: float | None = None
    """The rate factor that the network is told; None: the true one. ``adapt`` tunes it."""
    preset: str = "medium"
    """Of libx264, from ultrafast to veryslow."""

    @property
    def told_crf(self) -> float:
        """``told``, or the true rate factor."""
        return float(self.crf if self.told is None else self.told)

    def __post_init__(self) -> None:
        """Raises InvalidOption."""
        if self.lines < 2:
            raise InvalidOption(f"expected at least 2 lines, got {self.lines}; as in --to 540p")
        if not 0 <= self.crf <= 51:
            raise InvalidOption(f"expected a constant rate factor from 0 to 51, got {self.crf}; 28 is usual")


def share_clip(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    downscaler: Downscaler,
    options: ClipSharing,
    *,
    overwrite: bool = False,
    on_frame: OnFrame | None = None,
) -> Transcoded:
    """Write the clip in H.264 at its new size, with audio, times, turning and colours as they were.

    A clip that is small enough keeps its size, and is prepared for compression. Raises what ``transcode``
    raises: clips of 10 bits or high dynamic range are refused, what is damaged is left out and counted.
    """

    def change(planes: Planes) -> Planes:
        return smaller(planes, downscaler, options)

    encoding = Encoding(crf=options.crf, preset=options.preset)
    return transcode(source, destination, change, encoding=encoding, overwrite=overwrite, on_frame=on_frame)


def smaller(planes: Planes, downscaler: Downscaler, options: ClipSharing) -> Planes:
    """One frame of the new size: luma by the network, chroma by Lanczos, never as RGB."""
    whole = planes.height, planes.width
    shape = target(whole, options.lines)
    wish = downscaler.wish(whole, shape, options.detail, "h264", options.told_crf, options.receiver)
    half = shape[0] // 2, shape[1] // 2
    return Planes(downscaler.luma(planes.y, shape, wish), resize(planes.u, half), resize(planes.v, half))


def target(shape: Shape, lines: int) -> Shape:
    """Height and width, both even as players need them, whose smaller one is at most ``lines``."""
    height, width = shape
    factor = min(1.0, lines / min(shape))
    tall, wide = (max(2, 2 * round(side * factor / 2)) for side in shape)
    return min(tall, height // 2 * 2), min(wide, width // 2 * 2)
