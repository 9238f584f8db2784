"""What a photo is between reading and saving: pixels, and everything that must survive."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nitido.errors import InvalidOption
from nitido.photo import exif
from nitido.photo.depth import carry_low_bits, resize_plane, to_8_bits

Pixels = NDArray[np.uint8]
"""(H, W, 3) RGB, upright: the only image type between parts of the sdk."""

Deep = NDArray[np.uint16]
"""The same of a 16-bit photo, for the parts that work on all its bits."""

Sample = TypeVar("Sample", np.uint8, np.uint16)
"""What those parts take: ``NDArray[Sample]``, and give back of the same type."""

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
    """``Exif\\0\\0`` and the raw EXIF block; nothing but its orientation was changed (to upright), and the
    size that it tells when the photo's changed. What Nitido enhanced has a mark: ``nitido.photo.mark``."""
    icc_profile: bytes | None = None
    xmp: bytes | None = None
    """The XMP packet; nothing but its ``tiff:Orientation`` and the size was changed likewise."""
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
    deep: Deep | None = None
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

    @property
    def finest(self) -> NDArray[Any]:
        """``deep`` of a 16-bit photo, else ``pixels``: all that is known of the colours."""
        return self.pixels if self.deep is None else self.deep

    @property
    def finest_alpha(self) -> NDArray[Any] | None:
        """Likewise of the opacity."""
        return self.alpha if self.deep_alpha is None else self.deep_alpha

    def with_pixels(
        self, pixels: Pixels | Deep, alpha: NDArray[np.uint8] | NDArray[np.uint16] | None = None
    ) -> Photo:
        """The same photo with new pixels, of the same or another size; uint16 ones make a 16-bit photo.

        A 16-bit photo that gets uint8 pixels keeps its low bits: what its samples differed from its old
        pixels by is added to the new ones. Without a new ``alpha`` the old one stays, resized (bicubic) when
        the size changed. Where EXIF and XMP tell the size in pixels, they then tell the new one.
        """
        eight, deep = _both_depths(pixels)
        if deep is None and self.deep is not None:
            deep = carry_low_bits(self.deep, self.pixels, eight)
        shape, metadata = pixels.shape[:2], self.metadata
        resized = shape != self.pixels.shape[:2]
        opacity, deep_opacity = self.alpha, self.deep_alpha
        if alpha is not None:
            opacity, deep_opacity = _both_depths(alpha)
        elif resized:
            opacity = None if opacity is None else resize_plane(opacity, shape)
            deep_opacity = None if deep_opacity is None else resize_plane(deep_opacity, shape)
        if resized:
            height, width = shape
            metadata = replace(
                metadata,
                exif=exif.with_size(metadata.exif, width, height),
                xmp=exif.xmp_with_size(metadata.xmp, width, height),
            )
        return replace(
            self,
            pixels=eight,
            metadata=metadata,
            alpha=opacity,
            bit_depth=8 if deep is None else 16,
            deep=deep,
            deep_alpha=deep_opacity,
        )

    def in_colour(self) -> Photo:
        """The same photo, to be saved in colour even where its file was greyscale.

        A greyscale profile says nothing of colours, so that it is left out.
        """
        profile = self.metadata.icc_profile
        if profile is not None and profile[16:20] == b"GRAY":
            profile = None
        return replace(self, metadata=replace(self.metadata, mode="RGB", icc_profile=profile))


def _both_depths(samples: NDArray[Any]) -> tuple[NDArray[np.uint8], Deep | None]:
    return (to_8_bits(samples), samples) if samples.dtype == np.uint16 else (samples, None)
