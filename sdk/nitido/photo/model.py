"""What a photo is between reading and saving: pixels, and everything that must survive."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido.errors import InvalidOption
from nitido.photo.depth import carry_low_bits, resize_plane

Pixels = NDArray[np.uint8]
"""(H, W, 3) RGB, upright: the only image type between parts of the sdk."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of R, G, B in luma (ITU-R BT.601), as JPEG has it."""


@dataclass(frozen=True)
class Metadata:
    """What a file says beside its pixels; bytes are kept as they were, so that maker notes survive."""

    format: str
    """Pillow's name of the file format: JPEG, MPO, PNG, TIFF, WEBP, AVIF, GIF, BMP, HEIF."""
    mode: str = "RGB"
    """Colour type to save as: RGB, L (greyscale)."""
    exif: bytes | None = None
    """``Exif\\0\\0`` and the raw EXIF block; nothing but its orientation was changed (to upright). A photo
    that Nitido enhanced has a mark in it: ``nitido.photo.mark``."""
    icc_profile: bytes | None = None
    xmp: bytes | None = None
    """The XMP packet; nothing but its ``tiff:Orientation`` was changed (to upright)."""
    orientation: int = 1
    """EXIF orientation that the file had (1 to 8); ``Photo.pixels`` are upright whatever it was."""
    times: tuple[int, int] | None = None
    """Access and modification time of the file in nanoseconds."""
    frames: int = 1
    """Pictures in the file; only the first is read of animations and multi-picture files."""
    encoder: dict[str, Any] = field(default_factory=dict)
    """How the file was encoded, as ``write_photo`` needs it again: subsampling, dpi, compression."""
    extra: tuple[tuple[str, bytes], ...] = ()
    """Blocks that are not interpreted, written again into the same format: JPEG segments (``APP13``,
    ``COM``; thermal and depth data), PNG chunks (``tEXt``), TIFF tags (``33723``)."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded photo; the arrays must fit each other, else ``InvalidOption``."""

    pixels: Pixels
    metadata: Metadata
    alpha: NDArray[np.uint8] | None = None
    """(H, W) opacity, 255 opaque, or None."""
    bit_depth: int = 8
    deep: NDArray[np.uint16] | None = None
    """(H, W, 3) 16-bit samples when ``bit_depth`` is 16; ``pixels`` is this divided by 257, rounded."""
    path: Path | None = None
    """The file that it came from."""
    deep_alpha: NDArray[np.uint16] | None = None
    """(H, W) 16-bit opacity when ``bit_depth`` is 16 and there is an ``alpha``."""

    def __post_init__(self) -> None:
        """Refuses arrays that could only be saved wrongly."""
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            got = f"{self.pixels.dtype} {self.pixels.shape}"
            raise InvalidOption(f"pixels must be uint8 (H, W, 3), got {got}: convert them first")
        if (self.bit_depth == 16) != (self.deep is not None) or self.bit_depth not in (8, 16):
            raise InvalidOption("bit_depth is 16 with deep samples and 8 without: give both or neither")
        for name in ("alpha", "deep", "deep_alpha"):
            plane = getattr(self, name)
            if plane is not None and plane.shape[:2] != self.pixels.shape[:2]:
                raise InvalidOption(
                    f"{name} must be {self.pixels.shape[:2]} like pixels, got {plane.shape[:2]}: "
                    "photo.with_pixels(pixels) resizes it"
                )

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    def with_pixels(self, pixels: Pixels) -> Photo:
        """The same photo with new pixels, of the same or another size.

        Alpha is resized (bicubic) when the size changed. A 16-bit photo keeps its low bits: what its samples
        differed from its old pixels by is added to the new ones.
        """
        alpha, deep, deep_alpha = self.alpha, self.deep, self.deep_alpha
        if deep is not None:
            deep = carry_low_bits(deep, self.pixels, pixels)
        if pixels.shape[:2] != self.pixels.shape[:2]:
            alpha = None if alpha is None else resize_plane(alpha, pixels.shape[:2])
            deep_alpha = None if deep_alpha is None else resize_plane(deep_alpha, pixels.shape[:2])
        return replace(self, pixels=pixels, alpha=alpha, deep=deep, deep_alpha=deep_alpha)
