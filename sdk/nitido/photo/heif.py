"""HEIC through pillow-heif, which is used when such a file shows up and never registered with Pillow."""

from __future__ import annotations

import io
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

from nitido.errors import CannotWrite, PhotoUnsupported
from nitido.photo import exif
from nitido.photo.decode import Decoded, from_samples
from nitido.photo.metadata import upright
from nitido.photo.model import Metadata

_PLAIN_PRIMARIES = (1, 2, 5, 6)
"""Colour primaries (ITU-T H.273) that a viewer may take for sRGB: BT.709, unspecified, BT.601."""
_HDR_TRANSFERS = (16, 18)
"""PQ and HLG."""

_INSTALL = "pip install 'nitido[heif]', or convert it to JPEG"


class HeifSource:
    """An opened HEIC file; only its header has been read."""

    def __init__(self, file: BinaryIO) -> None:
        """``PhotoUnsupported`` without pillow-heif; whatever that raises when the file is broken."""
        pillow_heif = _library()
        if pillow_heif is None:
            raise PhotoUnsupported(f"HEIC is read by an extra that is not installed: {_INSTALL}")
        file.seek(0)
        container = pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
        self._image: Any = container[container.primary_index]
        self._frames = len(container)
        self.size: tuple[int, int] = self._image.size

    def metadata(self) -> Metadata:
        """As ``metadata.gather`` does it for the other formats."""
        info = self._image.info
        profile = info.get("icc_profile") or None
        nclx = info.get("nclx_profile") or {}
        if profile is None and (
            nclx.get("color_primaries", 2) not in _PLAIN_PRIMARIES
            or nclx.get("transfer_characteristics", 2) in _HDR_TRANSFERS
        ):
            raise PhotoUnsupported("HEIC with HDR or wide colour and no profile: convert it to JPEG first")
        return upright(
            Metadata(
                format="HEIF",
                mode="L" if self._image.mode.startswith("L") else "RGB",
                exif=exif.with_prefix(info.get("exif")),
                xmp=info.get("xmp") or None,
                icc_profile=profile,
                frames=self._frames,
                encoder={"subsampling": {"444": 0, "422": 1}.get(str(info.get("chroma")), 2)},
            )
        )

    def decode(self, at_least: tuple[int, int] | None) -> Decoded:
        """The arrays at full size; libheif has already turned them upright, whatever EXIF says."""
        return from_samples(np.asarray(self._image))


def encode(
    file: BinaryIO, mode: str, size: tuple[int, int], samples: bytes, metadata: Metadata, quality: int
) -> None:
    """Writes HEIC; ``CannotWrite`` without pillow-heif or its encoder."""
    pillow_heif = _library()
    if pillow_heif is None or not pillow_heif.libheif_info()["HEIF"]:
        raise CannotWrite(f"HEIC is written by an extra that is not installed: {_INSTALL}")
    about = {"exif": metadata.exif, "xmp": metadata.xmp, "icc_profile": metadata.icc_profile}
    target = io.BytesIO()
    pillow_heif.encode(
        mode,
        size,
        samples,
        target,
        quality=quality,
        # Phones decode 4:2:0; more only where the photo came with more.
        chroma={0: 444, 1: 422}.get(metadata.encoder.get("subsampling", 2), 420),
        **{name: value for name, value in about.items() if value},
    )
    file.write(target.getbuffer())


def _library() -> ModuleType | None:
    try:
        import pillow_heif
    except ImportError:
        return None
    library: ModuleType = pillow_heif
    return library
